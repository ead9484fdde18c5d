"""Surveys and answers as files: in and out."""

from typing import Annotated

from django.http import FileResponse, HttpResponse
from django.utils import timezone
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from regulars.core.access import get_seen
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.feedback.actions.importing import import_survey
from regulars.feedback.exporting.files import answers_as_file
from regulars.feedback.exporting.report import report_of
from regulars.feedback.models import Survey

router = Router(tags=["Feedback"])


class FileAsk(Schema):
    """Which format, and in which language its labels are."""

    format: Annotated[str, Field(max_length=20, examples=["csv", "xlsx", "parquet", "sav"])] = "csv"
    language: Annotated[str, Field(max_length=10)] = "en"


@router.get("/surveys/{int:survey_id}/answers/file", **reads("answers:read"))
def survey_answers_file(request: ApiRequest, survey_id: int, ask: Query[FileAsk]) -> FileResponse:
    """Every answer of a survey as CSV, XLSX, Parquet or SPSS SAV, a column for each question."""
    return answers_as_file(
        get_seen(Survey, survey_id, seen_by=request.auth),
        ask.format,
        language=ask.language,
        seen_by=request.auth,
        now=timezone.localtime(),
    )


class ReportAsk(Schema):
    """In which language the report is."""

    language: Annotated[str, Field(pattern="^(en|ru)$")] = "en"


@router.get("/surveys/{int:survey_id}/report", **reads("answers:read"))
def survey_report(request: ApiRequest, survey_id: int, ask: Query[ReportAsk]) -> HttpResponse:
    """The results of a survey as a PDF, in English or Russian."""
    survey = get_seen(Survey, survey_id, seen_by=request.auth)
    made = report_of(survey, language=ask.language, seen_by=request.auth, now=timezone.localtime())
    return HttpResponse(made, content_type="application/pdf")


class LossOut(Schema):
    """What could not be carried: where it stands in the file, why, and what was done instead."""

    path: str = Field(examples=["pages[0].elements[3].choicesByUrl"])
    code: str = Field(examples=["unknown_property"])
    reason: str
    instead: str = Field(examples=["left_out"])


class ImportedSurveyOut(Schema):
    """The new survey, closed until it is opened, and the report."""

    survey_id: int
    name: str
    losses: list[LossOut]


class SurveyFileAsk(Schema):
    """What the survey is to be called; empty takes its own title."""

    name: Annotated[str, Field(max_length=100)] = ""


@router.post("/surveys/import", response={201: ImportedSurveyOut}, **writes("surveys:write"))
def import_survey_file(
    request: ApiRequest, ask: Form[SurveyFileAsk], file: File[UploadedFile]
) -> Status[ImportedSurveyOut]:
    """A survey from a file of SurveyJS (.json) or XLSForm (.xlsx), with what could not be carried."""
    found = import_survey(file.read(), file.name or "", name=ask.name, now=timezone.now())
    return Status(
        201,
        ImportedSurveyOut(
            survey_id=found.survey.pk,
            name=found.survey.name,
            losses=[LossOut.from_orm(one) for one in found.losses],
        ),
    )
