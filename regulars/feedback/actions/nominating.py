"""What happened makes candidates: from the events of domains below, and by the clock."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from regulars.channels.queries.planning import plan_budget
from regulars.core.jobs import every, job
from regulars.customers.models import Purchase, Return, SegmentMember, TrackedEvent
from regulars.feedback.actions.plans import Happened, nominate
from regulars.feedback.models import AskingPlan
from regulars.feedback.rules.plans import FRESH
from regulars.journey.models import Passage

CHUNK = 10_000


def plans_for(trigger: str, subjects: Iterable[str] | None = None) -> QuerySet[AskingPlan]:
    """The plans that wait for something to happen; with subjects, those that name one of them."""
    rows = AskingPlan.objects.filter(trigger=trigger, is_on=True, survey__is_open=True)
    rows = rows if subjects is None else rows.filter(subject__in=set(subjects))
    return rows.select_related("segment", "survey").order_by("pk")


def after_purchases(purchase_ids: Sequence[int], *, now: datetime) -> None:
    """Customers who bought in the last days become candidates."""
    plans = list(plans_for("purchase"))
    if not plans:
        return
    rows = Purchase.objects.filter(
        pk__in=purchase_ids, customer__isnull=False, voided_at=None, bought_at__gt=now - FRESH
    )
    columns = ("pk", "customer_id", "bought_at", "store_id", "served_by_id")
    happened = [
        Happened(
            customer_id=who,
            cause=f"purchase:{pk}",
            at=at,
            store_id=store,
            served_by_id=server,
            purchase_id=pk,
        )
        for pk, who, at, store, server in rows.values_list(*columns)
        if who is not None
    ]
    _nominate(plans, happened, now=now)


def after_returns(return_ids: Sequence[int], *, now: datetime) -> None:
    """Customers who brought goods back in the last days become candidates.

    Who sold the goods did not take them back: nobody is named as having served.
    """
    plans = list(plans_for("return"))
    if not plans:
        return
    rows = Return.objects.filter(
        pk__in=return_ids, purchase__customer__isnull=False, returned_at__gt=now - FRESH
    ).annotate(place=Coalesce("store_id", "purchase__store_id"))
    columns = ("pk", "purchase__customer_id", "returned_at", "place", "purchase_id")
    happened = [
        Happened(customer_id=who, cause=f"return:{pk}", at=at, store_id=store, purchase_id=bought)
        for pk, who, at, store, bought in rows.values_list(*columns)
    ]
    _nominate(plans, happened, now=now)


def after_passages(passage_ids: Sequence[int], *, now: datetime) -> None:
    """Customers who went through a touchpoint in the last days become candidates.

    Who answered about it is asked no more, or each answer would lead to the next question.
    """
    plans = list(plans_for("passage"))
    if not plans:
        return
    rows = Passage.objects.filter(
        pk__in=passage_ids,
        customer__isnull=False,
        sample=False,
        at__gt=now - FRESH,
        touchpoint__code__in={plan.subject for plan in plans},
    ).exclude(cause__startswith="answer:")
    columns = ("touchpoint__code", "cause", "customer_id", "at", "store_id", "served_by_id")
    by_code = _grouped(
        (
            code,
            Happened(customer_id=who, cause=cause, at=at, store_id=store, served_by_id=server),
        )
        for code, cause, who, at, store, server in rows.values_list(*columns)
    )
    for plan in plans:
        _nominate([plan], by_code.get(plan.subject, []), now=now)


def after_events(event_ids: Sequence[int], *, now: datetime) -> None:
    """Customers who did something on a site or in a program in the last days become candidates."""
    plans = list(plans_for("event"))
    if not plans:
        return
    rows = TrackedEvent.objects.filter(
        pk__in=event_ids,
        customer__isnull=False,
        at__gt=now - FRESH,
        name__in={plan.subject for plan in plans},
    )
    by_name = _grouped(
        (name, Happened(customer_id=who, cause=f"event:{pk}", at=at))
        for pk, name, who, at in rows.values_list("pk", "name", "customer_id", "at")
    )
    for plan in plans:
        _nominate([plan], by_name.get(plan.subject, []), now=now)


def after_entering(segment_code: str, customer_ids: Sequence[int], *, now: datetime) -> None:
    """People who came into a segment become candidates; who comes again on another day may again."""
    day = now.date().isoformat()
    happened = [
        Happened(customer_id=who, cause=f"segment:{segment_code}:{who}:{day}", at=now)
        for who in customer_ids
    ]
    _nominate(list(plans_for("segment", [segment_code])), happened, now=now)


def _grouped(pairs: Iterable[tuple[str, Happened]]) -> dict[str, list[Happened]]:
    found: dict[str, list[Happened]] = {}
    for name, happened in pairs:
        found.setdefault(name, []).append(happened)
    return found


def _nominate(plans: Sequence[AskingPlan], happened: Sequence[Happened], *, now: datetime) -> None:
    for plan in plans:
        if happened:
            nominate(plan, happened, now=now)


@every("*/5 * * * *", queue="bulk")
def start_scheduled_plans(timestamp: int) -> None:
    """Plans that ask by the clock begin their turns."""
    start_turns(now=timezone.now())


@transaction.atomic
def start_turns(*, now: datetime) -> int:
    """Enqueue the turns that are due, and say when the next ones are; how many there were."""
    due = AskingPlan.objects.select_for_update().filter(
        trigger="schedule", is_on=True, survey__is_open=True, next_at__lte=now
    )
    plans = list(due)
    for plan in plans:
        assert plan.next_at is not None
        nominate_everybody.enqueue(plan_id=plan.pk, turn=plan.next_at.date().isoformat())
        missed = (now - plan.next_at) // timedelta(days=plan.every_days)
        plan.next_at += timedelta(days=plan.every_days) * (missed + 1)
    AskingPlan.objects.bulk_update(plans, ["next_at"])
    return len(plans)


@job(queue="bulk")
def nominate_everybody(*, plan_id: int, turn: str) -> None:
    """Make everybody in the segment of a plan a candidate of one turn; a repeat changes nothing."""
    plan = AskingPlan.objects.select_related("segment", "survey").filter(pk=plan_id).first()
    if plan is None or plan.segment is None or not plan.is_on:
        return
    now = timezone.now()
    members = SegmentMember.objects.filter(
        segment=plan.segment, left_at=None, customer__withdrawn_at=None
    )
    ids = list(members.order_by("pk").values_list("customer_id", flat=True))
    stopped = _stopped(plan, ids, now=now)
    for start in range(0, len(ids), CHUNK):
        happened = [
            Happened(customer_id=who, cause=f"schedule:{plan.pk}:{turn}:{who}", at=now)
            for who in ids[start : start + CHUNK]
        ]
        nominate(plan, happened, now=now, stopped=stopped)


def _stopped(plan: AskingPlan, customer_ids: Sequence[int], *, now: datetime) -> dict[int, str]:
    """Whom the contact budget would stop, with the name of the rule; all at once.

    A rule about one channel stops nobody who may be asked by another one.
    """
    channel = plan.modes[0]["channel"] if plan.modes else ""
    found = plan_budget(
        customer_ids, purpose="survey", channel=channel, survey=str(plan.survey_id), now=now
    )
    return {
        lead: rule.name
        for lead, rule in found.stopped.items()
        if rule and (len(plan.modes) < 2 or not rule.rule.scope.startswith("channel:"))
    }
