"""Asking by plan: what is due is done, step by step, until somebody answers or nothing is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from regulars.channels.rules import reason_for
from regulars.core.jobs import every
from regulars.feedback.actions.invitations import (
    Approach,
    InvitationInput,
    approach_again,
    invite,
)
from regulars.feedback.models import AskingPlan, Candidate, Sitting
from regulars.feedback.rules.plans import NEXT_CHANNEL, Step, steps_of

AT_ONCE = 1000


@dataclass(slots=True)
class _Said:
    """What the door said about one step."""

    invitation_id: int
    code: str = ""
    detail: str = ""
    is_ours: bool = True


@every("* * * * *", queue="bulk")
def ask_due_candidates(timestamp: int) -> None:
    """Do what is due: first contacts, other channels, reminders."""
    while ask_due(now=timezone.now()) == AT_ONCE:
        pass


@transaction.atomic
def ask_due(*, now: datetime) -> int:
    """Do the steps that are due, a batch of them; how many candidates that were.

    The rows are held and passed over by others, so every step is done once. A constant number of
    statements.
    """
    rows = list(
        Candidate.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(due_at__lte=now)
        .select_related("plan__survey", "invitation")
        .order_by("due_at", "pk")[:AT_ONCE]
    )
    going = _without_the_idle(rows)
    known = [row for row in going if row.invitation_id]
    _ask([row for row in going if not row.invitation_id], now=now)
    _approach(known, now=now)
    columns = ["state", "reason", "detail", "step", "first_at", "due_at", "invitation"]
    Candidate.objects.bulk_update(rows, columns)
    return len(rows)


def _without_the_idle(rows: Sequence[Candidate]) -> list[Candidate]:
    """Those for whom something is to be done; the others are settled."""
    ids = [row.invitation_id for row in rows if row.invitation_id]
    ended = set(
        Sitting.objects.filter(invitation__in=ids, ended_at__isnull=False).values_list(
            "invitation_id", flat=True
        )
    )
    going = []
    for row in rows:
        if reason := _idle(row, ended):
            _settle(row, reason)
        else:
            going.append(row)
    return going


def _idle(row: Candidate, ended: set[int]) -> str:
    if row.invitation and row.invitation.answered_at:
        return "answered"
    if row.invitation_id in ended:
        return "ended"
    if not row.plan.survey.is_open:
        return "survey_closed"
    return "" if row.plan.is_on else "plan_off"


def _settle(row: Candidate, reason: str, detail: str = "") -> None:
    row.state = "over" if row.state == "asked" else "not_asked"
    row.reason, row.detail, row.due_at = reason, detail[:300], None


def _ask(rows: Sequence[Candidate], *, now: datetime) -> None:
    """The first contacts."""
    if not rows:
        return
    inputs = [
        InvitationInput(
            survey_id=row.plan.survey_id,
            cause=row.cause,
            customer_id=row.customer_id,
            channel=_steps(row.plan)[0].channel,
            purchase_id=row.purchase_id,
            store_id=row.store_id,
            served_by_id=row.served_by_id,
        )
        for row in rows
    ]
    for row, one in zip(rows, invite(inputs, now=now), strict=True):
        code = one.withheld
        detail = reason_for(code) if code else ""
        _note(row, _Said(one.invitation_id, code, detail, is_ours=one.is_new), now=now)


def _approach(rows: Sequence[Candidate], *, now: datetime) -> None:
    """Other channels and reminders; another channel only while nobody began to answer."""
    wanted, waiting = [], {row.pk: row for row in rows}
    for row in rows:
        step = _steps(row.plan)[row.step]
        assert row.invitation is not None
        if step.kind == "fallback" and row.invitation.started_at:
            _go_on(row, now=now)
            del waiting[row.pk]
            continue
        wanted.append(Approach(row.invitation.pk, step.channel, row.step, is_reminder=True))
    said = approach_again(wanted, now=now) if wanted else {}
    for row in waiting.values():
        assert row.invitation_id is not None
        answer = said[row.invitation_id]
        _note(row, _Said(row.invitation_id, answer.code, answer.reason), now=now)


def _note(row: Candidate, said: _Said, *, now: datetime) -> None:
    """Write down what the door said, and when the next step is due."""
    if not said.is_ours:
        _settle(row, "asked_already")
        return
    row.invitation_id, row.first_at = said.invitation_id, row.first_at or now
    if not said.code:
        row.state, row.reason, row.detail = "asked", "", ""
        _go_on(row, now=now)
    elif row.state == "asked":
        row.detail = said.detail[:300]
        _go_on(row, now=now)
    elif said.code in NEXT_CHANNEL and _next_is_another_channel(row):
        row.step += 1
        row.reason, row.detail, row.due_at = said.code, said.detail[:300], now
    else:
        _settle(row, said.code, said.detail)


def _next_is_another_channel(row: Candidate) -> bool:
    steps = _steps(row.plan)
    return row.step + 1 < len(steps) and steps[row.step + 1].kind == "fallback"


def _go_on(row: Candidate, *, now: datetime) -> None:
    """The next step, or the end of the plan for this person."""
    steps = _steps(row.plan)
    row.step += 1
    if row.step >= len(steps):
        _settle(row, "last_step", row.detail)
        return
    row.due_at = max(now, (row.first_at or now) + steps[row.step].after)


def _steps(plan: AskingPlan) -> list[Step]:
    return steps_of(plan.modes, plan.reminder_days)
