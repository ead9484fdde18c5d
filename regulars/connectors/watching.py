"""Reads of what programs send: how sources are, events as they come, dead letters by reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Q, QuerySet

from regulars.connectors.models import DeadLetter, EventSource, TrackingPlan
from regulars.customers.models import Customer, Identity, TrackedEvent
from regulars.customers.queries.persons import leaders_of, persons_of

NEWEST = 100_000
"""So many of the newest events are looked at for the health of sources and for live events."""
SHOWN = 50


@dataclass(frozen=True)
class Health:
    """How a source is: its last event, events of the last minute, hour and day, what failed today."""

    last_at: datetime | None = None
    in_minute: int = 0
    in_hour: int = 0
    in_day: int = 0
    errors: int = 0


@dataclass(frozen=True)
class Wanted:
    """Which events somebody wants to see; what is empty does not matter."""

    source: str = ""
    type: str = ""
    name: str = ""
    who: str = ""


@dataclass(frozen=True)
class Group:
    """Dead letters that wait for the same reason."""

    reason: str
    path: str
    rule: str
    name: str
    letters: int
    newest_id: int
    newest_at: datetime


def event_sources() -> QuerySet[EventSource]:
    """All sources of events, by name."""
    return EventSource.objects.order_by("closed_at", "name", "id")


def health_of(sources: Sequence[EventSource], *, now: datetime) -> dict[str, Health]:
    """The health of sources by code, over the newest events; two statements."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT source, max(received_at),
                   count(*) FILTER (WHERE received_at > %(now)s - interval '1 minute'),
                   count(*) FILTER (WHERE received_at > %(now)s - interval '1 hour'),
                   count(*) FILTER (WHERE received_at > %(now)s - interval '1 day')
            FROM (SELECT source, received_at FROM customers_trackedevent
                  ORDER BY id DESC LIMIT %(newest)s) newest
            GROUP BY source
            """,
            {"now": now, "newest": NEWEST},
        )
        counted = {row[0]: row[1:] for row in cursor.fetchall()}
    failed = dict(
        DeadLetter.objects.filter(received_at__gt=now - timedelta(days=1))
        .values_list("source__code")
        .annotate(count=Count("id"))
    )
    return {
        code: Health(last_at, minute, hour, day, failed.get(code, 0))
        for code in (one.code for one in sources)
        for last_at, minute, hour, day in [counted.get(code, (None, 0, 0, 0))]
    }


def newest_events(wanted: Wanted, *, count: int = SHOWN) -> list[TrackedEvent]:
    """The newest events that somebody wants to see, among the newest hundred thousand."""
    rows = TrackedEvent.objects.select_related("customer").order_by("-id")
    newest = TrackedEvent.objects.aggregate(id=Max("id"))["id"] or 0
    if wanted.who:
        rows = rows.filter(_of_person(wanted.who))
    else:
        rows = rows.filter(id__gt=newest - NEWEST)
    if wanted.source:
        rows = rows.filter(source=wanted.source)
    if wanted.type:
        rows = rows.filter(type=wanted.type)
    if wanted.name:
        rows = rows.filter(name__icontains=wanted.name)
    return list(rows[:count])


def _of_person(who: str) -> Q:
    """Events of the persons with this identity, or of the customer with this number."""
    found = set(
        Identity.objects.filter(value=who.lower()).values_list("customer_id", flat=True)[:20]
    )
    found |= set(Identity.objects.filter(value=who).values_list("customer_id", flat=True)[:20])
    if who.isdecimal() and len(who) < 19:
        found |= set(Customer.objects.filter(pk=int(who)).values_list("pk", flat=True))
    records = [one for records in persons_of(found).values() for one in records]
    return Q(customer_id__in=records)


def person_behind(event: TrackedEvent) -> Customer | None:
    """The leading record of the person an event is about."""
    if event.customer_id is None:
        return None
    leading = leaders_of([event.customer_id]).get(event.customer_id, event.customer_id)
    return Customer.objects.filter(pk=leading).first()


def plan_in_force(source: EventSource | None) -> TrackingPlan | None:
    """The newest plan of a source, or of all sources."""
    return TrackingPlan.objects.filter(source=source).order_by("-version").first()


def plan_versions(source: EventSource | None) -> QuerySet[TrackingPlan]:
    """All versions of a plan, the newest first."""
    return (
        TrackingPlan.objects.filter(source=source)
        .select_related("published_by")
        .order_by("-version")
    )


def plan_before(plan: TrackingPlan) -> TrackingPlan | None:
    """The version before this one."""
    return TrackingPlan.objects.filter(source=plan.source, version=plan.version - 1).first()


def groups_of_letters(state: str = "waiting", *, source: str = "") -> list[Group]:
    """Dead letters in a state by reason, place, rule and event name; the largest group first."""
    rows = DeadLetter.objects.filter(state=state)
    if source:
        rows = rows.filter(source__code=source)
    found = rows.values("reason", "path", "rule", "name").annotate(
        letters=Count("id"), newest_id=Max("id"), newest_at=Max("received_at")
    )
    return [Group(**row) for row in found.order_by("-letters", "-newest_id")[:200]]


def letters_of(group: Mapping[str, Any], *, state: str = "waiting") -> QuerySet[DeadLetter]:
    """The dead letters of one group, in the order in which they came."""
    told = {key: group[key] for key in ("reason", "path", "rule", "name")}
    return DeadLetter.objects.filter(state=state, **told).select_related("source").order_by("id")


def letters_waiting() -> int:
    """How many dead letters wait for somebody."""
    return DeadLetter.objects.filter(state="waiting").count()
