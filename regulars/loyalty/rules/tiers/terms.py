"""Terms of tiers by their dates: when a tier is judged, and what remains to be done for it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from regulars.loyalty.rules.dates import anniversary_after, midnight, plus_months
from regulars.loyalty.rules.tiers.settings import Fall
from regulars.loyalty.rules.tiers.steps import Ladder


class TermEnd(NamedTuple):
    """What the end of a fixed term brings; there is no next end where the tier was not kept."""

    ends_on: date
    is_kept: bool
    tier: str
    next_ends_on: date | None


def term_end(ladder: Ladder, tier: str, entered_on: date, days: int, *, done: int) -> TermEnd:
    """How a term of so many days ends, by what was done inside it and by nothing else.

    >>> from regulars.loyalty.rules.tiers.steps import Step
    >>> ladder = Ladder([Step("basic", 0), Step("silver", 100)])
    >>> term_end(ladder, "silver", date(2025, 6, 1), 365, done=80).tier
    'basic'
    """
    ends_on = entered_on + timedelta(days=days)
    if ladder.keeps(tier, done):
        return TermEnd(ends_on, True, tier, ends_on + timedelta(days=days))
    return TermEnd(ends_on, False, ladder.tier_for(done), None)


def check_after_upgrade(upgraded_on: Sequence[date], months: int) -> date:
    """The first day on which the latest upgrade no longer holds by itself.

    >>> check_after_upgrade([date(2024, 8, 31)], 6)
    datetime.date(2025, 2, 28)
    """
    return plus_months(max(upgraded_on), months)


def check_on_anniversary(registered_on: date, upgraded_on: date) -> date:
    """The first anniversary of registration after an upgrade.

    >>> check_on_anniversary(date(2024, 10, 25), date(2025, 10, 15))
    datetime.date(2025, 10, 25)
    """
    return anniversary_after(registered_on, upgraded_on)


def last_valid_second(first_dead_day: date, zone: tzinfo) -> datetime:
    """The last whole second, in the zone, before a day begins: what is printed as "valid until"."""
    return (midnight(first_dead_day, zone) - timedelta(seconds=1)).astimezone(zone)


def after_fall(ladder: Ladder, tier: str, amount: int, mode: Fall) -> str:
    """The tier after one judging of a member that can only stay or fall.

    `one_down` goes one step, `to_qualified` to what the amount deserves, `never` not at all.

    >>> from regulars.loyalty.rules.tiers.steps import Step
    >>> ladder = Ladder([Step("bronze", 100), Step("silver", 200), Step("gold", 300)])
    >>> [after_fall(ladder, "gold", 120, mode) for mode in ("one_down", "to_qualified", "never")]
    ['silver', 'bronze', 'gold']
    """
    if mode == "never" or ladder.keeps(tier, amount):
        return tier
    return ladder.below(tier) if mode == "one_down" else ladder.tier_for(amount)


def remaining(required: int, done: int) -> int:
    """What is still to be done for a tier, in the measure of its ladder; never below zero.

    >>> remaining(10, 8), remaining(10, 12)
    (2, 0)
    """
    return max(required - done, 0)
