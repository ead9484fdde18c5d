"""What measures touchpoints: plug-ins of the domains above give numbers for each of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from regulars.core.registry import Registry
from regulars.journey.rules import Number


@dataclass(frozen=True)
class Period:
    """A span of time: from its first moment until the moment after its last."""

    from_at: datetime
    until_at: datetime


class Measure(Protocol):
    """A kind of measure: `nps`, `csat`, `ces`; its key is what target models store.

    `label` is what people read (lazily translated), `low` and `high` bound the scale and the goals
    that may be set, `unit` follows the value ("%" or nothing). A higher value is always the better.
    """

    label: Any
    low: float
    high: float
    unit: str

    def numbers(
        self,
        touchpoint_ids: Sequence[int],
        period: Period,
        *,
        store_ids: Collection[int] | None,
    ) -> dict[int, Number]:
        """The score of each touchpoint that has answers; a constant number of statements.

        `store_ids` limits the stores counted; None is every store.
        """
        ...


measures: Registry[Measure] = Registry("measures", package="regulars.journey.measures")
"""The measures by key; add one with `@measures.add("nps")` on an object, or behind an entry point."""


def measure_label(kind: str) -> str:
    """What people call a measure; its key in capitals while nothing provides it."""
    found = measures.kinds().get(kind)
    return str(found.label) if found else kind.upper()


def scores(
    kinds: dict[int, str], period: Period, *, store_ids: Collection[int] | None
) -> dict[int, Number]:
    """The score of each touchpoint by the measure its target model names.

    `kinds` gives the measure of each touchpoint; each measure is asked once for all of its own.
    """
    found: dict[int, Number] = {}
    for kind, measure in measures.kinds().items():
        if own := [touchpoint_id for touchpoint_id, wanted in kinds.items() if wanted == kind]:
            found |= measure.numbers(own, period, store_ids=store_ids)
    return found
