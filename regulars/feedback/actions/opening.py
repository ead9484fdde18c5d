"""Anonymous answers come out of the box: in groups that are large enough, in no order."""

import secrets
import uuid
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from django.db import connection, transaction
from django.utils import timezone

from regulars.core.events import publish
from regulars.core.jobs import every
from regulars.feedback.actions.answers import (
    AnswerInput,
    Fit,
    insert_answers,
    placed,
    write_signals,
)
from regulars.feedback.events import AnswersReceived
from regulars.feedback.models import Ballot, SurveyVersion
from regulars.feedback.models.surveys import BALLOT_KEY
from regulars.feedback.queries.surveys import definition_of
from regulars.feedback.rules.anonymity import LEAST_MIN, Waiting, groups_to_open, told_measures
from regulars.feedback.survey.signals import SignalDraft, drafts_of


@every("*/10 * * * *", queue="bulk")
def open_boxes(timestamp: int) -> None:
    """Take out of every box what may be shown by now."""
    for survey_id in Ballot.objects.order_by("survey").values_list("survey", flat=True).distinct():
        open_box(survey_id, now=timezone.now())


@transaction.atomic
def open_box(survey_id: int, *, now: datetime) -> int:
    """Put on record the answers of a survey's box that make groups; how many.

    All of them get this moment as their time, no channel and no customer, and ids in an order that
    says nothing; what waits on is mixed. Who calls at the same moment waits. The number of statements
    does not depend on how many there are.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"box:{survey_id}"])
    rows = list(Ballot.objects.filter(survey=survey_id).select_related("version__survey"))
    month = timezone.localtime(now).date().replace(day=1)
    groups = list(_groups(rows, month))
    taken = {one.pk for _store_id, ballots in groups for one in ballots}
    _mix([one for one in rows if one.pk not in taken])
    fits = [fit for group in groups for fit in _opened(*group, now=now)]
    if not fits:
        return 0
    fits = placed(fits)
    secrets.SystemRandom().shuffle(fits)
    ids = insert_answers(fits, now=now, is_doubted=False)
    write_signals([(ids[fit.given.key], fit) for fit in fits])
    Ballot.objects.filter(pk__in=[fit.given.key.removeprefix(BALLOT_KEY) for fit in fits]).delete()
    publish(AnswersReceived(answer_ids=tuple(sorted(ids.values()))))
    return len(ids)


def _mix(ballots: list[Ballot]) -> None:
    """Write what waits in a box anew, all of it at once and in no order; three statements at most.

    A database knows of each row by which transaction and after which others it was written, and the
    one that cast an answer also noted on the roll who answered.
    """
    Ballot.objects.filter(pk__in=[one.pk for one in ballots]).delete()
    for one in ballots:
        one.pk = uuid.uuid4()
    secrets.SystemRandom().shuffle(ballots)
    Ballot.objects.bulk_create(ballots)


def _groups(ballots: Sequence[Ballot], month: date) -> Iterator[tuple[int | None, list[Ballot]]]:
    """The groups that may come out, each with the store that is told."""
    by_id: dict[Hashable, Ballot] = {one.pk: one for one in ballots}
    by_version: dict[int, list[Waiting]] = defaultdict(list)
    for one in ballots:
        kind = (one.is_partial, one.sample)
        by_version[one.version_id].append(Waiting(one.pk, kind, one.store_id, one.month))
    versions = {one.version_id: one.version for one in ballots}
    for pk, waiting in by_version.items():
        for group in groups_to_open(waiting, least=_least(versions[pk]), month=month):
            yield group.store_id, [by_id[key] for key in group.keys]


def _least(version: SurveyVersion) -> int:
    promised = definition_of(version).anonymity
    return promised.least if promised else LEAST_MIN


def _opened(store_id: int | None, ballots: Sequence[Ballot], *, now: datetime) -> list[Fit]:
    """Answers of one group as they go on record; a measure that too few answered leaves no score."""
    version = ballots[0].version
    definition = definition_of(version)
    drafts = [drafts_of(definition, one.values) for one in ballots]
    told = told_measures(
        [{one.measure for one in each if one.measure} for each in drafts], least=_least(version)
    )
    return [
        Fit(
            AnswerInput(
                key=f"{BALLOT_KEY}{one.pk}",
                version=version,
                values=one.values,
                language=definition.language,
                channel="",
                answered_at=now,
                store_id=store_id,
                is_partial=one.is_partial,
                sample=one.sample,
            ),
            one.values,
            _told(each, told),
        )
        for one, each in zip(ballots, drafts, strict=True)
    ]


def _told(drafts: Sequence[SignalDraft], measures: Collection[str]) -> list[SignalDraft]:
    """The drafts of these measures; words whose own measure is not told stay as words."""
    kept = [one for one in drafts if one.measure in measures]
    text = drafts[0].text if drafts else ""
    if not text:
        return kept
    return [replace(kept[0], text=text), *kept[1:]] if kept else [SignalDraft("", None, None, text)]
