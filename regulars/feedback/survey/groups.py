"""Questions inside questions: rows of a matrix, panels that repeat, texts that belong together."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from typing_extensions import override

from regulars.core.errors import Refused
from regulars.feedback.survey.operators import is_empty
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import Frame, Question, clean_comment, questions
from regulars.feedback.survey.scalars import Value
from regulars.feedback.survey.texts import text_in

Fields = Mapping[str, Sequence[str]]
Row = dict[str, Value]
ROWS_MAX = 50


def read_inner(raw: object) -> Question:
    """A question that is defined inside another one. Raises ValueError with what is wrong."""
    if isinstance(raw, Question):
        return raw
    if not isinstance(raw, dict):
        raise ValueError("every question is an object")  # noqa: TRY004 - pydantic reads ValueError
    name, kind = str(raw.get("name") or "?"), str(raw.get("type") or "")
    try:
        return _alone_or_inside(questions.get(kind).model_validate(raw))
    except Refused:
        raise ValueError(f"{name}: the question type “{kind}” is not known here") from None
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise ValueError(f"{name}: {place}: {first['msg']}") from None


def _alone_or_inside(question: Question) -> Question:
    if question.stands_alone:
        raise ValueError(f"{question.name}: this kind cannot stand inside another question")
    return question


def named(question: Question, name: str) -> Question:
    """The same question under the name of its place, as forms and pages need it."""
    return question.model_copy(update={"name": name})


class Grouping(Question):
    """A question whose answer is made of answers."""

    @override
    def from_form(self, fields: Fields) -> Value:
        frames = self.frames(self.blank(fields))
        value: Value = None
        for frame in frames:
            read = _read(frame, fields, f"{self.name}{frame.key}")
            frame.values.clear()
            frame.values.update(read)
            value = self.framed(value, frame)
        return value

    def blank(self, fields: Fields) -> Value:
        """An answer that has as many rows as the form that was sent."""
        return None

    @override
    def to_form(self, value: Value) -> Iterator[tuple[str, str]]:
        for frame in self.frames(value):
            for question in frame.questions:
                placed = named(question, f"{self.name}{frame.key}{question.name}")
                yield from placed.to_form(frame.values.get(question.name))
                if comment := frame.values.get(question.comment_name):
                    yield placed.comment_field, str(comment)

    @override
    def shown(self, value: Value, language: str) -> str:
        return "; ".join(one for one in self._shown(value, language) if one)

    def _shown(self, value: Value, language: str) -> Iterator[str]:
        for frame in self.frames(value):
            said = [
                f"{one.heading(language)}: {one.shown(frame.values[one.name], language)}"
                for one in frame.questions
                if not is_empty(frame.values.get(one.name))
            ]
            title = text_in(frame.title, language)
            yield f"{title}: {', '.join(said)}" if title and said else ", ".join(said)

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        return {}

    def clean_frames(self, value: Value) -> Value:
        """The answer with every answer in it in canonical form. Raises Invalid with the place."""
        kept: Value = None
        for frame in self.frames(value):
            cleaned = _cleaned(frame)
            frame.values.clear()
            frame.values.update(cleaned)
            kept = self.framed(kept, frame)
        return kept


class Repeating(Grouping):
    """A list of rows or panels, each with the same questions."""

    def count(self, value: Value) -> int:
        """How many rows there are to answer."""
        return len(value) if isinstance(value, list) else 0

    def bounds_of_count(self) -> tuple[int, int]:
        """How many rows there may be."""
        return 0, ROWS_MAX

    @property
    def add_text(self) -> str | dict[str, str]:
        """What the button that adds a row says; empty for the usual words."""
        return ""

    @property
    def count_field(self) -> str:
        """The form field that says how many rows the page has drawn."""
        return f"{self.field}-count"

    @override
    def blank(self, fields: Fields) -> Value:
        sent = next(iter(fields.get(self.count_field, ())), "")
        low, high = self.bounds_of_count()
        count = min(high, int(sent)) if sent.isdecimal() and len(sent) < 4 else low
        return [{} for _ in range(max(low, count))]

    @override
    def to_form(self, value: Value) -> Iterator[tuple[str, str]]:
        yield self.count_field, str(self.count(value))
        yield from super().to_form(value)

    @override
    def framed(self, value: Value, frame: Frame) -> Value:
        at = int(frame.key.strip("[]."))
        rows = list(value) if isinstance(value, list) else []
        rows += [{} for _ in range(at + 1 - len(rows))]
        rows[at] = dict(frame.values)
        return rows

    @override
    def clean(self, value: Value) -> Value:
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise Invalid("not_rows")
        if len(value) > self.bounds_of_count()[1]:
            raise Invalid("too_many_rows", count_max=self.bounds_of_count()[1])
        return self.clean_frames([dict(row) for row in value])


def _read(frame: Frame, fields: Fields, prefix: str) -> Row:
    read: Row = {}
    for question in frame.questions:
        placed = named(question, f"{prefix}{question.name}")
        value = placed.from_form(fields)
        if not is_empty(value):
            read[question.name] = value
        sent = next(iter(fields.get(placed.comment_field, ())), "").strip()
        if question.takes_comment and sent:
            read[question.comment_name] = sent
    return read


def _cleaned(frame: Frame) -> Row:
    names = {one.name for one in frame.questions}
    comments = {one.comment_name for one in frame.questions if one.takes_comment}
    for name in frame.values:
        if name not in names | comments:
            raise Invalid("unknown_question").within(f"{frame.key}{name[:60]}")
    kept: Row = {}
    for question in frame.questions:
        try:
            kept |= _cleaned_one(question, frame.values)
        except Invalid as fault:
            raise fault.within(f"{frame.key}{question.name}") from None
    return kept


def _cleaned_one(question: Question, values: Row) -> Row:
    value, comment = values.get(question.name), values.get(question.comment_name)
    kept: Row = {}
    if not is_empty(value) and question.takes_answers:
        kept[question.name] = question.clean(value)
    if question.takes_comment and not is_empty(comment):
        kept[question.comment_name] = clean_comment(comment)
    return {name: one for name, one in kept.items() if not is_empty(one)}
