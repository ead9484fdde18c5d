"""Receipts replayed per second and core, in one process and in several, and the same on Spark.

A receipt counts once for each set of rules it is told by: today's and a draft's. What is measured is
telling: the histories lie in memory, as after reading, and each process makes its own before the
clock starts. Rates are by the clock and by the processor's time, which the other programs of a
shared machine disturb less. One process and several take turns, and each figure is of the median turn.
"""

import gc
import importlib.util
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import cache, partial
from multiprocessing import get_context
from statistics import median
from typing import Any, NamedTuple

from regulars.cli.bench.whatif.histories import SCHEMES, UPTO, draft_of, histories
from regulars.loyalty.rules.replay import Story
from regulars.loyalty.rules.replay.trials import Row, Trial, pairs_of, rows_of

GOAL = 40_000
"""Receipts a second and core, by the everyday rules."""
SIDES = 2
"""Sets of rules each receipt is told by."""
TURNS = 5
AT_FIRST = 1
"""Turns that are not counted, while caches fill."""
ON_SPARK = 200
"""Members at most whose rows are compared."""

Span = tuple[int, int]
"""The first member, and the one after the last."""


class Turn(NamedTuple):
    """What one process did in a turn: receipts told, CPU seconds, and when it began and ended."""

    receipts: int
    cpu_s: float
    began: float
    ended: float


def measure_whatif(
    *, members: int, processes: Sequence[int], turns: int = TURNS, on_spark: int = ON_SPARK
) -> dict[str, Any]:
    """By set of rules the rates of so many processes; and whether Spark gives the same rows."""
    rules = {name: _measured(name, members, processes, turns=turns) for name in SCHEMES}
    rates = rules["everyday"]["processes"]
    alone, most = rates[0], rates[-1]
    linear = most["per_second"] / (alone["per_second"] * most["processes"])
    same = _same_on_spark(min(members, on_spark))
    good = alone["per_core_second"] >= GOAL and same["equal"] is not False
    return {
        "members": members,
        "rules": rules,
        "linear": round(linear, 2),
        "on_spark": same,
        "load": round(os.getloadavg()[0], 1),
        "goal": GOAL,
        "good": good,
    }


def _measured(name: str, members: int, processes: Sequence[int], *, turns: int) -> dict[str, Any]:
    found: dict[int, list[list[Turn]]] = {count: [] for count in processes}
    with ExitStack() as stack:
        pools = [
            stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
            for _ in range(max(processes))
        ]
        spans = _shares(members, len(pools))
        for turn in range(AT_FIRST + turns):
            for count in processes:
                told = [
                    pool.submit(_tell, name, span)
                    for pool, span in zip(pools[:count], spans, strict=False)
                ]
                done = [one.result() for one in told]
                if turn >= AT_FIRST:
                    found[count].append(done)
    receipts = sum(turn.receipts for turn in found[max(processes)][0]) // SIDES
    rates = [{"processes": count, **_rates(found[count])} for count in processes]
    return {"receipts": receipts, "processes": rates}


def _shares(members: int, parts: int) -> list[Span]:
    """The members in so many spans of one size."""
    size = members // parts
    return [(part * size, (part + 1) * size) for part in range(parts)]


def _rates(turns: Sequence[Sequence[Turn]]) -> dict[str, int]:
    clock = median(
        sum(one.receipts for one in turn)
        / (max(one.ended for one in turn) - min(one.began for one in turn))
        for turn in turns
    )
    core = median(
        sum(one.receipts for one in turn) / sum(one.cpu_s for one in turn) for turn in turns
    )
    return {"per_second": round(clock), "per_core_second": round(core)}


@cache
def _made(span: Span) -> list[Story]:
    """The histories of a span, once in each process; the collector need not look at them again."""
    stories = list(histories(*span))
    gc.collect()
    gc.freeze()
    return stories


@cache
def trial_of(name: str) -> Trial:
    """A set of rules and its draft."""
    today = SCHEMES[name]
    return Trial(today.model_dump_json(), draft_of(today).model_dump_json(), UPTO)


def _tell(name: str, span: Span) -> Turn:
    stories, trial = _made(span), trial_of(name)
    began, cpu = time.time(), time.process_time()
    receipts = sum(pair.receipts for pair in pairs_of(trial, stories))
    return Turn(receipts * SIDES, time.process_time() - cpu, began, time.time())


def _same_on_spark(members: int) -> dict[str, Any]:
    """Whether Spark gives the very rows that this process gives, for every set of rules."""
    if not members:
        return {"equal": None, "why": "not asked"}
    if shutil.which("java") is None or importlib.util.find_spec("pyspark") is None:
        return {"equal": None, "why": "needs Java and pip install 'regulars[spark]'"}
    here, there, seconds = [], [], 0.0
    spans = _shares(members, 4)
    for name in SCHEMES:
        here += [row for span in spans for row in rows_of(trial_of(name), histories(*span))]
        started = time.monotonic()
        there += rows_on_spark(name, spans)
        seconds += time.monotonic() - started
    return {"equal": here == there, "rows": len(here), "seconds": round(seconds, 1)}


def rows_on_spark(name: str, spans: Sequence[Span], *, master: str = "local[2]") -> list[Row]:
    """The rows of these members, each span a partition of its own on Spark."""
    from regulars.core.spark import session_on

    context = session_on(master).sparkContext
    asked = context.parallelize(spans, len(spans))
    return list(asked.mapPartitions(partial(_rows, trial_of(name))).collect())


def _rows(trial: Trial, spans: Iterator[Span]) -> Iterator[Row]:
    stories = (story for span in spans for story in histories(*span))
    return rows_of(trial, stories)
