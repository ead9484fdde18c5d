"""The script of an operator's call: the survey question by question, each answer kept at once."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from regulars.core.errors import Refused
from regulars.feedback.actions.call_list import OPERATOR, call_of, hold, operator_settings
from regulars.feedback.actions.call_outcomes import end_call
from regulars.feedback.actions.sittings import invited_input
from regulars.feedback.actions.talking import (
    Opening,
    Step,
    find_dialogue,
    open_talks,
    resume,
    settle,
)
from regulars.feedback.dialogue.turns import answer_turn, back_turn
from regulars.feedback.models import Call, Callee, Invitation

ENDS = {
    "complete": "completed",
    "full": "full",
    "given_up": "break_off",
    "partial": "break_off",
    "closed": "break_off",
}
"""What the end of a conversation makes of the call."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What an operator did: gave an `answer` to the question of that name, went `back`, or changed
    the `language`."""

    deed: str
    name: str = ""
    value: Any = None
    comment: str = ""
    language: str = ""


@transaction.atomic
def begin_script(
    callee_id: int, *, operator_id: int, may_record: bool | None = None, now: datetime
) -> Step:
    """The call at its first question, or where an earlier call stopped; what was said of recording.

    Raises Refused where the company asks for consent to recording and no word is given.
    """
    callee = hold(callee_id, operator_id=operator_id, now=now)
    if may_record is None and operator_settings().recording == "yes":
        raise Refused("recording_not_asked", "ask whether the call may be recorded", "may_record")
    call = call_of(callee)
    call.may_record, call.asked_at = may_record, call.asked_at or now
    call.save(update_fields=["may_record", "asked_at"])
    step = find_script(callee)
    if step is None:
        invitation = _invitation(callee)
        given = invited_input(invitation, channel=OPERATOR, language=language_of(invitation))
        key = _key_of(callee)
        (step,) = open_talks([Opening(key=key, sitting=given, address=key, mode="page")], now=now)
    return _settled(step, call, now=now)


@transaction.atomic
def go_on_with_script(callee_id: int, deed: Deed, *, operator_id: int, now: datetime) -> Step:
    """What follows an operator's deed; the answer is on record when this returns.

    An answer to a question that is not the present one is passed over, so a form that is sent twice
    answers nothing wrongly. The end of the survey, or a full quota, ends the call.
    """
    callee = hold(callee_id, operator_id=operator_id, now=now)
    call, step = call_of(callee), find_script(callee, is_held=True)
    if step is None or call.asked_at is None:
        raise Refused("not_begun", "begin the script first", "deed")
    _do(step, deed)
    return _settled(step, call, now=now)


def find_script(callee: Callee, *, is_held: bool = False) -> Step | None:
    """Where the script stands with a person, or None before it was ever begun."""
    found = find_dialogue(_key_of(callee), is_held=is_held)
    return resume([found])[0] if found else None


def language_of(invitation: Invitation) -> str:
    """The language in which a call begins: that of the invitation, or the customer's."""
    return invitation.language or invitation.customer.language


def _do(step: Step, deed: Deed) -> None:
    definition, talk = step.definition, step.talk
    if deed.deed == "back":
        step.talk = back_turn(talk)
    elif deed.deed == "language":
        language = definition.best_language([deed.language])
        step.talk = replace(talk, language=language, problem=None)
    elif deed.name == talk.at:
        step.talk = answer_turn(definition, talk, deed.value, comment=deed.comment)


def _settled(step: Step, call: Call, *, now: datetime) -> Step:
    """Write down where the script stands; the end of the survey ends the call."""
    settle([step], now=now)
    if outcome := ENDS.get(step.talk.end):
        end_call(call, outcome, now=now)
    return step


def _invitation(callee: Callee) -> Invitation:
    rows = Invitation.objects.select_related("version", "survey", "customer")
    return rows.get(pk=callee.invitation_id)


def _key_of(callee: Callee) -> str:
    return f"operator:{callee.pk}"
