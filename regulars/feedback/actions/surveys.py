"""Surveys and their versions."""

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from regulars.company.models import Employee, Store
from regulars.core.errors import Refused
from regulars.feedback.actions.quotas import keep_quotas
from regulars.feedback.models import PublicLink, Quota, Survey, SurveyVersion
from regulars.feedback.survey.definition import Definition, examine
from regulars.feedback.survey.problems import Problem
from regulars.feedback.wording import named_sentence_for
from regulars.journey.actions import ensure_defaults
from regulars.journey.models import Touchpoint

CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters that look alike, since people type codes from posters."""


class DefinitionRefused(Refused):
    """A definition that cannot be asked, with every problem in it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("definition_unreadable", named_sentence_for(problems[0]), "definition")
        self.problems = tuple(problems)


def problems_of(raw: object) -> tuple[Definition | None, list[Problem]]:
    """The definition that JSON describes and everything wrong with it, touchpoint included."""
    definition, problems = examine(raw)
    if definition is not None and definition.touchpoint:
        codes = set(_touchpoint_codes())
        if codes and definition.touchpoint not in codes:
            named = {"name": definition.touchpoint}
            problems.append(Problem("unknown_touchpoint", "regulars", named))
    return definition, problems


def _touchpoint_codes() -> Iterable[str]:
    return Touchpoint.objects.filter(retired_at__isnull=True).values_list("code", flat=True)


@transaction.atomic
def create_survey(
    *,
    name: str,
    definition: Any,
    now: datetime,
    author: Employee | None = None,
    sample: bool = False,
) -> Survey:
    """A new survey with its first version and its public link. Raises DefinitionRefused."""
    if not name.strip():
        raise Refused("name_missing", "the survey needs a name", "name")
    if not Touchpoint.objects.exists():
        ensure_defaults(now=now)
    survey = Survey.objects.create(name=name.strip()[:100], sample=sample)
    publish_version(survey, definition=definition, now=now, author=author)
    PublicLink.objects.create(survey=survey, code=_new_code())
    return survey


@transaction.atomic
def publish_version(
    survey: Survey, *, definition: Any, now: datetime, author: Employee | None = None
) -> SurveyVersion:
    """The version that is asked from now on; the same definition again gives the latest one.

    Those who began with an older version finish with it. Raises DefinitionRefused.
    """
    read, problems = problems_of(definition)
    if problems or read is None:
        raise DefinitionRefused(problems)
    Survey.objects.select_for_update().get(pk=survey.pk)
    last = SurveyVersion.objects.filter(survey=survey).order_by("-number").first()
    if last is not None and last.definition == definition:
        return last
    if read.anonymity and Quota.objects.filter(survey=survey).exists():
        raise DefinitionRefused([Problem("not_anonymous", "regulars", {"property": "quotas"})])
    keep_quotas(survey, read.extension.quotas)
    return SurveyVersion.objects.create(
        survey=survey,
        number=last.number + 1 if last else 1,
        definition=definition,
        published_at=now,
        published_by=author,
    )


def open_survey(survey: Survey, *, is_open: bool) -> None:
    """Let a survey take answers, or stop it."""
    Survey.objects.filter(pk=survey.pk).update(is_open=is_open)


def rename_survey(survey: Survey, *, name: str) -> None:
    """Give a survey another name."""
    if not name.strip():
        raise Refused("name_missing", "the survey needs a name", "name")
    Survey.objects.filter(pk=survey.pk).update(name=name.strip()[:100])


def link_for(survey: Survey, *, store: Store | None) -> PublicLink:
    """The public link of a survey in a store, or for everybody; the same one each time."""
    link, _ = PublicLink.objects.get_or_create(
        survey=survey, store=store, defaults={"code": _new_code()}
    )
    return link


def _new_code() -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(8))
