"""Files that the respondent sends along: a photo of the goods, a receipt."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field
from typing_extensions import override

from regulars.feedback.rules.uploads import EXTENSIONS, SIZE_MAX, media_types_in
from regulars.feedback.survey.operators import Value, is_empty
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import Question, questions

FILES_MAX = 5
REFERENCE = "upload:"
"""What the content of a file begins with: its bytes lie in a table, and the answer names the row."""
_KEYS = frozenset(("name", "type", "content"))
_LENGTH_MAX = 200


@questions.add("file")
class FileQuestion(Question):
    """One file or several. The answer is SurveyJS's list, with our own reference as the content."""

    template = "feedback/questions/file.html"

    type: Literal["file"]
    allow_multiple: bool = False
    max_size: int = Field(default=0, ge=0)
    accepted_types: str = ""

    @property
    @override
    def stands_alone(self) -> bool:
        return True

    @property
    def count_max(self) -> int:
        """How many files it takes."""
        return FILES_MAX if self.allow_multiple else 1

    @property
    def size_max(self) -> int:
        """How many bytes a file may have."""
        return min(self.max_size or SIZE_MAX, SIZE_MAX)

    @property
    def media_types(self) -> tuple[str, ...]:
        """The types of files that it takes."""
        return media_types_in(self.accepted_types)

    @property
    def sent_field(self) -> str:
        """The form field of new files; no question can have this name."""
        return f"{self.field}[new]"

    @property
    def dropped_field(self) -> str:
        """The form field that names files to be taken away again."""
        return f"{self.field}[drop]"

    @override
    def flaws(self) -> list[tuple[str, dict[str, str]]]:
        return [] if self.media_types else [("no_file_type", {"kinds": kinds_of(EXTENSIONS)})]

    @override
    def from_form(self, fields: Mapping[str, Sequence[str]]) -> Value:
        dropped = set(fields.get(self.dropped_field, ()))
        found = (_read(one) for one in list(fields.get(self.field, ()))[: 2 * FILES_MAX])
        return [one for one in found if one is not None and one["content"] not in dropped]

    @override
    def to_form(self, value: Value) -> Iterator[tuple[str, str]]:
        yield from ((self.field, json.dumps(one)) for one in files_in(value))

    @override
    def clean(self, value: Value) -> Value:
        given = value if isinstance(value, list) else [value]
        if len(given) > self.count_max:
            raise Invalid("too_many_files", count_max=self.count_max)
        if len(files_in(given)) < len(given):
            raise Invalid("not_files")
        return [{key: one[key] for key in ("name", "type", "content")} for one in given]

    @override
    def shown(self, value: Value, language: str) -> str:
        return names_of(value)

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        return {
            "files": [one | {"form": json.dumps(one)} for one in files_in(value)],
            "sent_field": self.sent_field,
            "dropped_field": self.dropped_field,
            "accept": ",".join(self.media_types),
            "kinds": kinds_of(self.media_types),
            "size_mb": megabytes(self.size_max),
            "count_max": self.count_max,
            "ends": True,
        }


def _read(told: str) -> dict[str, str] | None:
    try:
        read = json.loads(told[:4000])
    except (ValueError, RecursionError):
        return None
    return read if _is_file(read) else None


def _is_file(one: object) -> bool:
    if not isinstance(one, dict) or set(one) != _KEYS:
        return False
    is_short = all(isinstance(part, str) and len(part) <= _LENGTH_MAX for part in one.values())
    return is_short and one["content"].startswith(REFERENCE)


def files_in(value: Value) -> list[dict[str, str]]:
    """The files of an answer, without what is none."""
    return [one for one in value if _is_file(one)] if isinstance(value, list) else []


def names_of(value: Value) -> str:
    """The names of the files of an answer, as people read them."""
    return "" if is_empty(value) else ", ".join(one["name"] for one in files_in(value))


def kinds_of(media_types: Sequence[str] | Mapping[str, Sequence[str]]) -> str:
    """Types of files as people call them: `PNG, JPG`."""
    return ", ".join(EXTENSIONS[one][0].lstrip(".").upper() for one in media_types)


def megabytes(size: int) -> str:
    """A size as people read it.

    >>> megabytes(5 * 1024 * 1024), megabytes(100_000)
    ('5', '0.095')
    """
    return f"{size / 1024 / 1024:.2g}"
