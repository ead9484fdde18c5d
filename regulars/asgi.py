"""Everything at one address: doors for machines, and behind them Django's pages."""

from regulars.wsgi import application as pages  # isort: skip (it sets Django up)

import gc
from threading import Thread

from regulars.connectors.collect.door import PREFIXES, CollectDoor
from regulars.core.doors import Doors
from regulars.core.pages_over_asgi import PagesOverAsgi
from regulars.feedback.door import PATH as ANSWERS
from regulars.feedback.door import AnswersDoor
from regulars.insight.engines import warm_up
from regulars.loyalty.till.door import PREFIX as TILL
from regulars.loyalty.till.door import TillDoor

THREADS = 4

behind = PagesOverAsgi(pages, threads=THREADS)
application = Doors(
    {**dict.fromkeys(PREFIXES, CollectDoor()), TILL: TillDoor()},
    pages=behind,
    exact={("POST", ANSWERS): AnswersDoor(behind)},
)

# What is loaded by now stays as long as the process: the collector need not look at it every time.
gc.collect()
gc.freeze()
Thread(target=warm_up, name="warm up", daemon=True).start()
