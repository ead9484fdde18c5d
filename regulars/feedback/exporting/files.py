"""A download of the answers of one survey."""

import tempfile
from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet
from django.http import FileResponse

from regulars.core.access import Viewer, seen
from regulars.core.errors import NotFound
from regulars.feedback.exporting import formats
from regulars.feedback.exporting.sheets import BATCH, Cell, Column, Sheet, columns_of
from regulars.feedback.models import Answer, Survey
from regulars.feedback.queries.surveys import definition_of, versions_of


def answers_as_file(
    survey: Survey, format: str, *, language: str, seen_by: Viewer, now: datetime
) -> FileResponse:
    """The answers that this viewer may see in a format of `formats`, made on the disk.

    The number of statements does not depend on how many there are but for one in each batch read.
    """
    if format not in formats.kinds():
        known = ", ".join(formats.kinds())
        raise NotFound("unknown_format", f"answers come as {known}", "format")
    chosen = formats.get(format)
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    try:
        chosen.write(file, sheet_of(survey, language=language, seen_by=seen_by))
    except BaseException:
        file.close()
        raise
    file.seek(0)
    name = f"answers-{survey.pk}-{now:%Y-%m-%d}.{format}"
    return FileResponse(file, as_attachment=True, filename=name, content_type=chosen.content_type)


def sheet_of(survey: Survey, *, language: str, seen_by: Viewer) -> Sheet:
    """The answers as a table, the oldest first, with a column for questions of every version."""
    definitions = {version.number: definition_of(version) for version in versions_of(survey)}
    columns = columns_of(definitions, language)
    answers = seen(Answer, seen_by).filter(survey=survey)
    related = answers.select_related("version", "store", "touchpoint").order_by("pk")
    return Sheet(survey.name, columns, _rows(related, columns))


def _rows(answers: QuerySet[Answer], columns: list[Column]) -> Iterator[list[Cell]]:
    for answer in answers.iterator(chunk_size=BATCH):
        yield [column.read(answer) for column in columns]
