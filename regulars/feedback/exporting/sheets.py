"""The answers of a survey as a table: a column for each question, with its labels."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from regulars.feedback.models import Answer
from regulars.feedback.survey.choices import Choosing
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.operators import Value
from regulars.feedback.survey.question import Question
from regulars.feedback.survey.texts import text_in

Kind = Literal["number", "text", "time"]
Cell = float | int | str | datetime | None
BATCH = 2_000
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Column:
    """A column: its name, what it holds, and what people read for it and for its values."""

    name: str
    kind: Kind
    read: Callable[[Answer], Cell]
    label: str = ""
    labels: Mapping[Any, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet:
    """A table whose rows are read once, batch by batch."""

    title: str
    columns: Sequence[Column]
    rows: Iterator[list[Cell]]

    def batches(self) -> Iterator[list[list[Cell]]]:
        """The rows, some thousand at a time."""
        while batch := list(islice(self.rows, BATCH)):
            yield batch


def harmless(cell: Cell) -> Cell:
    """A text that a spreadsheet would take for a formula, with an apostrophe in front.

    >>> harmless("=1+1"), harmless(-1), harmless("-")
    ("'=1+1", -1, '-')
    """
    is_formula = isinstance(cell, str) and cell.startswith(FORMULA_SIGNS) and len(cell) > 1
    return f"'{cell}" if is_formula else cell


def columns_of(
    definitions: Sequence[Definition], language: str, *, is_anonymous: bool = False
) -> list[Column]:
    """The columns of a survey: who, where and when, and the questions of all its versions.

    `definitions` are those of its versions, the latest first: a question that was taken out keeps
    its column, at the end. Where anonymity was promised nothing tells who answered or exactly when.
    """
    found = {column.name: column for column in _about(is_anonymous=is_anonymous)}
    for definition in definitions:
        for question in definition.questions():
            for column in _of_question(question, language):
                found.setdefault(column.name, column)
    return list(found.values())


def _about(*, is_anonymous: bool) -> list[Column]:
    columns = [
        Column("answer_id", "number", lambda answer: answer.pk),
        Column("answered_at", "time", lambda answer: answer.answered_at),
        Column("version", "number", lambda answer: answer.version.number),
        Column("channel", "text", lambda answer: answer.channel),
        Column("language", "text", lambda answer: answer.language),
        Column("store", "text", lambda answer: answer.store.code if answer.store else ""),
        Column(
            "touchpoint",
            "text",
            lambda answer: answer.touchpoint.code if answer.touchpoint else "",
        ),
        Column("customer_id", "number", lambda answer: answer.customer_id),
        Column("invited", "number", lambda answer: int(answer.invitation_id is not None)),
        Column("sample", "number", lambda answer: int(answer.sample)),
    ]
    telling = {"answer_id", "answered_at", "customer_id", "store", "touchpoint", "invited"}
    return [one for one in columns if not (is_anonymous and one.name in telling)]


def _of_question(question: Question, language: str) -> list[Column]:
    name, label = question.name, question.heading(language)
    if question.type == "boolean":
        read = _reader(name, lambda value: None if value is None else int(value is True))
        return [Column(name, "number", read, label, {1: _said(question, True, language), 0: _said(question, False, language)})]  # fmt: skip
    if isinstance(question, Choosing):
        return _of_choices(question, label, language)
    if question.scale is not None:
        return [Column(name, "number", _reader(name, _number), label)]
    return [Column(name, "text", _reader(name, _text), label)]


def _of_choices(question: Choosing, label: str, language: str) -> list[Column]:
    """One column, or one for each choice where several may be taken."""
    offered = [
        (one.value, text_in(one.text, language) or str(one.value)) for one in question.offered()
    ]
    comment = [
        Column(question.comment_name, "text", _reader(question.comment_name, _text), label)
    ] * question.takes_comment
    if question.type == "checkbox":
        ticked = [
            Column(
                f"{question.name}_{at + 1}",
                "number",
                _reader(question.name, _taken(value)),
                f"{label}: {text}",
                {1: text},
            )
            for at, (value, text) in enumerate(offered)
        ]
        return [*ticked, *comment]
    is_number = all(isinstance(value, int | float) for value, _text_of in offered)
    kind: Kind = "number" if is_number else "text"
    read = _reader(question.name, _number if is_number else _text)
    return [Column(question.name, kind, read, label, dict(offered)), *comment]


def _reader(name: str, convert: Callable[[Any], Cell]) -> Callable[[Answer], Cell]:
    return lambda answer: convert(answer.values.get(name))


def _taken(value: Value) -> Callable[[Any], Cell]:
    def ticked(given: Any) -> Cell:
        if given is None:
            return None
        return int(value in given if isinstance(given, list) else value == given)

    return ticked


def _number(value: Any) -> Cell:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else None


def _text(value: Any) -> Cell:
    """A value as text; what has parts is written as JSON."""
    import json

    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _said(question: Question, value: Value, language: str) -> str:
    return question.shown(value, language) or str(value)
