"""How calls end: dispositions, call-backs, and when a person is rung again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from regulars.channels.actions import opt_out
from regulars.channels.queries.budgets import budget_in_force
from regulars.channels.rules.quiet import quiet_until
from regulars.core.errors import Refused
from regulars.feedback.actions.call_list import OPERATOR, call_of, hold, operator_settings
from regulars.feedback.actions.invitations import mark_sent
from regulars.feedback.actions.sittings import (
    end_sitting,
    finish_sittings,
    invited_input,
    open_sitting,
)
from regulars.feedback.models import Call, Callee, Invitation, Sitting
from regulars.feedback.queries.calls import zone_of
from regulars.feedback.rules.calls import CALL_BACK_WITHIN, OUTCOMES, next_call_at, rings
from regulars.feedback.rules.dispositions import closed_as


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How an operator says that a call ended; `call_back_at` where the person named a time."""

    outcome: str
    note: str = ""
    call_back_at: datetime | None = None


@transaction.atomic
def note_outcome(callee_id: int, end: CallEnd, *, operator_id: int, now: datetime) -> Call:
    """End a call as its operator says, and settle whether and when the person is rung again.

    Raises Conflict for a call that is not this operator's or has ended, Refused for an unknown
    outcome and for a call-back at a time that is past, too far off or in quiet hours.
    """
    known = OUTCOMES.get(end.outcome)
    if known is None or not known.key:
        names = ", ".join(name for name, one in OUTCOMES.items() if one.key)
        raise Refused("unknown_outcome", f"one of {names}", "outcome")
    callee = hold(callee_id, operator_id=operator_id, now=now)
    call = call_of(callee)
    if end.outcome == "call_back":
        _check_time(callee, end.call_back_at, now=now)
        call.call_back_at = end.call_back_at
    call.note = end.note.strip()[:500]
    end_call(call, end.outcome, now=now)
    if end.outcome == "no_more_calls":
        customer = (
            Invitation.objects.select_related("customer").get(pk=callee.invitation_id).customer
        )
        opt_out(
            channel=OPERATOR,
            address=customer.phone,
            customer_id=customer.pk,
            source="message",
            proof={"call": call.pk},
            now=now,
        )
    return call


def end_call(call: Call, outcome: str, *, now: datetime) -> None:
    """End a call, and what follows: another one, a call-back, or the end of this attempt to ask."""
    call.outcome, call.ended_at = outcome, now
    call.save(update_fields=["outcome", "ended_at", "note", "call_back_at"])
    callee = Callee.objects.get(pk=call.callee_id)
    due_at = _due_again(callee, call, now=now)
    callee.operator, callee.held_until = None, None
    if rings(outcome):
        callee.calls, callee.outcome = callee.calls + 1, outcome
        callee.is_call_back = outcome == "call_back"
        mark_sent([callee.invitation_id], now=now)
    if due_at is not None:
        callee.due_at = due_at
    else:
        callee.closed_at = now
        _end_sitting(callee.invitation_id, OUTCOMES[outcome].disposition, now=now)
    callee.save()


def _due_again(callee: Callee, call: Call, *, now: datetime) -> datetime | None:
    follows = OUTCOMES[call.outcome].follows
    if follows == "back":
        return callee.due_at
    if follows == "call_back":
        return call.call_back_at
    if follows != "again":
        return None
    settings = operator_settings()
    return next_call_at(
        call.outcome,
        calls=callee.calls + 1,
        calls_max=settings.calls_max,
        again_after=timedelta(minutes=settings.again_after_minutes),
        now=now,
    )


def _end_sitting(invitation_id: int, disposition: str, *, now: datetime) -> None:
    """The attempt to ask has ended; whoever had answered enough is put on record as partial."""
    if disposition in ("completed", "rejected"):
        return
    rows = Invitation.objects.select_related("version__survey", "customer")
    sitting = open_sitting(invited_input(rows.get(pk=invitation_id), channel=OPERATOR), now=now)
    if sitting.ended_at is not None:
        return
    so_far = closed_as(sitting.disposition)
    if so_far == "partial":
        (done,) = finish_sittings([sitting.pk], now=now, is_partial=True)
        if done.answer_id is not None or done.full_quota:
            return
    began = so_far == "breakoff" and disposition in ("unresponsive", "breakoff")
    end_sitting(sitting, "breakoff" if began else _plain(sitting, disposition), now=now)


def _plain(sitting: Sitting, disposition: str) -> str:
    """Nobody broke off who had not begun: that is a refusal."""
    return "refused" if disposition == "breakoff" and not sitting.started_at else disposition


def _check_time(callee: Callee, at: datetime | None, *, now: datetime) -> None:
    if at is None:
        raise Refused("time_missing", _("Say when to call back."), "call_back_at")
    if not now < at <= now + CALL_BACK_WITHIN:
        raise Refused("time_out_of_range", _("A time within the next 60 days."), "call_back_at")
    budget = budget_in_force()
    if budget.quiet_from is None or budget.quiet_until is None:
        return
    zone = ZoneInfo(zone_of(callee))
    if quiet_until(at, since=budget.quiet_from, until=budget.quiet_until, zone=zone) > at:
        hours = f"{budget.quiet_from:%H:%M}–{budget.quiet_until:%H:%M}"
        words = _("Nobody is called in quiet hours, %(hours)s by the customer's clock.")
        raise Refused("quiet_hours", words % {"hours": hours}, "call_back_at")
