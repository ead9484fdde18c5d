"""Replays over the members of a program: partition by partition, in this process or in several."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

from django.db import connection

from regulars.core.elsewhere import environment_here, start_elsewhere
from regulars.loyalty.queries.booked import booked_of
from regulars.loyalty.queries.stories import Reading, stories_of
from regulars.loyalty.rules.replay.outcomes import differences
from regulars.loyalty.rules.replay.tallies import SHOWN, Tally, compared
from regulars.loyalty.rules.replay.trials import Trial, pairs_of, scheme_from

PARTITION = 2_000
"""Persons who are read and replayed at once: what bounds the memory of a process."""


@dataclass(frozen=True)
class Task:
    """A replay of some persons: what to read, and both schemes as they are written."""

    reading: Reading
    trial: Trial
    database: str
    first: int
    last: int


def tally_of(task: Task) -> Tally:
    """What a draft changes for some persons, and whether today's rules give what is on the books."""
    stories = stories_of(task.reading, task.first, task.last)
    pairs = list(pairs_of(task.trial, stories))
    before, after = [pair.today for pair in pairs], [pair.draft for pair in pairs]
    units = scheme_from(task.trial.today).units, scheme_from(task.trial.draft).units
    tally = compared(before, after, units)
    tally.receipts = sum(pair.receipts for pair in pairs)
    booked = booked_of(task.reading.program_id, task.first, task.last, upto=task.trial.upto)
    for outcome in before:
        tally.checked += 1
        if found := differences(outcome, booked[outcome.person_id]):
            tally.differing += 1
            tally.merged_differing += found[0].is_merged
            tally.differences = (tally.differences + found)[:SHOWN]
    return tally


def in_order(tasks: Sequence[Task], *, processes: int, on: str = "") -> Iterator[Tally]:
    """The tallies of tasks in their order; with several processes ahead of whoever takes them.

    `on` names a Spark master, such as `spark://host:7077`, to do them there instead.
    """
    if on:
        from regulars.loyalty.queries.replays_on_spark import tallies_on_spark

        yield from tallies_on_spark(tasks, on)
        return
    if processes < 2 or len(tasks) < 2:
        yield from map(tally_of, tasks)
        return
    with _pool(processes) as pool:
        ahead = processes * 2
        waiting = [pool.submit(tally_elsewhere, task) for task in tasks[:ahead]]
        for place in range(len(tasks)):
            tally = waiting.pop(0).result()
            if place + ahead < len(tasks):
                waiting.append(pool.submit(tally_elsewhere, tasks[place + ahead]))
            yield tally


@contextmanager
def _pool(processes: int) -> Iterator[Executor]:
    """Processes that start from nothing, so that no connection to the database is shared."""
    pool = ProcessPoolExecutor(
        processes,
        mp_context=get_context("spawn"),
        initializer=start_elsewhere,
        initargs=(environment_here(),),
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def tally_elsewhere(task: Task) -> Tally:
    """The tally of a task in another process, with a connection of its own to the same database."""
    connection.settings_dict["NAME"] = task.database
    return tally_of(task)
