"""RFM: recency, frequency and money of customers as quintiles, and the segments they make.

The definition, with a worked example, stands in `docs/algorithms/rfm.md`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

HISTORY_DAYS = 730
"""Purchases of so many days up to the day of scoring count."""

SEGMENTS: dict[str, tuple[tuple[int, int, int, int], ...]] = {
    "champions": ((5, 5, 4, 5),),
    "loyal": ((3, 4, 4, 5),),
    "potential_loyalists": ((4, 5, 2, 3),),
    "new": ((5, 5, 1, 1),),
    "promising": ((4, 4, 1, 1),),
    "need_attention": ((3, 3, 3, 3),),
    "about_to_sleep": ((3, 3, 1, 2),),
    "cannot_lose": ((1, 2, 5, 5),),
    "at_risk": ((1, 2, 3, 4),),
    "hibernating": ((1, 2, 1, 2),),
}
"""Each segment as rectangles (recency from, to, frequency from, to) that fill the 5 by 5 grid."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """What one customer bought: distinct purchases, money net of returns, the last local day."""

    customer_id: int
    last_on: date
    frequency: int
    monetary_minor: int


@dataclass(frozen=True, slots=True)
class Scored:
    """A customer's quintiles, 5 the best, and segment."""

    customer_id: int
    r: int
    f: int
    m: int
    segment: str


def segment_of(r: int, f: int) -> str:
    """The segment of a recency and a frequency quintile, each from 1 to 5.

    >>> segment_of(5, 5), segment_of(5, 1), segment_of(1, 4), segment_of(1, 1)
    ('champions', 'new', 'at_risk', 'hibernating')
    """
    for name, rectangles in SEGMENTS.items():
        if any(r1 <= r <= r2 and f1 <= f <= f2 for r1, r2, f1, f2 in rectangles):
            return name
    raise ValueError("quintiles lie between 1 and 5")


def quintiles(values: Sequence[tuple[float, int]]) -> dict[int, int]:
    """Quintile by customer of (value, customer id) pairs, 5 for the largest values.

    The sorted customers are cut into five groups whose sizes differ by at most one, larger groups
    first, as SQL's NTILE does. Equal values are told apart by the customer's id, so that a repeat
    gives the same scores.

    >>> quintiles([(10, 1), (20, 2), (30, 3), (40, 4), (50, 5), (60, 6)])
    {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 5}
    """
    ordered = sorted(values)
    small, larger = divmod(len(ordered), 5)
    cut = larger * (small + 1)
    return {
        customer_id: (at // (small + 1) if at < cut else larger + (at - cut) // small) + 1
        for at, (_, customer_id) in enumerate(ordered)
    }


def scored(buyers: Sequence[Buyer]) -> list[Scored]:
    """The scores and segments of all buyers, in their order; the reference of the metric."""

    def by(value: Callable[[Buyer], float]) -> dict[int, int]:
        return quintiles([(value(buyer), buyer.customer_id) for buyer in buyers])

    r = by(lambda buyer: buyer.last_on.toordinal())
    f, m = by(lambda buyer: buyer.frequency), by(lambda buyer: buyer.monetary_minor)
    return [
        Scored(one, r[one], f[one], m[one], segment_of(r[one], f[one]))
        for one in (buyer.customer_id for buyer in buyers)
    ]
