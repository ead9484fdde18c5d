"""Why a member has what they have: each award with its arithmetic, in the reader's language."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from regulars.core.conditions.words import ENGLISH, Words, gettext_noop


class Explained(NamedTuple):
    """An award as it is explained: what gave it, in which version, from what number.

    `counts` says what `basis` is a number of: `money` or a `window` of visits (minor units),
    `points`, `items`, `visits`, `periods`, a `goal`, or `nothing`. Where a limit cut the award, `before` is what it was.
    """

    amount: int
    name: str
    counts: str = "nothing"
    basis: int = 0
    is_base: bool = False
    before: int = 0
    capped_by: str = ""
    version: int = 1
    since: date | None = None


CAPS = {
    "purchase": gettext_noop("the limit for one purchase"),
    "day": gettext_noop("the limit for a day"),
    "month": gettext_noop("the limit for a month"),
    "member": gettext_noop("the limit for one member"),
    "budget": gettext_noop("the budget of the campaign"),
}

ShowMoney = Callable[[int], str]
ShowAmount = Callable[[int], str]
"""Shows an amount of the unit that was awarded, which may be money, too."""
ShowDay = Callable[[date], str]


def explained(
    awards: Sequence[Explained],
    *,
    words: Words = ENGLISH,
    show_money: ShowMoney = str,
    show_amount: ShowAmount = str,
    show_day: ShowDay = date.isoformat,
) -> str:
    """How an amount came about, in one line: the sum, its parts, and since when its rules hold.

    >>> base = Explained(10, "Base", "money", 100_000, is_base=True, since=date(2026, 5, 3))
    >>> shoes = Explained(20, "shoe campaign", since=date(2026, 5, 1))
    >>> money = lambda minor: f"{minor // 100:,} RUB"
    >>> explained([base, shoes], show_money=money, show_day=lambda day: f"{day:%-d %B}")
    '30 = 10 for 1,000 RUB + 20 shoe campaign, rules of 3 May'
    >>> explained([shoes._replace(amount=5, before=20, capped_by="day")])
    '5 = 5 shoe campaign (20 before the limit for a day), rules of 2026-05-01'
    """
    if not awards:
        return words.gettext("Nothing was earned")
    parts = " + ".join(
        part_of(one, words=words, show_money=show_money, show_amount=show_amount) for one in awards
    )
    told = f"{show_amount(sum(one.amount for one in awards))} = {parts}"
    days = [one.since for one in awards if one.since is not None]
    if not days:
        return told
    return words.gettext("%(sum)s, rules of %(day)s") % {"sum": told, "day": show_day(max(days))}


def part_of(
    award: Explained,
    *,
    words: Words = ENGLISH,
    show_money: ShowMoney = str,
    show_amount: ShowAmount = str,
) -> str:
    """One award in words: what it was worked out from, or the name of what gave it.

    >>> part_of(Explained(3, "Milk", "items", 3))
    '3 Milk, 3 items'
    """
    told = f"{show_amount(award.amount)} {_told_by(award, words, show_money)}".rstrip()
    if not award.capped_by:
        return told
    cap = words.gettext(CAPS.get(award.capped_by, award.capped_by))
    cut = words.gettext("%(before)s before %(cap)s") % {
        "before": show_amount(award.before),
        "cap": cap,
    }
    return f"{told} ({cut})"


def _told_by(award: Explained, words: Words, show_money: ShowMoney) -> str:
    match award.counts:
        case "money" if award.is_base and award.basis:
            return words.gettext("for %(basis)s") % {"basis": show_money(award.basis)}
        case "items":
            items = words.ngettext("%(count)s item", "%(count)s items", award.basis)
            return f"{award.name}, {items % {'count': award.basis}}"
        case "window":
            return f"{award.name}, {show_money(award.basis)}"
        case "visits":
            visit = words.gettext("visit %(count)s") % {"count": award.basis}
            return f"{award.name}, {visit}"
        case _:
            return award.name
