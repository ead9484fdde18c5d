"""Files in the form of a survey, and what employees see of them at the answers."""

import json
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.http import content_disposition_header
from django.utils.translation import get_language

from regulars.core.access import get_seen
from regulars.core.errors import NotFound
from regulars.customers.access import note_access
from regulars.feedback.actions.uploads import SentFile, SortedFiles, sort_files
from regulars.feedback.models import Survey, Upload
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.surveys import definition_of, latest_version
from regulars.feedback.queries.uploads import Named, file_questions, uploads_of
from regulars.feedback.questions.file import FileQuestion
from regulars.feedback.shown import store_name
from regulars.feedback.survey.definition import Definition
from regulars.web.pages import Shown, page, show

ROWS = 25


def form_with_files(
    request: HttpRequest, definition: Definition, *, known: frozenset[Named] | None = None
) -> tuple[QueryDict, SortedFiles]:
    """A posted form with its files as answers; of those it carries along, only the known ones.

    Without `known` a draft is tried: nothing is kept, so nothing is known.
    """
    asked = file_questions(definition)
    if not asked:
        return request.POST, SortedFiles({})
    form, fields = request.POST.copy(), dict(request.POST.lists())
    before = {
        one.name: [
            told
            for told in one.from_form(fields)
            if known is None or (one.name, told["content"], told["name"], told["type"]) in known
        ]
        for one in asked
    }
    sent = [
        SentFile(one.name, *_read(file, one.size_max))
        for one in asked
        for file in _files(request, one)
    ]
    found = sort_files(definition, before, sent)
    for one in asked:
        form.setlist(one.field, [json.dumps(value) for value in found.values[one.name]])
        form.setlist(one.dropped_field, [])
    return form, found


def _files(request: HttpRequest, question: FileQuestion) -> "list[UploadedFile[Any]]":
    """The new files of a question; one more than it takes is enough to say that they are too many."""
    return request.FILES.getlist(question.sent_field)[: question.count_max + 1]


def _read(file: "UploadedFile[Any]", size_max: int) -> tuple[str, int, bytes]:
    size = file.size or 0
    return file.name or "", size, file.read() if size <= size_max else b""


@page("listen/surveys/<int:survey_id>/files", needs="feedback.view_signal")
def survey_files(request: HttpRequest, survey_id: int) -> Shown:
    """The files that came with the answers to a survey."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    definition, language = definition_of(latest_version(survey)), get_language() or "en"
    titles = {one.name: one.heading(language[:2]) for one in definition.questions()}
    rows = uploads_of(survey, seen_by=viewer(request))
    listed = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    return show(
        request,
        "feedback/survey_files.html",
        survey=survey,
        listed=listed,
        rows=[
            {
                "file": one,
                "question": titles.get(one.question, one.question),
                "store": store_name(one.answer.store if one.answer else None),
            }
            for one in listed
        ],
    )


@page("listen/files/<int:upload_id>", needs="feedback.view_signal")
def sent_file(request: HttpRequest, upload_id: int) -> Shown:
    """One file to be saved; never opened in the browser, whatever is in it."""
    rows = Upload.objects.select_related("answer")
    found = get_seen(Upload, upload_id, seen_by=viewer(request), rows=rows)
    if found.answer is None:
        raise NotFound("not_found", f"no answer has the file {upload_id}", "upload_id")
    if found.answer.customer_id is not None:
        note_access(request, [found.answer.customer_id])
    response = HttpResponse(bytes(found.content), content_type=found.media_type)
    response["Content-Disposition"] = content_disposition_header(True, found.name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox"
    return response
