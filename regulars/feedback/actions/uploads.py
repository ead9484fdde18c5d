"""Files that respondents send: taken or refused, kept with their sitting, gone with what they belong to."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from regulars.core.jobs import every
from regulars.core.sql import int_array
from regulars.core.texts import keepable
from regulars.feedback.models import Sitting, Upload
from regulars.feedback.queries.surveys import definition_of
from regulars.feedback.queries.uploads import file_questions
from regulars.feedback.questions.file import (
    REFERENCE,
    FileQuestion,
    files_in,
    kinds_of,
    megabytes,
)
from regulars.feedback.rules.uploads import judged_type, short_name
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.problems import Problem

LEFT_AFTER = timedelta(days=30)
"""So long a file waits for the end of a survey that somebody began."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """One file as it came in; of one that is too large nobody reads the content."""

    question: str
    name: str
    size: int
    content: bytes


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that is taken: the key that its answer names it by, and its type as it was judged."""

    key: uuid.UUID
    question: str
    name: str
    media_type: str
    content: bytes

    @property
    def value(self) -> dict[str, str]:
        """What the answer says of it."""
        return {"name": self.name, "type": self.media_type, "content": f"{REFERENCE}{self.key}"}


@dataclass(frozen=True, slots=True)
class SortedFiles:
    """The answers to questions for files with what came in, what is new, and what was refused."""

    values: Mapping[str, list[dict[str, str]]]
    new: tuple[NewFile, ...] = ()
    problems: tuple[Problem, ...] = ()


def sort_files(
    definition: Definition, before: Mapping[str, Any], sent: Sequence[SentFile]
) -> SortedFiles:
    """Take what fits its question beside the files before; the rest is refused, each with a reason.

    A question for one file takes a new one in the place of the one before.
    """
    values: dict[str, list[dict[str, str]]] = {}
    new: list[NewFile] = []
    problems: list[Problem] = []
    for question in file_questions(definition):
        mine = [one for one in sent if one.question == question.name]
        judged = [_judged(question, one) for one in mine]
        taken = [one for one in judged if isinstance(one, NewFile)]
        kept = files_in(before.get(question.name)) if question.allow_multiple or not taken else []
        room = max(0, question.count_max - len(kept))
        problems += [one for one in judged if isinstance(one, Problem)]
        if len(taken) > room:
            detail = {"count_max": str(question.count_max)}
            problems.append(Problem("too_many_files", question.name, detail))
        values[question.name] = [*kept, *(one.value for one in taken[:room])]
        new += taken[:room]
    return SortedFiles(values, tuple(new), tuple(problems))


def _judged(question: FileQuestion, sent: SentFile) -> NewFile | Problem:
    name = short_name(keepable(sent.name).strip())
    if sent.size > question.size_max:
        detail = {"name": name, "size_mb": megabytes(question.size_max)}
        return Problem("file_too_large", question.name, detail)
    media_type = judged_type(name, sent.content)
    if media_type not in question.media_types:
        detail = {"name": name, "kinds": kinds_of(question.media_types)}
        return Problem("file_unfit", question.name, detail)
    return NewFile(uuid.uuid4(), question.name, name, media_type, sent.content)


def keep_files(sitting: Sitting, new: Sequence[NewFile], *, now: datetime) -> None:
    """Keep files with the sitting in which they were sent."""
    Upload.objects.bulk_create(
        Upload(
            key=one.key,
            sitting=sitting,
            version_id=sitting.version_id,
            question=one.question,
            name=one.name,
            media_type=one.media_type,
            size=len(one.content),
            content=one.content,
            at=now,
        )
        for one in new
    )


def drop_unnamed_files(sitting: Sitting) -> None:
    """Forget the files of a sitting that its answers do not name any more."""
    if file_questions(definition_of(sitting.version)):
        with connection.cursor() as cursor:
            cursor.execute(DROP_FROM_SITTING, [[sitting.pk]])


def attach_files(sittings: Sequence[Sitting]) -> None:
    """Bind files to the answers that the sittings became; those that the answers do not name go."""
    with_files = [one for one in sittings if one.answer_id is not None and _asks_for_files(one)]
    if not with_files:
        return
    ids = int_array(one.pk for one in with_files)
    with connection.cursor() as cursor:
        cursor.execute(ATTACH, [ids])
        cursor.execute(DROP_FROM_ANSWER, [ids])


def _asks_for_files(sitting: Sitting) -> bool:
    return bool(file_questions(definition_of(sitting.version)))


_IS_NAMED = f"""jsonb_path_exists(told."values", '$.*[*] ? (@.content == $ref)',
    jsonb_build_object('ref', '{REFERENCE}' || sent.key))"""
DROP_FROM_SITTING = f"""
    DELETE FROM feedback_upload sent USING feedback_sitting told
    WHERE sent.sitting_id = told.id AND told.id = ANY(%s) AND NOT {_IS_NAMED}
"""
ATTACH = """
    UPDATE feedback_upload sent SET answer_id = sitting.answer_id FROM feedback_sitting sitting
    WHERE sent.sitting_id = sitting.id AND sitting.id = ANY(%s)
"""
DROP_FROM_ANSWER = f"""
    DELETE FROM feedback_upload sent USING feedback_answer told
    WHERE sent.answer_id = told.id AND sent.sitting_id = ANY(%s) AND NOT {_IS_NAMED}
"""


@every("23 4 * * *")
def forget_left_files(timestamp: int) -> None:
    """Files that were sent in a survey which nobody ended go after thirty days."""
    drop_left_files(now=timezone.now())


@transaction.atomic
def drop_left_files(*, now: datetime) -> int:
    """Forget files that became no answer and whose sitting has rested for long; how many went.

    The sittings forget them too, so that who comes back is asked for them again.
    """
    left = Upload.objects.filter(answer=None, sitting__last_at__lt=now - LEFT_AFTER)
    ids = set(left.values_list("sitting_id", flat=True))
    rows = Sitting.objects.select_related("version").filter(pk__in=ids)
    resting = list(rows.select_for_update(of=("self",)).order_by("pk"))
    for sitting in resting:
        names = {one.name for one in file_questions(definition_of(sitting.version))}
        sitting.values = {key: one for key, one in sitting.values.items() if key not in names}
    Sitting.objects.bulk_update(resting, ["values"], batch_size=500)
    return Upload.objects.filter(answer=None, sitting__in=resting).delete()[0]
