"""The map with its numbers, and one touchpoint with its own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import Coalesce, TruncDay, TruncMonth, TruncWeek

from regulars.core.errors import NotFound
from regulars.customers.queries import records_of
from regulars.journey.measures import Period, measures, scores
from regulars.journey.models import Passage, Stage, TargetModel, Touchpoint
from regulars.journey.rules import CHANNELS, Coverage, Number, coverage, is_grey, standing


@dataclass(frozen=True)
class Cell:
    """A touchpoint with what happened there in a period, and what should have."""

    touchpoint: Touchpoint
    target: TargetModel | None
    passages: int
    number: Number | None

    @property
    def goal(self) -> float | None:
        """The goal on the measure's scale."""
        return None if self.target is None or self.target.goal is None else float(self.target.goal)

    @property
    def measure(self) -> str:
        """The key of the measure, empty where the target model names none."""
        return self.target.measure if self.target else ""

    @property
    def standing(self) -> str:
        """How the fact stands to the goal: met, below, open, too_few, no_goal, not_measured."""
        return standing(self.number, self.goal, measured=bool(self.measure))

    @property
    def is_live(self) -> bool:
        """Whether anything is known of the period: passages, or answers."""
        return self.passages > 0 or self.number is not None

    @property
    def is_grey(self) -> bool:
        """Whether people pass here unmeasured."""
        return is_grey(self.passages, self.number)


@dataclass(frozen=True)
class Row:
    """One stage of the map with its touchpoints."""

    stage: Stage
    cells: tuple[Cell, ...]

    @property
    def passages(self) -> int:
        """Passages through all touchpoints of the stage."""
        return sum(cell.passages for cell in self.cells)


@dataclass(frozen=True)
class Map:
    """The whole journey in a period: nine stages, the channels in use, and how much is in the grey."""

    rows: tuple[Row, ...]
    channels: tuple[str, ...]
    coverage: Coverage

    @property
    def cells(self) -> list[Cell]:
        """All touchpoints in the order of the stages."""
        return [cell for row in self.rows for cell in row.cells]

    @property
    def greyest(self) -> list[Cell]:
        """Grey zones, the busiest first: the next ones worth measuring."""
        return sorted((c for c in self.cells if c.is_grey), key=lambda c: -c.passages)


def touchpoints() -> QuerySet[Touchpoint]:
    """The touchpoints that stand on the map, in the order of the stages."""
    standing_now = Touchpoint.objects.filter(retired_at__isnull=True)
    return standing_now.select_related("stage").order_by("stage__position", "id")


def find_touchpoint(code: str) -> Touchpoint | None:
    """The touchpoint of that code, or None."""
    return Touchpoint.objects.select_related("stage").filter(code=code).first()


def get_touchpoint(code: str) -> Touchpoint:
    """The touchpoint of that code; `NotFound` where there is none."""
    found = find_touchpoint(code)
    if found is None:
        raise NotFound("not_found", f"no touchpoint has the code {code}", "touchpoint")
    return found


def targets_of(touchpoint_ids: Collection[int]) -> dict[int, TargetModel]:
    """The target model in force of each touchpoint that has one; one statement."""
    latest = (
        TargetModel.objects.filter(touchpoint_id__in=touchpoint_ids)
        .order_by("touchpoint_id", "-valid_from")
        .distinct("touchpoint_id")
    )
    return {target.touchpoint_id: target for target in latest}


def history_of(touchpoint: Touchpoint) -> QuerySet[TargetModel]:
    """All target models of a touchpoint, the one in force first."""
    rows = TargetModel.objects.filter(touchpoint=touchpoint).select_related("set_by")
    return rows.order_by("-valid_from")


def _passages(period: Period, store_ids: Collection[int] | None) -> QuerySet[Passage]:
    rows = Passage.objects.filter(at__gte=period.from_at, at__lt=period.until_at)
    return rows if store_ids is None else rows.filter(store_id__in=store_ids)


def passages_by_touchpoint(period: Period, *, store_ids: Collection[int] | None) -> dict[int, int]:
    """How many passages each touchpoint saw; one statement."""
    counted = _passages(period, store_ids).order_by().values("touchpoint_id")
    return {row["touchpoint_id"]: row["n"] for row in counted.annotate(n=Count("id"))}


def journey_map(period: Period, *, store_ids: Collection[int] | None) -> Map:
    """The map of a period and some stores (None: all); four statements and one for each measure."""
    found = list(touchpoints())
    cells = _cells(found, period, store_ids=store_ids)
    stages = Stage.objects.all()
    rows = tuple(
        Row(stage, tuple(cell for cell in cells if cell.touchpoint.stage_id == stage.pk))
        for stage in stages
    )
    used = {touchpoint.channel for touchpoint in found}
    channels = tuple(channel for channel in CHANNELS if channel in used)
    return Map(rows, channels, coverage((cell.passages, cell.number) for cell in cells))


def _cells(
    found: Sequence[Touchpoint], period: Period, *, store_ids: Collection[int] | None
) -> list[Cell]:
    targets = targets_of([touchpoint.pk for touchpoint in found])
    passed = passages_by_touchpoint(period, store_ids=store_ids)
    kinds = {pk: target.measure for pk, target in targets.items() if target.measure}
    numbers = scores(kinds, period, store_ids=store_ids)
    return [
        Cell(each, targets.get(each.pk), passed.get(each.pk, 0), numbers.get(each.pk))
        for each in found
    ]


def cell_of(touchpoint: Touchpoint, period: Period, *, store_ids: Collection[int] | None) -> Cell:
    """One touchpoint with its numbers."""
    return _cells([touchpoint], period, store_ids=store_ids)[0]


def numbers_of(
    touchpoint: Touchpoint, period: Period, *, store_ids: Collection[int] | None
) -> list[tuple[str, Any, Number | None]]:
    """What every measure says of a touchpoint, its target model's or not: key, measure, number."""
    return [
        (key, each, each.numbers([touchpoint.pk], period, store_ids=store_ids).get(touchpoint.pk))
        for key, each in measures.kinds().items()
    ]


def customers_through(
    touchpoint: Touchpoint, period: Period, *, store_ids: Collection[int] | None
) -> int:
    """How many different persons passed a touchpoint."""
    rows = _passages(period, store_ids).filter(touchpoint=touchpoint)
    person = Coalesce("customer__merged_into_id", "customer_id")
    return rows.aggregate(n=Count(person, distinct=True))["n"] or 0


STEPS = {"day": TruncDay, "week": TruncWeek, "month": TruncMonth}


def step_for(days: int) -> str:
    """The step in which a period of so many days is drawn.

    >>> step_for(30), step_for(90), step_for(365)
    ('day', 'week', 'month')
    """
    return "day" if days <= 31 else "week" if days <= 120 else "month"


def passages_over_time(
    touchpoint: Touchpoint, period: Period, *, store_ids: Collection[int] | None, step: str
) -> list[tuple[date, int]]:
    """Passages of a touchpoint by day, week or month of the company's time zone; gaps left out."""
    rows = _passages(period, store_ids).filter(touchpoint=touchpoint)
    counted = rows.annotate(start=STEPS[step]("at")).values("start").annotate(n=Count("id"))
    found: list[tuple[date, int]] = []
    for start, count in counted.order_by("start").values_list("start", "n"):
        moment: datetime = start
        found.append((moment.date(), count))
    return found


def latest_passages(customer_id: int, *, limit: int = 20) -> QuerySet[Passage]:
    """The latest passages of one person, newest first; the record may be any of theirs."""
    rows = Passage.objects.filter(customer_id__in=records_of(customer_id)).select_related(
        "touchpoint__stage"
    )
    return rows.order_by("-at", "-id")[:limit]
