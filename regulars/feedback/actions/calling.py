"""Surveys by telephone: each call is a conversation in which keys answer what a voice asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from regulars.channels.actions.hearing import owners_on
from regulars.channels.kind import normal_address_on
from regulars.feedback.actions.sittings import SittingInput, invited_input
from regulars.feedback.actions.talking import (
    Opening,
    Step,
    find_dialogue,
    open_talks,
    resume,
    settle,
)
from regulars.feedback.queries.surveys import find_invitation, find_public_link, latest_version
from regulars.feedback.saying import Said

PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said, in which language, and a mark of this point of the call."""

    said: Said
    language: str
    mark: str


KEY_MAX = 120


@transaction.atomic
def begin_call(
    *, call_id: str, code: str, caller: str, language: str = "", now: datetime
) -> Spoken | None:
    """What is said first to somebody who calls for a survey.

    The code is that of a public link or the secret of an invitation; None where there is none of
    that name. The same call gets the same words again.
    """
    key = key_of(call_id)
    if (known := find_dialogue(key)) is not None:
        return _spoken(resume([known])[0])
    given = _sitting(code, key=key, caller=caller, language=language)
    if given is None:
        return None
    opening = Opening(key=key, sitting=given, address=key, mode="voice")
    (step,) = open_talks([opening], now=now)
    settle([step], now=now)
    return _spoken(step)


@transaction.atomic
def hear_keys(*, call_id: str, keys: str | None, now: datetime, mark: str = "") -> Spoken | None:
    """What is said after keys, or after silence (None); every answer is on record at once.

    None for a call that nobody began. With a mark, keys count only at that point of the call, so
    that a provider may bring them twice.
    """
    row = find_dialogue(key_of(call_id), is_held=True)
    if row is None:
        return None
    (step,) = resume([row])
    if not row.end and mark in ("", _mark_of(step)):
        step.hear(keys)
        settle([step], now=now)
    return _spoken(step)


def key_of(call_id: str) -> str:
    """The key under which a call is kept."""
    return f"call:{call_id[:KEY_MAX]}"


def _spoken(step: Step) -> Spoken:
    return Spoken(step.said(), step.talk.language, _mark_of(step))


def _mark_of(step: Step) -> str:
    talk = step.talk
    return f"{talk.at}.{len(talk.asked)}.{talk.tries}.{talk.language}"


def _sitting(code: str, *, key: str, caller: str, language: str) -> SittingInput | None:
    invitation = find_invitation(code)
    if invitation is not None:
        return invited_input(invitation, channel=PHONE, language=language)
    link = find_public_link(code.lower())
    if link is None:
        return None
    number = normal_address_on(PHONE, caller) if sum(map(str.isdigit, caller)) >= 7 else ""
    return SittingInput(
        key=key,
        version=latest_version(link.survey),
        channel=PHONE,
        language=language,
        link_id=link.pk,
        customer_id=_customer_of([number]) if number else None,
        store_id=link.store_id,
    )


def _customer_of(numbers: Sequence[str]) -> int | None:
    return next(iter(owners_on(PHONE, numbers).values()), None)
