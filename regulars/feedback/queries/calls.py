"""The calling list as people read it: who waits, who calls whom, how calls ended, and the rates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from regulars.channels.queries.budgets import profiles_of
from regulars.company.queries import get_brand
from regulars.core.access import Viewer, seen
from regulars.feedback.models import Call, Callee, Invitation, Quota, Sitting
from regulars.feedback.rules.calls import OUTCOMES, standing_of_callee
from regulars.feedback.rules.dispositions import DISPOSITIONS, aapor_counts
from regulars.feedback.rules.response import Dispositions, response_rates

STATES: dict[str, Q] = {
    "due": Q(closed_at__isnull=True, is_call_back=False),
    "call_back": Q(closed_at__isnull=True, is_call_back=True),
    "done": Q(closed_at__isnull=False),
}


@dataclass(frozen=True, slots=True)
class ListStanding:
    """How a calling list stands now, in people and in calls, with the rates of the standard."""

    due: int
    later: int
    call_backs: int
    being_called: int
    people: int
    calls_by_outcome: Mapping[str, int]
    dispositions: Mapping[str, int]

    @property
    def calls(self) -> int:
        """Calls that were made."""
        return sum(self.calls_by_outcome.values())

    @property
    def reached(self) -> int:
        """Calls in which somebody spoke."""
        return sum(n for name, n in self.calls_by_outcome.items() if OUTCOMES[name].reached)

    @property
    def groups(self) -> Dispositions:
        """The people in the groups of the AAPOR standard."""
        return aapor_counts(self.dispositions)

    @property
    def rates(self) -> dict[str, float | None]:
        """Every rate of the standard by its name, from 0 to 1."""
        return response_rates(self.groups)


def callees(*, seen_by: Viewer, survey_id: int | None = None, state: str = "") -> QuerySet[Callee]:
    """People on the calling list, the next ones first."""
    rows = seen(Callee, seen_by).select_related(
        "invitation__customer", "invitation__survey", "invitation__store", "operator"
    )
    if survey_id is not None:
        rows = rows.filter(invitation__survey=survey_id)
    rows = rows.filter(STATES[state]) if state in STATES else rows
    return rows.order_by(F("closed_at").desc(nulls_first=True), "-is_call_back", "due_at", "pk")


def standing_of_list(
    *, seen_by: Viewer, survey_id: int | None = None, now: datetime
) -> ListStanding:
    """How the calling list stands. Three statements."""
    rows = callees(seen_by=seen_by, survey_id=survey_id).order_by()
    is_open = Q(closed_at__isnull=True)
    held = Q(held_until__gt=now)
    counted = rows.aggregate(
        due=Count("pk", filter=is_open & Q(due_at__lte=now) & ~held),
        later=Count("pk", filter=is_open & Q(due_at__gt=now) & ~held),
        call_backs=Count("pk", filter=is_open & Q(is_call_back=True)),
        being_called=Count("pk", filter=held),
        people=Count("pk"),
    )
    calls = seen(Call, seen_by).exclude(outcome__in=("", "given_back", "lapsed"))
    if survey_id is not None:
        calls = calls.filter(callee__invitation__survey=survey_id)
    by_outcome = dict(calls.values_list("outcome").annotate(n=Count("pk")).order_by())
    return ListStanding(
        **counted,
        calls_by_outcome={name: by_outcome[name] for name in OUTCOMES if name in by_outcome},
        dispositions=_dispositions(rows),
    )


def _dispositions(rows: QuerySet[Callee]) -> dict[str, int]:
    """How many of these people stand where, as the sitting of each says. One statement."""
    sitting = Sitting.objects.filter(invitation=OuterRef("invitation"))
    counted = (
        rows.annotate(
            sat=Subquery(sitting.values("disposition")[:1]),
            was_rung=Q(calls__gt=0),
            has_answered=Q(invitation__answered_at__isnull=False),
        )
        .values_list("sat", "was_rung", "has_answered", "outcome")
        .annotate(n=Count("pk"))
    )
    found: dict[str, int] = {}
    for sat, was_rung, has_answered, outcome, count in counted.order_by():
        name = sat or standing_of_callee(outcome, was_rung=was_rung, has_answered=has_answered)
        if name:
            found[name] = found.get(name, 0) + count
    return {name: found[name] for name in DISPOSITIONS if name in found}


def zones_of(listed: Iterable[Callee]) -> dict[int, str]:
    """The zone by whose clock each of these people is called, by the id of the row.

    It is that of their usual store, or the company's. A constant number of statements.
    """
    invitations = {one.pk: one.invitation_id for one in listed}
    rows = Invitation.objects.filter(pk__in=invitations.values())
    whom = dict(rows.values_list("pk", "customer_id"))
    told = profiles_of(set(whom.values()))
    usual = get_brand().timezone
    return {
        pk: str(told.get(whom[invitation_id], {}).get("zone") or usual)
        for pk, invitation_id in invitations.items()
    }


def zone_of(callee: Callee) -> str:
    """The zone by whose clock a person is called."""
    return zones_of([callee])[callee.pk]


@dataclass(frozen=True, slots=True)
class Clock:
    """A moment by the clock where somebody lives: the time there without a zone, and the zone."""

    at: datetime
    zone: str


def clock_in(zone: str, at: datetime) -> Clock:
    """A moment by the clock of a zone."""
    return Clock(at.astimezone(ZoneInfo(zone)).replace(tzinfo=None), zone)


def calls_with(callee: Callee) -> QuerySet[Call]:
    """The calls to a person, the latest first."""
    return Call.objects.filter(callee=callee).select_related("operator").order_by("-pk")


def quotas_of(survey_id: int) -> list[Quota]:
    """The quotas of a survey with the places that are taken now."""
    return list(Quota.objects.filter(survey=survey_id).order_by("pk"))
