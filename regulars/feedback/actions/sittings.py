"""Sittings: what one respondent has said so far, kept until the end, on whichever channel it comes."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from regulars.core.errors import Refused
from regulars.core.sql import int_array, json_array, text_array, time_array
from regulars.feedback.actions.answers import AnswerInput, Received, receive_answers
from regulars.feedback.actions.uploads import attach_files
from regulars.feedback.models import Invitation, Sitting, SurveyVersion
from regulars.feedback.queries.quotas import QuotaFacts, full_quotas
from regulars.feedback.queries.surveys import definition_of
from regulars.feedback.queries.uploads import KnownFiles, known_files, strange_files
from regulars.feedback.rules.dispositions import (
    DISPOSITIONS,
    FINAL,
    REOPENABLE,
    interim_disposition,
)
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.path import check, screens
from regulars.feedback.survey.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class SittingInput:
    """Who begins which version where; the key names what makes a second opening the same one."""

    key: str
    version: SurveyVersion
    channel: str
    language: str = ""
    invitation: Invitation | None = None
    link_id: int | None = None
    customer_id: int | None = None
    store_id: int | None = None
    touchpoint_id: int | None = None
    began_at: datetime | None = None
    sample: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Answers to be kept in a sitting beside those it has. None takes an answer back."""

    sitting_id: int
    values: Mapping[str, Any]
    position: str = ""
    channel: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a sitting holds afterwards, what was wrong with the rest, and a quota found full.

    `is_over` says that the sitting had ended before, so that nothing was kept.
    """

    sitting: Sitting
    problems: tuple[Problem, ...] = ()
    full_quota: str = ""
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of a sitting at its end: its answer, or what stands against it."""

    sitting: Sitting
    answer_id: int | None = None
    is_new: bool = False
    problems: tuple[Problem, ...] = ()
    full_quota: str = ""
    is_cast: bool = False


@dataclass(slots=True)
class _Change:
    sitting: Sitting
    problems: tuple[Problem, ...] = ()
    is_over: bool = False
    facts: QuotaFacts | None = field(default=None)


def invited_input(invitation: Invitation, *, channel: str = "", language: str = "") -> SittingInput:
    """The sitting that an invitation leads to, the same one on every channel and device."""
    return SittingInput(
        key=f"invitation:{invitation.pk}",
        version=invitation.version,
        channel=channel or invitation.channel,
        language=language or invitation.language,
        invitation=invitation,
        customer_id=invitation.customer_id,
        store_id=invitation.store_id,
        touchpoint_id=invitation.touchpoint_id,
        sample=invitation.sample,
    )


def open_sitting(given: SittingInput, *, now: datetime) -> Sitting:
    """The sitting of that key; opened now if there is none."""
    return open_sittings([given], now=now)[0]


@transaction.atomic
def open_sittings(batch: Sequence[SittingInput], *, now: datetime) -> list[Sitting]:
    """The sittings of these keys, in the order given; those there are none of are opened now.

    A sitting keeps the version it was opened with. Two statements, whatever the number.
    """
    columns = [
        text_array(one.key for one in batch),
        text_array(secrets.token_urlsafe(18) for _ in batch),
        int_array(one.version.survey_id for one in batch),
        int_array(one.version.pk for one in batch),
        int_array(one.invitation.pk if one.invitation else None for one in batch),
        int_array(one.link_id for one in batch),
        int_array(one.customer_id for one in batch),
        int_array(one.touchpoint_id for one in batch),
        int_array(one.store_id for one in batch),
        text_array(one.language for one in batch),
        text_array(one.channel for one in batch),
        time_array(one.began_at or now for one in batch),
        int_array(int(one.sample) for one in batch),
    ]
    with connection.cursor() as cursor:
        cursor.execute(OPEN_SITTINGS, [now, *columns])
    found = {one.key: one for one in _rows(key__in={one.key for one in batch})}
    return [found[one.key] for one in batch]


OPEN_SITTINGS = f"""
    INSERT INTO {Sitting._meta.db_table} (
        last_at, "values", position, disposition, reason,
        key, token, survey_id, version_id, invitation_id, link_id, customer_id, touchpoint_id,
        store_id, language, channels, opened_at, sample)
    SELECT %s, '{{}}', '', 'contacted', '',
        key, token, survey, version, invitation, link, customer, touchpoint,
        store, language, CASE WHEN channel = '' THEN '{{}}' ELSE ARRAY[channel] END,
        opened, sample = 1
    FROM unnest(
        %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[],
        %s::timestamptz[], %s::int[])
        AS given (key, token, survey, version, invitation, link, customer, touchpoint,
            store, language, channel, opened, sample)
    ORDER BY key
    ON CONFLICT DO NOTHING
"""


def _rows(*, is_held: bool = False, **narrowed: Any) -> Any:
    rows = Sitting.objects.select_related("version", "survey", "invitation").filter(**narrowed)
    return rows.order_by("pk").select_for_update(of=("self",)) if is_held else rows


def keep_answers(
    sitting: Sitting,
    values: Mapping[str, Any],
    *,
    now: datetime,
    position: str = "",
    channel: str = "",
) -> Kept:
    """Keep answers to some questions in a sitting, beside those it has; see `keep_answers_of`."""
    given = Keep(sitting_id=sitting.pk, values=values, position=position, channel=channel)
    return keep_answers_of([given], now=now)[0]


@transaction.atomic
def keep_answers_of(batch: Sequence[Keep], *, now: datetime) -> list[Kept]:
    """Keep answers in sittings, one batch for each; what does not answer its question is left out.

    Whoever meets a full quota ends here, with its name as the reason. Somebody who broke off may go
    on; a sitting with an answer on record keeps nothing more. A constant number of statements.
    """
    held = {one.pk: one for one in _rows(is_held=True, pk__in={one.sitting_id for one in batch})}
    missing = [one.sitting_id for one in batch if one.sitting_id not in held]
    if missing:
        raise Refused("no_sitting", f"there is no sitting {missing[0]}", "sitting_id")
    known = known_files(held.values())
    changes = [_changed(held[one.sitting_id], one, known, now=now) for one in batch]
    full = full_quotas([one.facts for one in changes if one.facts is not None])
    named = iter(full)
    kept = []
    for change in changes:
        name = next(named) if change.facts is not None else ""
        if name:
            _close(change.sitting, "rejected", now=now, reason=name)
        kept.append(Kept(change.sitting, change.problems, name, change.is_over))
    changed = [change.sitting for change in changes if not change.is_over]
    _write(changed)
    began = {one.invitation_id for one in changed if one.invitation_id and one.started_at}
    Invitation.objects.filter(pk__in=began, started_at__isnull=True).update(started_at=now)
    return kept


def _changed(sitting: Sitting, given: Keep, known: KnownFiles, *, now: datetime) -> _Change:
    """The sitting with the answers that fit, not written yet."""
    if is_over(sitting):
        return _Change(sitting, is_over=True)
    definition = definition_of(sitting.version)
    values, problems = fitting(definition, {**sitting.values, **given.values})
    strange = strange_files(definition, values, known.get(sitting.key, frozenset()))
    faulty = {one.element for one in strange}
    sitting.values = {name: one for name, one in values.items() if name not in faulty}
    sitting.position = given.position or sitting.position
    sitting.language = given.language or sitting.language
    if given.channel and sitting.channels[-1:] != [given.channel]:
        sitting.channels = [*sitting.channels, given.channel]
    sitting.last_at, sitting.ended_at = now, None
    sitting.started_at = sitting.started_at or (now if sitting.values else None)
    sitting.disposition = standing_of(definition, sitting.values)
    return _Change(sitting, (*problems, *strange), facts=facts_of(sitting))


def fitting(
    definition: Definition, values: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The answers that fit their questions, cleaned, and the problems of those that do not.

    What is still missing is no problem before the end; an unknown name is one.
    """
    given = {name: value for name, value in values.items() if value is not None}
    asked = [
        one for one in definition.questions() if one.name in given or one.comment_name in given
    ]
    checked = check(asked, given)
    known = {name for one in definition.questions() for name in (one.name, one.comment_name)}
    strangers = [Problem("unknown_question", str(one)[:60]) for one in given if one not in known]
    found = [one for one in checked.problems if one.code != "required"]
    return dict(checked.values), (*strangers, *found)


def standing_of(definition: Definition, values: Mapping[str, Any]) -> str:
    """The disposition of somebody with these answers who has not reached the end."""
    asked = [one.name for screen in screens(definition, values) for one in screen.questions]
    measured = [name for name in definition.measures if name in asked]
    return interim_disposition(
        answered=sum(name in values for name in asked),
        asked=len(asked),
        has_measures=bool(measured) and all(name in values for name in measured),
    )


def facts_of(sitting: Sitting) -> QuotaFacts:
    """What quotas may ask of a sitting."""
    channel = sitting.channels[-1] if sitting.channels else ""
    return QuotaFacts(
        sitting.survey_id, sitting.values, channel, sitting.language, sitting.store_id
    )


def finish_sitting(sitting: Sitting, *, now: datetime) -> Finished:
    """Hand a sitting over as an answer; a second time gives the same answer."""
    return finish_sittings([sitting.pk], now=now)[0]


@transaction.atomic
def finish_sittings(
    sitting_ids: Sequence[int], *, now: datetime, is_partial: bool = False
) -> list[Finished]:
    """Hand sittings over as answers, each exactly once, in the order given.

    What does not fit stays open and comes back with its problems; who meets a full quota ends as
    rejected. The number of statements does not depend on the number of sittings.
    """
    held = {one.pk: one for one in _rows(is_held=True, pk__in=set(sitting_ids))}
    going = [one for one in held.values() if not is_over(one)]
    received = receive_answers([_answer_of(one, is_partial=is_partial) for one in going], now=now)
    said = dict(zip([one.pk for one in going], received, strict=True))
    for one in going:
        _settle(one, said[one.pk], now=now, is_partial=is_partial)
    _write(going)
    attach_files(going)
    return [_finished(held[pk], said.get(pk)) for pk in sitting_ids if pk in held]


def is_over(sitting: Sitting | None) -> bool:
    """Whether a respondent cannot go on: all is answered, here or elsewhere, or there is no place."""
    if sitting is None:
        return False
    if sitting.invitation is not None and sitting.invitation.answered_at is not None:
        return True
    return sitting.ended_at is not None and sitting.disposition not in REOPENABLE


def _settle(sitting: Sitting, said: Received, *, now: datetime, is_partial: bool) -> None:
    if said.answer_id is not None or said.is_cast:
        sitting.answer_id = said.answer_id
        sitting.started_at = sitting.started_at or sitting.last_at
        _close(sitting, "partial" if is_partial else "completed", now=now)
    elif said.full_quota:
        _close(sitting, "rejected", now=now, reason=said.full_quota)


def _finished(sitting: Sitting, said: Received | None) -> Finished:
    if said is None:
        full = sitting.reason if sitting.disposition == "rejected" else ""
        return Finished(sitting, sitting.answer_id, full_quota=full)
    told = (said.problems, said.full_quota, said.is_cast)
    return Finished(sitting, said.answer_id, said.is_new, *told)


def _answer_of(sitting: Sitting, *, is_partial: bool) -> AnswerInput:
    invitation = sitting.invitation
    took_s = round((sitting.last_at - sitting.opened_at).total_seconds())
    return AnswerInput(
        key=sitting.key,
        version=sitting.version,
        values=sitting.values,
        language=sitting.language or definition_of(sitting.version).language,
        channel=sitting.channels[-1] if sitting.channels else "web",
        answered_at=sitting.last_at,
        invitation_id=sitting.invitation_id,
        customer_id=sitting.customer_id,
        store_id=sitting.store_id,
        served_by_id=invitation.served_by_id if invitation else None,
        touchpoint_id=sitting.touchpoint_id,
        is_passage=invitation is None or invitation.purchase_id is None,
        is_partial=is_partial,
        duration_s=took_s if took_s > 0 else None,
        sample=sitting.sample,
    )


@transaction.atomic
def end_sittings(
    sitting_ids: Iterable[int], disposition: str, *, now: datetime, reason: str = ""
) -> int:
    """End sittings without an answer, such as `refused` or `ineligible`; how many were still open.

    Raises Refused for a disposition that is no end, or that only an answer can bring.
    """
    if disposition not in DISPOSITIONS or disposition not in FINAL:
        raise Refused("not_an_end", f"no end of a sitting: {disposition}", "disposition")
    if disposition in ("completed", "partial"):
        raise Refused("needs_an_answer", "finish the sitting instead", "disposition")
    rows = list(_rows(is_held=True, pk__in=list(sitting_ids), ended_at__isnull=True))
    for sitting in rows:
        _close(sitting, disposition, now=now, reason=reason)
    _write(rows)
    return len(rows)


def end_sitting(sitting: Sitting, disposition: str, *, now: datetime, reason: str = "") -> int:
    """End one sitting without an answer; see `end_sittings`."""
    return end_sittings([sitting.pk], disposition, now=now, reason=reason)


def _close(sitting: Sitting, disposition: str, *, now: datetime, reason: str = "") -> None:
    sitting.disposition, sitting.ended_at, sitting.reason = disposition, now, reason[:100]
    if sitting.version.is_anonymous:
        sitting.values, sitting.position = {}, ""


def _write(sittings: Sequence[Sitting]) -> None:
    """The state of sittings, in one statement."""
    if not sittings:
        return
    columns = [
        int_array(one.pk for one in sittings),
        json_array(one.values for one in sittings),
        json_array(one.channels for one in sittings),
        text_array(one.position for one in sittings),
        text_array(one.language for one in sittings),
        text_array(one.disposition for one in sittings),
        text_array(one.reason for one in sittings),
        int_array(one.answer_id for one in sittings),
        time_array(one.started_at for one in sittings),
        time_array(one.last_at for one in sittings),
        time_array(one.ended_at for one in sittings),
    ]
    with connection.cursor() as cursor:
        cursor.execute(WRITE_SITTINGS, columns)


WRITE_SITTINGS = f"""
    UPDATE {Sitting._meta.db_table} sitting SET
        "values" = given.answers, position = given.position, language = given.language,
        channels = ARRAY(SELECT jsonb_array_elements_text(given.channels)),
        disposition = given.disposition, reason = given.reason, answer_id = given.answer,
        started_at = given.started_at, last_at = given.last_at, ended_at = given.ended_at
    FROM unnest(
        %s::bigint[], %s::jsonb[], %s::jsonb[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
        AS given (id, answers, channels, position, language, disposition, reason, answer,
            started_at, last_at, ended_at)
    WHERE sitting.id = given.id
"""
