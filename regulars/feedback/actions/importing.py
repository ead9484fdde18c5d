"""Surveys of other programs, taken over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from django.db import transaction
from django.utils.translation import gettext as _

from regulars.company.models import Employee
from regulars.core.errors import Refused
from regulars.feedback.actions.surveys import create_survey, open_survey, problems_of
from regulars.feedback.importing.losses import Loss
from regulars.feedback.importing.surveyjs import read_surveyjs
from regulars.feedback.importing.xlsform import read_xlsform
from regulars.feedback.models import Survey
from regulars.feedback.survey.texts import text_in

READERS = {".json": read_surveyjs, ".xlsx": read_xlsform}
"""By the ending of the file."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A survey that was taken over, and what of it could not be."""

    survey: Survey
    losses: Sequence[Loss]


@transaction.atomic
def import_survey(
    sent: bytes, file_name: str, *, name: str = "", now: datetime, author: Employee | None = None
) -> Imported:
    """A survey from a file of SurveyJS (.json) or XLSForm (.xlsx); closed until somebody opens it.

    Raises Refused for what is no such file and for what is too large; nothing is written then.
    """
    path = PurePath(file_name)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        said = _("Surveys come as SurveyJS (.json) or XLSForm (.xlsx).")
        raise Refused("unknown_format", said, "file")
    definition, losses = reader(sent, examine=problems_of)
    title = text_in(definition.get("title", ""), "en").strip()
    survey = create_survey(
        name=name.strip() or title or path.stem or _("Survey"),
        definition=definition,
        now=now,
        author=author,
    )
    open_survey(survey, is_open=False)
    survey.is_open = False
    return Imported(survey, losses)
