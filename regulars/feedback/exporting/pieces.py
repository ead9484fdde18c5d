"""What a version of a survey asks, cut into pieces that one cell can hold."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from regulars.feedback.questions.boolean import Boolean
from regulars.feedback.questions.checkbox import ChoosingSeveral, as_list
from regulars.feedback.questions.file import FileQuestion, names_of
from regulars.feedback.questions.matrix import Matrix
from regulars.feedback.questions.matrixdropdown import MatrixDropdown
from regulars.feedback.questions.multipletext import MultipleText
from regulars.feedback.questions.radiogroup import OneChoice
from regulars.feedback.questions.ranking import Ranking
from regulars.feedback.questions.slider import Slider
from regulars.feedback.questions.text import ShortText
from regulars.feedback.survey.choices import Choice, Choosing
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.operators import Value
from regulars.feedback.survey.question import Question
from regulars.feedback.survey.scalars import text_of
from regulars.feedback.survey.texts import text_in
from regulars.feedback.wording import special_word

Sort = Literal["number", "flag", "text"]
Path = tuple[str, ...]
Labels = Mapping[Any, str]


def _as_it_is(value: Value) -> Value:
    return value


class Key(NamedTuple):
    """What is the same in several versions."""

    path: Path
    role: str
    choice: str


@dataclass(frozen=True)
class Piece:
    """A part of an answer: where it is found, and what people read for it and for its values."""

    path: Path
    """The names that lead to it in the values of an answer."""
    sort: Sort
    label: str
    labels: Labels = field(default_factory=dict)
    role: str = ""
    """What of the value it takes: all of it, or whether a choice was ticked, or its place."""
    choice: str = ""
    """The choice that it is about: such pieces are numbered in the order they are first met."""
    convert: Callable[[Value], Value] = _as_it_is

    @property
    def key(self) -> Key:
        """What makes it the same piece in every version."""
        return Key(self.path, self.role, self.choice)

    @property
    def name(self) -> str:
        """The name of its column, but for the number of a choice."""
        return ".".join(self.path)

    def taken_from(self, values: Mapping[str, Value]) -> Value:
        """The part of these answers, or None."""
        found: Value = values
        for name in self.path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return None if found is None else self.convert(found)


def pieces_of(definition: Definition, language: str) -> Iterator[Piece]:
    """Every piece of a version, in the order of asking; what is worked out and kept comes last."""
    for question in definition.questions():
        yield from _asked(question, (), "", language)
    for one in definition.calculated:
        if one.include_into_result:
            yield Piece((one.name,), "text", one.name)


def _asked(question: Question, within: Path, heading: str, language: str) -> Iterator[Piece]:
    if not question.takes_answers and not question.calculation:
        return
    label = _joined(heading, question.heading(language))
    yield from _parts(question, (*within, question.name), label, language)
    if question.takes_comment:
        yield Piece((*within, question.comment_name), "text", label)


def _parts(question: Question, path: Path, label: str, language: str) -> Iterator[Piece]:
    """The pieces of an answer; without fixed rows or choices it is one, written as JSON."""
    match question:
        case MultipleText():
            for item in question.items:
                yield from _asked(item, path, label, language)
        case MatrixDropdown():
            yield from _cells(question, path, label, language)
        case Matrix():
            for row in question.rows:
                named = (*path, str(row.value))
                said = _joined(label, _said(row, language))
                yield _choice(named, said, question.columns, language)
        case ChoosingSeveral() | Ranking():
            yield from _of_choices(question, path, label, language)
        case OneChoice():
            yield _choice(path, label, question.offered(), language)
        case _:
            yield _whole(question, path, label, language)


def _whole(question: Question, path: Path, label: str, language: str) -> Piece:
    if isinstance(question, Boolean):
        kept = (question.value_true, question.value_false)
        labels = {value: question.shown(value, language) for value in kept}
        return Piece(path, _sort_of(kept), label, labels)
    if isinstance(question, FileQuestion):
        return Piece(path, "text", label, convert=names_of)
    return Piece(path, "number" if _is_number(question) else "text", label)


def _cells(matrix: MatrixDropdown, path: Path, label: str, language: str) -> Iterator[Piece]:
    for row in matrix.rows:
        said = _joined(label, _said(row, language))
        for column in matrix.columns:
            yield from _asked(column, (*path, str(row.value)), said, language)


def _choice(path: Path, label: str, offered: Sequence[Choice], language: str) -> Piece:
    labels = {one.value: _said(one, language) for one in offered}
    return Piece(path, _sort_of(labels), label, labels)


def _sort_of(kept: Iterable[Value]) -> Sort:
    """How a column of these values is kept: as flags, as numbers or as texts."""
    kinds = {type(value) for value in kept}
    if kinds == {bool}:
        return "flag"
    return "number" if kinds <= {int, float} else "text"


def _of_choices(question: Choosing, path: Path, label: str, language: str) -> Iterator[Piece]:
    """Whether each choice was ticked, or the place that it was given."""
    for one in question.offered():
        said = _said(one, language)
        choice = _plain(one.value)
        piece = Piece(path, "number", _joined(label, said), choice=choice)
        if isinstance(question, Ranking):
            yield replace(piece, role="place", convert=_place_of(choice))
        else:
            ticked = _ticked(choice)
            yield replace(piece, sort="flag", labels={True: said}, role="taken", convert=ticked)


def _plain(value: Value) -> str:
    """A choice without what makes no difference: 5 or "5", "a" or "A"."""
    return text_of(value).strip().lower()


def _ticked(choice: str) -> Callable[[Value], Value]:
    return lambda given: any(_plain(one) == choice for one in as_list(given))


def _place_of(choice: str) -> Callable[[Value], Value]:
    def place(given: Value) -> Value:
        places = enumerate(as_list(given), start=1)
        return next((at for at, one in places if _plain(one) == choice), None)

    return place


def _is_number(question: Question) -> bool:
    """Whether every answer of such a question is a number."""
    is_figure = isinstance(question, ShortText) and question.input_type == "number"
    is_point = isinstance(question, Slider) and question.slider_type == "single"
    return question.scale is not None or is_figure or is_point


def _said(choice: Choice, language: str) -> str:
    return text_in(choice.text, language) or special_word(choice.value, language)


def _joined(heading: str, label: str) -> str:
    return f"{heading}: {label}" if heading else label
