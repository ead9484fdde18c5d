"""Trials: histories of members told by today's rules and by a draft, wherever they lie.

`pairs_of` takes an iterator of stories and gives what became of each, one by one. It needs nothing
but its arguments, so a process of a pool and a partition on Spark run it alike.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from regulars.loyalty.rules.replay.outcomes import Outcome
from regulars.loyalty.rules.replay.schemes import Scheme, WrittenScheme
from regulars.loyalty.rules.replay.stories import Story, sales_in
from regulars.loyalty.rules.replay.telling import replay


class Trial(NamedTuple):
    """Today's rules and a draft, both as JSON of a `WrittenScheme`, and the moment of the count."""

    today: str
    draft: str
    upto: datetime


class Pair(NamedTuple):
    """What a person's history comes to by today's rules and by the draft."""

    receipts: int
    today: Outcome
    draft: Outcome


Row = tuple[int, str, int, str, int, str, tuple[int, ...]]
"""Person, `today` or `draft`, visits, tier, moves of tier, unit, and the sums of that unit."""


@lru_cache(maxsize=8)
def scheme_from(written: str) -> Scheme:
    """A scheme made ready from its JSON, once in each process."""
    return Scheme(WrittenScheme.model_validate_json(written))


def pairs_of(trial: Trial, stories: Iterable[Story]) -> Iterator[Pair]:
    """What each of these persons' histories comes to, in the order given."""
    today, draft = scheme_from(trial.today), scheme_from(trial.draft)
    for story in stories:
        before, after = replay(today, story, trial.upto), replay(draft, story, trial.upto)
        yield Pair(sales_in([story]), before, after)


def rows_of(trial: Trial, stories: Iterable[Story]) -> Iterator[Row]:
    """The same as plain rows, one for each person, side and unit: what can be told apart and summed."""
    for pair in pairs_of(trial, stories):
        for side, one in (("today", pair.today), ("draft", pair.draft)):
            for unit, sums in one.sums.items():
                told = one.visits, one.tier, one.tier_moves
                yield (one.person_id, side, *told, unit, tuple(sums))
