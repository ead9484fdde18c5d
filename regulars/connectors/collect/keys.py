"""Write keys and tracking plans in force, held in memory and renewed within a second."""

from dataclasses import dataclass

from django.db import connection

from regulars.connectors.models import EventSource, TrackingPlan
from regulars.connectors.rules.plans import Plan

RENEWED_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Source:
    """A source as its door needs it."""

    id: int
    code: str
    name: str
    write_key: str
    mode: str
    origins: frozenset[str]
    plan: Plan | None


class Keys:
    """The sources by write key. Plans are compiled once for each version.

    Whoever reads calls `renew` in a thread when `is_stale`; in between reading is a look into a
    dictionary.
    """

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}
        self._plans: dict[int, Plan] = {}
        self._mark: object = None
        self._renewed_s = float("-inf")

    def is_stale(self, *, now_s: float) -> bool:
        """Whether it is time to look whether something changed."""
        return now_s - self._renewed_s >= RENEWED_EVERY_S

    def renew(self, *, now_s: float) -> None:
        """Look whether a source or a plan changed, and read all again if so; two queries more."""
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT (SELECT max(changed_at) FROM connectors_eventsource),
                    (SELECT count(*) FROM connectors_eventsource),
                    (SELECT max(id) FROM connectors_trackingplan)"""
            )
            mark = cursor.fetchone()
        if mark != self._mark:
            self._read()
            self._mark = mark
        self._renewed_s = now_s

    def _read(self) -> None:
        rows = TrackingPlan.objects.order_by("source_id", "-version").distinct("source_id")
        newest = {row.source_id: row for row in rows}
        kept = {row.pk: self._plans.get(row.pk) or _plan(row) for row in newest.values()}
        sources = {}
        for row in EventSource.objects.filter(closed_at=None):
            plan = newest.get(row.pk) or newest.get(None)
            sources[row.write_key] = Source(
                id=row.pk,
                code=row.code,
                name=row.name,
                write_key=row.write_key,
                mode=row.mode,
                origins=frozenset(row.origins),
                plan=kept[plan.pk] if plan else None,
            )
        self._plans, self.sources = kept, sources


def _plan(row: TrackingPlan) -> Plan:
    return Plan(row.pk, row.version, schemas=row.schemas, only_planned=row.only_planned)
