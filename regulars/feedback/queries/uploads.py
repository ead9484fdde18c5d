"""Files that respondents sent: which ones an answer may name, and which ones employees see."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import QuerySet

from regulars.core.access import Viewer, seen
from regulars.feedback.models import Sitting, Survey, Upload
from regulars.feedback.queries.surveys import definition_of
from regulars.feedback.questions.file import REFERENCE, FileQuestion, files_in
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.problems import Problem

Named = tuple[str, str, str, str]
"""The question, and the reference, name and type of a file."""

KnownFiles = Mapping[str, frozenset[Named]]
"""The files that were sent, by the key of their sitting."""


def file_questions(definition: Definition) -> list[FileQuestion]:
    """The questions that ask for files."""
    return [one for one in definition.questions() if isinstance(one, FileQuestion)]


def known_files(given: Iterable[Any]) -> KnownFiles:
    """The files of sittings, or of answers that come in; both have a key and a version.

    No statement is made where nobody asks for files.
    """
    keys = {one.key for one in given if file_questions(definition_of(one.version))}
    found: dict[str, set[Named]] = defaultdict(set)
    if keys:
        rows = Upload.objects.filter(sitting__key__in=keys)
        told = rows.values_list("sitting__key", "question", "key", "name", "media_type")
        for sitting, question, key, name, media_type in told:
            found[sitting].add((question, f"{REFERENCE}{key}", name, media_type))
    return {key: frozenset(files) for key, files in found.items()}


def known_files_of(sitting: Sitting) -> frozenset[Named]:
    """The files that were sent in one sitting."""
    return known_files([sitting]).get(sitting.key, frozenset())


def strange_files(
    definition: Definition, values: Mapping[str, Any], known: frozenset[Named]
) -> list[Problem]:
    """A problem for every answer that names a file which was not sent for it."""
    return [
        Problem("unknown_file", question.name)
        for question in file_questions(definition)
        if any(one not in known for one in _named(question.name, values))
    ]


def _named(question: str, values: Mapping[str, Any]) -> Iterator[Named]:
    for one in files_in(values.get(question)):
        yield question, one["content"], one["name"], one["type"]


def uploads_of(survey: Survey, *, seen_by: Viewer) -> QuerySet[Upload]:
    """The files that came with answers to a survey, the latest first, without their bytes."""
    rows = seen(Upload, seen_by).filter(answer__survey=survey).defer("content")
    return rows.select_related("answer__store").order_by("-at", "-pk")


def uploads_with(answer_ids: Iterable[int], *, seen_by: Viewer) -> dict[int, list[Upload]]:
    """The files of these answers, by answer, without their bytes."""
    found: dict[int, list[Upload]] = defaultdict(list)
    rows = seen(Upload, seen_by).filter(answer__in=list(answer_ids)).defer("content")
    for one in rows.order_by("pk"):
        assert one.answer_id is not None
        found[one.answer_id].append(one)
    return dict(found)
