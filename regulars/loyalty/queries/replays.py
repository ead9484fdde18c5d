"""Replays over the members of a program: partition by partition, in this process or in several."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from multiprocessing import get_context

import django
from django.db import connection

from regulars.loyalty.queries.booked import booked_of
from regulars.loyalty.queries.stories import Reading, stories_of
from regulars.loyalty.rules.replay import Scheme, WrittenScheme, replay
from regulars.loyalty.rules.replay.outcomes import differences
from regulars.loyalty.rules.replay.stories import sales_in
from regulars.loyalty.rules.replay.tallies import SHOWN, Tally, compared

PARTITION = 2_000
"""Persons who are read and replayed at once: what bounds the memory of a process."""


@dataclass(frozen=True)
class Task:
    """A replay of some persons: what to read, and both schemes as they are written."""

    reading: Reading
    today: str
    draft: str
    upto: datetime
    database: str
    first: int
    last: int


def tally_of(task: Task) -> Tally:
    """What a draft changes for some persons, and whether today's rules give what is on the books."""
    stories = stories_of(task.reading, task.first, task.last)
    today, draft = scheme_from(task.today), scheme_from(task.draft)
    before = [replay(today, story, task.upto) for story in stories]
    after = [replay(draft, story, task.upto) for story in stories]
    tally = compared(before, after, (today.units, draft.units))
    tally.receipts = sales_in(stories)
    booked = booked_of(task.reading.program_id, task.first, task.last, upto=task.upto)
    for outcome in before:
        tally.checked += 1
        if found := differences(outcome, booked[outcome.person_id]):
            tally.differing += 1
            tally.merged_differing += found[0].is_merged
            tally.differences = (tally.differences + found)[:SHOWN]
    return tally


@lru_cache(maxsize=8)
def scheme_from(written: str) -> Scheme:
    """A scheme made ready from its JSON, once in each process."""
    return Scheme(WrittenScheme.model_validate_json(written))


def in_order(tasks: Sequence[Task], *, processes: int) -> Iterator[Tally]:
    """The tallies of tasks in their order; with several processes ahead of whoever takes them."""
    if processes < 2 or len(tasks) < 2:
        yield from map(tally_of, tasks)
        return
    with _pool(processes) as pool:
        ahead = processes * 2
        waiting = [pool.submit(_tally_elsewhere, task) for task in tasks[:ahead]]
        for place in range(len(tasks)):
            tally = waiting.pop(0).result()
            if place + ahead < len(tasks):
                waiting.append(pool.submit(_tally_elsewhere, tasks[place + ahead]))
            yield tally


@contextmanager
def _pool(processes: int) -> Iterator[Executor]:
    """Processes that start from nothing, so that no connection to the database is shared."""
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_start, initargs=(dict(os.environ),)
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _start(environment: dict[str, str]) -> None:
    os.environ.update(environment)
    django.setup()


def _tally_elsewhere(task: Task) -> Tally:
    connection.settings_dict["NAME"] = task.database
    return tally_of(task)
