"""Replays on Spark: the tasks of a process pool, done by the workers of a cluster."""

from collections.abc import Iterator, Sequence
from functools import partial

from regulars.core.elsewhere import done_elsewhere, environment_here
from regulars.core.spark import session_on
from regulars.loyalty.queries.replays import Task, tally_elsewhere
from regulars.loyalty.rules.replay.tallies import Tally

AT_ONCE = 4
"""Tasks given out at once, for each core of the cluster: between two rounds a replay can be stopped."""


def tallies_on_spark(tasks: Sequence[Task], master: str) -> Iterator[Tally]:
    """The tallies of tasks in their order.

    A partition holds one task. Its worker reads the members' histories from the database, which it
    must reach, and replays them by what it has installed, which must be this version.
    """
    context = session_on(master).sparkContext
    named = tally_elsewhere.__module__, tally_elsewhere.__name__
    done = partial(done_elsewhere, environment_here(), *named)
    size = context.defaultParallelism * AT_ONCE
    for start in range(0, len(tasks), size):
        some = tasks[start : start + size]
        yield from context.parallelize(some, len(some)).mapPartitions(done).collect()
