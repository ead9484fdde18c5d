"""Answers: checked by the survey engine, written once, and turned into signals."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from regulars.core.errors import Refused
from regulars.core.events import publish
from regulars.core.sql import int_array, json_array, text_array, time_array
from regulars.customers.actions.timeline import TimelineNote, note_on_timeline
from regulars.feedback.actions.answered import mark_answered, mark_cast, passed_before
from regulars.feedback.actions.casting import CastInput, cast_ballots
from regulars.feedback.actions.doubts import NO_DOUBTS, doubts_of
from regulars.feedback.actions.quotas import note_places, take_places
from regulars.feedback.events import AnswersReceived
from regulars.feedback.models import Answer, Signal, Survey, SurveyVersion
from regulars.feedback.queries.quotas import QuotaFacts
from regulars.feedback.queries.surveys import definition_of
from regulars.feedback.queries.uploads import known_files, strange_files
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.path import complete
from regulars.feedback.survey.problems import Problem
from regulars.feedback.survey.signals import SignalDraft, drafts_of
from regulars.feedback.wording import sentence_for
from regulars.journey.actions import PassageInput, record_passages
from regulars.journey.models import Touchpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerInput:
    """One respondent's answers as they came in; the key names what makes a repeat a repeat."""

    key: str
    version: SurveyVersion
    values: Mapping[str, Any]
    language: str
    channel: str
    answered_at: datetime
    invitation_id: int | None = None
    customer_id: int | None = None
    store_id: int | None = None
    served_by_id: int | None = None
    touchpoint_id: int | None = None
    is_passage: bool = True
    is_partial: bool = False
    duration_s: int | None = None
    sample: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one input: the answer and whether it is new, or what stood against it.

    That is the problems with it, or the name of the quota that was full.
    """

    key: str
    answer_id: int | None = None
    is_new: bool = False
    problems: tuple[Problem, ...] = ()
    full_quota: str = ""
    is_cast: bool = False
    """It lies in the box of an anonymous survey, where nobody can tell which one it is."""


class AnswerRefused(Refused):
    """Answers that do not fit their survey; names every question that is to blame."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        super().__init__("answer_does_not_fit", sentence_for(first), f"values.{first.element}")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Fit:
    """An input that passed the engine, with its cleaned values and its signals."""

    given: AnswerInput
    values: dict[str, Any]
    drafts: list[SignalDraft] = field(default_factory=list)


def receive_answer(given: AnswerInput, *, now: datetime) -> Received:
    """Put one answer on record and say which one it is; a repeat gives the first one again.

    Raises AnswerRefused, which names the questions, when the answers do not fit the survey.
    """
    received = receive_answers([given], now=now)[0]
    if received.problems:
        raise AnswerRefused(received.problems)
    if received.full_quota:
        raise quota_is_full(received.full_quota)
    return received


def quota_is_full(name: str) -> Refused:
    """The refusal of an answer for which there is no place left."""
    return Refused("quota_full", f"enough people of this kind have answered: {name}", "values")


@transaction.atomic
def receive_answers(batch: Sequence[AnswerInput], *, now: datetime) -> list[Received]:
    """Put answers on record, each exactly once, with signals, timeline and passages.

    What does not fit its survey is left out and comes back with its problems, and what meets a full
    quota with its name. The number of statements does not depend on the size of the batch.
    """
    fits, refused = _checked(batch)
    cast, fits = _cast(fits, now=now)
    fits = placed(fits)
    new_ids = insert_answers(fits, now=now)
    fits, full = _with_places(fits, new_ids)
    known_ids = _known_answers(fit.given.key for fit in fits if fit.given.key not in new_ids)
    new = [(new_ids[fit.given.key], fit) for fit in fits if fit.given.key in new_ids]
    if new:
        write_signals(new)
        mark_answered(_invited(new), now=now)
        _tell_others(new)
        publish(AnswersReceived(answer_ids=tuple(answer_id for answer_id, _ in new)))
    ids = known_ids | new_ids
    return [
        refused.get(index)
        or full.get(given.key)
        or cast.get(given.key)
        or Received(given.key, answer_id=ids[given.key], is_new=given.key in new_ids)
        for index, given in enumerate(batch)
    ]


def _checked(batch: Sequence[AnswerInput]) -> tuple[list[Fit], dict[int, Received]]:
    """The inputs that fit their survey, one for each key, and the refusals by position."""
    fits: dict[str, Fit] = {}
    refused: dict[int, Received] = {}
    known = known_files(batch)
    for index, given in enumerate(batch):
        definition = definition_of(given.version)
        checked = complete(definition, given.values)
        strange = strange_files(definition, checked.values, known.get(given.key, frozenset()))
        found = (*checked.problems, *strange)
        problems = tuple(one for one in found if not _is_forgiven(one, given))
        if problems:
            refused[index] = Received(given.key, problems=problems)
        elif not checked.values:
            nothing = Problem("required", next(definition.questions()).name)
            refused[index] = Received(given.key, problems=(nothing,))
        else:
            drafts = drafts_of(definition, checked.values)
            fits.setdefault(given.key, Fit(given, checked.values, drafts))
    return list(fits.values()), refused


def _cast(fits: Sequence[Fit], *, now: datetime) -> tuple[dict[str, Received], list[Fit]]:
    """Put what was promised anonymity into the box, and give back the others.

    Of the customer only that they have answered is noted, on invitation and sitting.
    """
    secret = [fit for fit in fits if _definition(fit).anonymity]
    if not secret:
        return {}, list(fits)
    new = cast_ballots([_ballot(fit) for fit in secret], now=now)
    mark_cast(_invited([(0, fit) for fit in secret if fit.given.key in new]), now=now)
    received = {
        fit.given.key: Received(fit.given.key, is_new=fit.given.key in new, is_cast=True)
        for fit in secret
    }
    return received, [fit for fit in fits if fit.given.key not in received]


def _ballot(fit: Fit) -> CastInput:
    given = fit.given
    return CastInput(
        given.key,
        given.version,
        fit.values,
        given.store_id,
        is_partial=given.is_partial,
        sample=given.sample,
    )


def _is_forgiven(problem: Problem, given: AnswerInput) -> bool:
    """Who broke off left questions open that must be answered."""
    return given.is_partial and problem.code == "required"


def _with_places(
    fits: Sequence[Fit], new_ids: dict[str, int]
) -> tuple[list[Fit], dict[str, Received]]:
    """The answers that found a place in their quotas; those that did not are taken back.

    They are written before a place is taken, because only then a repeat is known to be one.
    """
    new = [fit for fit in fits if fit.given.key in new_ids and not fit.given.sample]
    taken = dict(zip([fit.given.key for fit in new], take_places(_facts(new)), strict=True))
    full = {key: Received(key, full_quota=one.full) for key, one in taken.items() if one.full}
    if full:
        Answer.objects.filter(pk__in=[new_ids.pop(key) for key in full]).delete()
    note_places({new_ids[key]: one.quota_ids for key, one in taken.items() if one.quota_ids})
    return [fit for fit in fits if fit.given.key not in full], full


def _facts(fits: Sequence[Fit]) -> list[QuotaFacts]:
    return [
        QuotaFacts(
            fit.given.version.survey_id,
            fit.values,
            fit.given.channel,
            fit.given.language,
            fit.given.store_id,
        )
        for fit in fits
    ]


def placed(fits: Sequence[Fit]) -> list[Fit]:
    """The same with the touchpoint that each survey is about, where none was given; one statement."""
    codes = {id(fit): _definition(fit).touchpoint for fit in fits if not fit.given.touchpoint_id}
    wanted = {code for code in codes.values() if code}
    rows = Touchpoint.objects.filter(code__in=wanted).values_list("code", "pk") if wanted else ()
    ids = dict(rows)
    return [
        replace(fit, given=replace(fit.given, touchpoint_id=ids.get(codes[id(fit)])))
        if codes.get(id(fit))
        else fit
        for fit in fits
    ]


def _definition(fit: Fit) -> Definition:
    return definition_of(fit.given.version)


def insert_answers(
    fits: Sequence[Fit], *, now: datetime, is_doubted: bool = True
) -> dict[str, int]:
    """Write the answers that are not there yet; their ids by key. One statement.

    They are looked at for doubts unless `is_doubted` is False.
    """
    if not fits:
        return {}
    given = [fit.given for fit in fits]
    doubts = [
        NO_DOUBTS
        if fit.given.sample or not is_doubted  # what is made up is alike
        else doubts_of(fit.given.version, fit.values, fit.given.language, fit.given.duration_s)
        for fit in fits
    ]
    columns = [
        text_array(one.key for one in given),
        int_array(one.version.survey_id for one in given),
        int_array(one.version.pk for one in given),
        int_array(one.invitation_id for one in given),
        int_array(one.customer_id for one in given),
        int_array(one.touchpoint_id for one in given),
        int_array(one.store_id for one in given),
        int_array(one.served_by_id for one in given),
        json_array(fit.values for fit in fits),
        text_array(one.language for one in given),
        text_array(one.channel for one in given),
        time_array(one.answered_at for one in given),
        int_array(int(one.is_partial) for one in given),
        int_array(one.duration_s for one in given),
        json_array(one.flags for one in doubts),
        text_array(one.fingerprint for one in doubts),
        int_array(int(one.sample) for one in given),
    ]
    with connection.cursor() as cursor:
        cursor.execute(INSERT_ANSWERS, [now, *columns])
        return dict(cursor.fetchall())


INSERT_ANSWERS = f"""
    INSERT INTO {Answer._meta.db_table} (
        received_at, key, survey_id, version_id, invitation_id, customer_id, touchpoint_id,
        store_id, served_by_id, "values", language, channel, answered_at, is_partial, duration_s,
        quota_ids, flags, fingerprint, sample)
    SELECT %s, key, survey, version, invitation, customer, touchpoint,
        store, server, answers, language, channel, answered_at, is_partial = 1, duration_s, '{{}}',
        ARRAY(SELECT jsonb_array_elements_text(flags)) || CASE WHEN EXISTS (
            SELECT FROM {Answer._meta.db_table} known
            WHERE known.survey_id = survey AND known.fingerprint = given.fingerprint
                AND known.fingerprint <> '') THEN ARRAY['duplicate'] ELSE '{{}}' END,
        fingerprint, sample = 1
    FROM unnest(
        %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s::jsonb[], %s::text[], %s::text[], %s::timestamptz[],
        %s::int[], %s::int[], %s::jsonb[], %s::text[], %s::int[])
        AS given (key, survey, version, invitation, customer, touchpoint, store, server,
            answers, language, channel, answered_at, is_partial, duration_s, flags, fingerprint, sample)
    ORDER BY key
    ON CONFLICT (key) DO NOTHING
    RETURNING key, id
"""
"""In the order of keys, so that two batches with the same answers cannot wait for each other."""


def _known_answers(keys: Iterable[str]) -> dict[str, int]:
    wanted = list(keys)
    if not wanted:
        return {}
    return dict(Answer.objects.filter(key__in=wanted).values_list("key", "pk"))


def write_signals(new: Sequence[tuple[int, Fit]]) -> None:
    """Write the signals of answers that are on record by these ids; one statement."""
    Signal.objects.bulk_create(
        [_signal(answer_id, fit.given, draft) for answer_id, fit in new for draft in fit.drafts],
        ignore_conflicts=True,
    )


def _signal(answer_id: int, given: AnswerInput, draft: SignalDraft) -> Signal:
    return Signal(
        cause=f"answer:{answer_id}:{draft.measure or 'words'}",
        method="survey",
        channel=given.channel,
        touchpoint_id=given.touchpoint_id,
        store_id=given.store_id,
        served_by_id=given.served_by_id,
        customer_id=given.customer_id,
        survey_id=given.version.survey_id,
        answer_id=answer_id,
        at=given.answered_at,
        measure=draft.measure,
        native_score=draft.native_score,
        share=draft.share,
        text=draft.text,
        language=given.language,
        is_unhappy=draft.is_unhappy,
        sample=given.sample,
    )


def _invited(new: Sequence[tuple[int, Fit]]) -> list[tuple[int, datetime]]:
    """The invitations that were answered, and when."""
    given = [fit.given for _, fit in new]
    return [(one.invitation_id, one.answered_at) for one in given if one.invitation_id]


def _tell_others(new: Sequence[tuple[int, Fit]]) -> None:
    """Note the answers on timelines, and the passages that nothing else told of."""
    names = _survey_names(fit.given.version.survey_id for _, fit in new)
    note_on_timeline([_note(pk, fit, names=names) for pk, fit in new if fit.given.customer_id])
    told = passed_before([pk for pk, _at in _invited(new)])
    record_passages([_passage(pk, fit.given) for pk, fit in new if _makes_passage(fit.given, told)])


def _survey_names(survey_ids: Iterable[int]) -> dict[int, str]:
    return dict(Survey.objects.filter(pk__in=set(survey_ids)).values_list("pk", "name"))


def _note(answer_id: int, fit: Fit, *, names: dict[int, str]) -> TimelineNote:
    given, first = fit.given, fit.drafts[0] if fit.drafts else None
    assert given.customer_id is not None
    body: dict[str, Any] = {"title": names[given.version.survey_id], "answer_id": answer_id}
    if given.served_by_id:
        body["served_by_id"] = given.served_by_id
    if first is not None:
        body |= {"measure": first.measure, "score": first.native_score, "text": first.text}
    return TimelineNote(
        customer_id=given.customer_id,
        at=given.answered_at,
        kind="feedback.answer_received",
        cause=f"answer:{answer_id}",
        store_id=given.store_id,
        body=body,
        sample=given.sample,
        is_act=True,
    )


def _makes_passage(given: AnswerInput, told: Container[tuple[int | None, int]]) -> bool:
    """Whether nothing else told of the passage: no purchase, and no passage that led to asking."""
    if not given.is_passage or given.touchpoint_id is None:
        return False
    return (given.invitation_id, given.touchpoint_id) not in told


def _passage(answer_id: int, given: AnswerInput) -> PassageInput:
    assert given.touchpoint_id is not None
    return PassageInput(
        touchpoint_id=given.touchpoint_id,
        customer_id=given.customer_id,
        store_id=given.store_id,
        served_by_id=given.served_by_id,
        at=given.answered_at,
        cause=f"answer:{answer_id}",
        sample=given.sample,
    )
