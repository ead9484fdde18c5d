"""The answers of a survey as a table: a column for each question, with its labels."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from regulars.feedback.exporting.pieces import Key, Piece, Sort, pieces_of
from regulars.feedback.models import Answer
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.operators import Value

Kind = Literal["number", "text", "time"]
Cell = float | int | str | datetime | None
Versions = Mapping[int, Piece]
"""The same piece in the versions that have it, by their number."""

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


def columns_of(definitions: Mapping[int, Definition], language: str) -> list[Column]:
    """The columns of a survey: who, where and when, and the questions of all its versions.

    `definitions` are those of its versions by number. What is the same in several versions has one
    column, in which each answer is read as its own version asked it; what was taken out keeps its
    column, at the end. Names are given from the first version on, so that further questions and
    choices rename none.
    """
    asked = {number: list(pieces_of(one, language)) for number, one in definitions.items()}
    found: dict[Key, dict[int, Piece]] = {}
    for number in sorted(definitions):
        for piece in asked[number]:
            found.setdefault(piece.key, {}).setdefault(number, piece)
    taken = {column.name for column in _about()}
    names = _names(found, taken)
    columns = _about()
    latest_first = [
        piece.path[0] for number in sorted(asked, reverse=True) for piece in asked[number]
    ]
    ranks = {name: rank for rank, name in enumerate(dict.fromkeys(latest_first))}
    for key in sorted(found, key=lambda key: ranks[key.path[0]]):
        columns += _columns(found[key], names[key], taken)
    return columns


def _names(found: Mapping[Key, Versions], taken: set[str]) -> dict[Key, str]:
    """A name of its own for each key; choices have the number in which they were first offered."""
    counts = Counter[str]()
    names = {}
    for key, versions in found.items():
        piece = next(iter(versions.values()))
        counts[piece.name] += bool(piece.role)
        wanted = f"{piece.name}_{counts[piece.name]}" if piece.role else piece.name
        names[key] = free_name(wanted, taken)
    return names


def free_name(wanted: str, taken: set[str]) -> str:
    """The wanted name, or one that is not taken yet, letter case aside; it is taken then.

    >>> taken = {"store"}
    >>> free_name("Store", taken), free_name("store", taken), free_name("why", taken)
    ('q_Store', 'q_q_store', 'why')
    """
    name = wanted
    while name.casefold() in taken:
        name = f"q_{name}"
    taken.add(name.casefold())
    return name


def _columns(versions: Versions, name: str, taken: set[str]) -> list[Column]:
    """The column of a piece; where it was once a number and once a text, one for each.

    Yes and no are numbers of their own: a 1 that was a rating must not be read as a yes.
    """
    sorts = [versions[number].sort for number in sorted(versions, reverse=True)]
    sort = next((one for one in sorts if one != "text"), None)
    if sort is None:
        return [_column(name, "text", versions, _text)]
    figure = FIGURES[sort]
    columns = [_column(name, "number", versions, figure)]
    if set(sorts) != {sort}:
        rest = free_name(f"{name}_text", taken)
        columns.append(_column(rest, "text", versions, _unless(figure)))
    return columns


def _about() -> list[Column]:
    return [
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


def _column(name: str, kind: Kind, versions: Versions, convert: Callable[[Value], Cell]) -> Column:
    """A column with the labels of all versions, those of the latest where they differ."""

    def read(answer: Answer) -> Cell:
        piece = versions.get(answer.version.number)
        return convert(piece.taken_from(answer.values)) if piece else None

    said = [pair for number in sorted(versions) for pair in versions[number].labels.items()]
    cells = {convert(value): text for value, text in said}
    labels = {cell: text for cell, text in cells.items() if cell is not None}
    return Column(name, kind, read, versions[max(versions)].label, labels)


def _number(value: Value) -> Cell:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else None


def _flag(value: Value) -> Cell:
    return int(value) if isinstance(value, bool) else None


def _text(value: Value) -> Cell:
    """A value as text; what has parts is written as JSON."""
    return (
        value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    )


def _unless(figure: Callable[[Value], Cell]) -> Callable[[Value], Cell]:
    return lambda value: _text(value) if figure(value) is None else None


FIGURES: Mapping[Sort, Callable[[Value], Cell]] = {"number": _number, "flag": _flag}
