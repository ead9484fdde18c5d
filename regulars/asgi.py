"""Everything at one address: doors for machines, and behind them Django's pages."""

from regulars.wsgi import application as pages  # isort: skip (it sets Django up)

import gc
from importlib import import_module
from threading import Thread

from django.conf import settings

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


def get_ready() -> None:
    """Load the engine too, and have the collector never look again at what the process keeps for good.

    Looking at all that it loads takes a tenth of a second, for which every till and reader would
    wait, once a second while many ask.
    """
    try:
        import_module(settings.ROOT_URLCONF)
        warm_up()
    finally:
        keep_what_is_loaded()


def keep_what_is_loaded() -> None:
    """Take what is loaded by now out of what the collector looks at."""
    gc.collect()
    gc.freeze()


Thread(target=get_ready, name="warm up", daemon=True).start()
