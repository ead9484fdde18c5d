"""The answers of one survey as a file."""

from typing import Annotated

from django.http import FileResponse
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from regulars.core.access import get_seen
from regulars.core.api.operations import reads
from regulars.core.api.requests import ApiRequest
from regulars.feedback.exporting.files import answers_as_file
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
