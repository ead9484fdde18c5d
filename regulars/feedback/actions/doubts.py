"""Doubts about answers: found as they come in, and what people make of them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from regulars.company.models import Employee
from regulars.core.access import seen
from regulars.core.errors import Refused
from regulars.feedback.models import Answer, Signal, SurveyVersion
from regulars.feedback.models.surveys import BALLOT_KEY
from regulars.feedback.queries.surveys import definition_of
from regulars.feedback.rules.quality import Said, fingerprint, flags_of
from regulars.feedback.survey.question import Question


@dataclass(frozen=True, slots=True)
class Doubts:
    """The flags of one answer by itself, and what makes another one the same; empty says nothing."""

    flags: Sequence[str]
    fingerprint: str


NO_DOUBTS = Doubts((), "")


def doubts_of(
    version: SurveyVersion, values: Mapping[str, Any], language: str, duration_s: int | None
) -> Doubts:
    """The doubts about one answer; without a duration nobody is held to be too quick."""
    asked = [one for one in definition_of(version).questions() if one.name in values]
    said = Said(
        duration_s,
        words=sum(len(one.heading(language).split()) for one in asked),
        questions=len(asked),
        lines=list(_lines(asked, values)),
    )
    print_ = fingerprint(values, [one for one in values.values() if isinstance(one, str)])
    digest = hashlib.blake2b(print_.encode(), digest_size=16).hexdigest() if print_ else ""
    return Doubts(flags_of(said), digest)


def _lines(asked: Sequence[Question], values: Mapping[str, Any]) -> Iterator[list[Any]]:
    """The ratings of the survey together, and the rows of each matrix."""
    yield [values[one.name] for one in asked if one.scale]
    for one in asked:
        if isinstance(values[one.name], dict):
            yield list(values[one.name].values())


@transaction.atomic
def set_aside(answer_ids: Sequence[int], *, employee: Employee, now: datetime) -> int:
    """Take answers out of all scores; how many were in. They stay on record and can come back.

    Raises Refused for an anonymous one.
    """
    rows = seen(Answer, employee).filter(pk__in=answer_ids, set_aside_at__isnull=True)
    if rows.filter(key__startswith=BALLOT_KEY).exists():
        words = _("Figures with and without one anonymous answer would tell what it says.")
        raise Refused("not_anonymous", words)
    ids = list(rows.values_list("pk", flat=True))
    Answer.objects.filter(pk__in=ids).update(set_aside_at=now)
    Signal.objects.filter(answer__in=ids).update(is_set_aside=True)
    return len(ids)


@transaction.atomic
def take_back(answer_ids: Sequence[int], *, employee: Employee) -> int:
    """Undo of `set_aside`: scores count these answers again; how many did change."""
    rows = seen(Answer, employee).filter(pk__in=answer_ids, set_aside_at__isnull=False)
    ids = list(rows.values_list("pk", flat=True))
    Answer.objects.filter(pk__in=ids).update(set_aside_at=None)
    Signal.objects.filter(answer__in=ids).update(is_set_aside=False)
    return len(ids)
