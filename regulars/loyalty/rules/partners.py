"""What is settled with partners: points at a price each, and the share of a return that is theirs."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Moved(NamedTuple):
    """Points of a partner in a period.

    Issued by rules that it pays for, and taken back with returned goods; redeemed for its rewards,
    and given back where an order was cancelled.
    """

    issued: int = 0
    returned: int = 0
    redeemed: int = 0
    given_back: int = 0


def owed_minor(moved: Moved, *, issue_price_minor: int, redeem_price_minor: int) -> int:
    """What a partner owes for a period, in minor units; below zero where it is owed.

    Points come back at the price of the month in which they come back.

    >>> owed_minor(Moved(1_000, 100, 200, 50), issue_price_minor=90, redeem_price_minor=80)
    69000
    >>> owed_minor(Moved(redeemed=10), issue_price_minor=90, redeem_price_minor=80)
    -800
    """
    issued, redeemed = moved.issued - moved.returned, moved.redeemed - moved.given_back
    return issued * issue_price_minor - redeemed * redeem_price_minor


def share_returned(taken: int, *, before: int, part: int, whole: int) -> int:
    """A partner's share of points that a return took, of a purchase that gave `whole` in all.

    `part` of them were the partner's, and `before` were taken by earlier returns. Shares are
    rounded down over all that was taken so far: however many returns there are, their shares are
    together that of one return of everything, and never more than the partner gave.

    >>> [share_returned(1, before=n, part=5, whole=10) for n in range(4)]
    [0, 1, 0, 1]
    >>> share_returned(10, before=0, part=5, whole=10)
    5
    """
    return (before + taken) * part // whole - before * part // whole


class Receivable(NamedTuple):
    """What partners owe for points in a month and was not billed before, in minor units.

    opening + charged - credited - billed = closing. Credited is what returns took back.
    """

    opening_minor: int = 0
    charged_minor: int = 0
    credited_minor: int = 0
    billed_minor: int = 0

    @property
    def closing_minor(self) -> int:
        """What is still to be billed at the end of the month."""
        return self.opening_minor + self.charged_minor - self.credited_minor - self.billed_minor


def receivables(
    months: Sequence[int],
    *,
    charged: Mapping[int, int],
    credited: Mapping[int, int],
    billed: Mapping[int, int],
) -> list[Receivable]:
    """What is to be billed to partners, month by month; each opens where the last one closed.

    >>> [one.closing_minor for one in receivables([1, 2], charged={1: 90, 2: 40}, credited={2: 9}, billed={2: 90})]
    [90, 31]
    """
    found, opening = list[Receivable](), 0
    for month in months:
        moved = (charged.get(month, 0), credited.get(month, 0), billed.get(month, 0))
        found.append(Receivable(opening, *moved))
        opening = found[-1].closing_minor
    return found
