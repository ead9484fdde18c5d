"""Drafts of surveys: edits kept step by step, until they are published as a version."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from regulars.company.models import Employee
from regulars.core.errors import Conflict, Refused
from regulars.core.texts import storable
from regulars.feedback.actions.surveys import publish_version
from regulars.feedback.building.edits import Raw, arranged
from regulars.feedback.models import DraftStep, Survey, SurveyVersion
from regulars.feedback.queries.surveys import latest_version
from regulars.feedback.survey.problems import Problem
from regulars.feedback.wording import sentence_for

STEPS_MAX = 60
"""So many edits can be undone one by one; older ones only all at once."""
SIZE_MAX = 400_000
"""Characters of a definition."""

Edit = Callable[[Raw], Raw]


@dataclass(frozen=True, slots=True)
class Draft:
    """A definition that is being built; step 0 is the published version itself."""

    step: int
    definition: Raw

    @property
    def is_changed(self) -> bool:
        """Whether there is something to publish."""
        return self.step > 0


def draft_of(survey: Survey) -> Draft:
    """The draft of a survey, or what is published where nobody has edited anything."""
    last = DraftStep.objects.filter(survey=survey).order_by("-number").first()
    if last is not None:
        return Draft(last.number, last.definition)
    return Draft(0, arranged(latest_version(survey).definition))


def draft_at(survey: Survey, step: int) -> Draft | None:
    """The draft as it was at a step; None where that step is gone."""
    if step == 0:
        return Draft(0, arranged(latest_version(survey).definition))
    found = DraftStep.objects.filter(survey=survey, number=step).first()
    return Draft(step, found.definition) if found else None


@transaction.atomic
def edit_draft(
    survey: Survey, edit: Edit, *, after: int, now: datetime, author: Employee | None
) -> Draft:
    """The draft after one more edit of the step that its author saw.

    Raises Conflict where somebody else has edited meanwhile, and what the edit raises.
    """
    draft = _seen(survey, after)
    made = edit(draft.definition)
    if made == draft.definition:
        return draft
    if len(str(made)) > SIZE_MAX:
        raise Refused("too_large", f"a survey has at most {SIZE_MAX} characters", "definition")
    _check_storable(made)
    step = DraftStep.objects.create(
        survey=survey, number=draft.step + 1, definition=made, made_at=now, made_by=author
    )
    DraftStep.objects.filter(survey=survey, number__lte=step.number - STEPS_MAX).delete()
    return Draft(step.number, made)


@transaction.atomic
def undo_edit(survey: Survey, *, after: int) -> Draft:
    """The draft without its last edit. Raises Conflict like `edit_draft`."""
    _seen(survey, after)
    DraftStep.objects.filter(survey=survey, number=after).delete()
    return draft_of(survey)


def discard_draft(survey: Survey) -> None:
    """Leave the survey as it is published."""
    DraftStep.objects.filter(survey=survey).delete()


@transaction.atomic
def publish_draft(
    survey: Survey, *, after: int, now: datetime, author: Employee | None
) -> SurveyVersion:
    """The draft as the version that is asked from now on. Raises DefinitionRefused, Conflict."""
    draft = _seen(survey, after)
    version = publish_version(survey, definition=draft.definition, now=now, author=author)
    discard_draft(survey)
    return version


def _check_storable(made: Raw) -> None:
    try:
        storable(made)
    except ValueError as fault:
        said = sentence_for(Problem("not_storable", "survey"))
        raise Refused("not_storable", said, "rest") from fault


def _seen(survey: Survey, step: int) -> Draft:
    """The draft, locked, if it is at the step that somebody saw."""
    Survey.objects.select_for_update().get(pk=survey.pk)
    draft = draft_of(survey)
    if draft.step != step:
        words = "somebody else has edited this survey meanwhile; look at it again"
        raise Conflict("edited_meanwhile", words, "after")
    return draft
