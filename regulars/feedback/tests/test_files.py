"""Answers as files: every format holds the same, with labels where it can."""

import csv
import io
import json
import math
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from regulars.core.api.keys import create_key
from regulars.core.errors import Refused
from regulars.feedback.actions import receive_answers
from regulars.feedback.actions.surveys import create_survey
from regulars.feedback.exporting import formats, sav
from regulars.feedback.exporting.sheets import Column, Sheet, columns_of
from regulars.feedback.models import Survey
from regulars.feedback.survey.definition import read_definition
from regulars.feedback.tests import cast

pytestmark = pytest.mark.django_db

DEFINITION = {
    "title": {"default": "Visit", "ru": "Визит"},
    "elements": [
        {"type": "rating", "name": "nps", "rateMin": 0, "rateMax": 10, "title": "Recommend?"},
        {
            "type": "checkbox",
            "name": "liked",
            "title": {"default": "Liked", "ru": "Понравилось"},
            "choices": [{"value": "food", "text": {"default": "Food", "ru": "Еда"}}, "staff"],
        },
        {"type": "comment", "name": "why", "title": "Why?"},
    ],
    "regulars": {"measures": {"nps": "nps"}},
}


@pytest.fixture
def asked() -> Survey:
    made = create_survey(name="Визит", definition=DEFINITION, now=cast.NOW)
    store = cast.store()
    values = [{"nps": 9, "liked": ["food"], "why": "=1+1"}, {"nps": 3, "why": "Долго"}]
    receive_answers(
        [
            cast.answer(made, f"k{at}", values=one, store_id=store.pk if at else None)
            for at, one in enumerate(values)
        ],
        now=cast.NOW,
    )
    return made


def taken(client: Client, survey: Survey, ending: str) -> bytes:
    client.force_login(
        cast.employee(), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    told = client.get(
        f"/listen/surveys/{survey.pk}/answers.{ending}", headers={"accept-language": "ru"}
    )
    assert told.status_code == 200
    return b"".join(told)  # type: ignore[arg-type]


def test_csv_is_harmless_for_spreadsheets(client: Client, asked: Survey) -> None:
    lines = taken(client, asked, "csv").decode("utf-8-sig").splitlines()
    assert lines[0].endswith("nps,liked_1,liked_2,why")
    assert lines[1].endswith("9,1,0,'=1+1")
    assert lines[2].endswith("3,,,Долго")


def test_csv_is_harmless_in_its_first_line_too(client: Client) -> None:
    worked_out = {"name": "=1+1", "expression": "1", "includeIntoResult": True}
    definition = DEFINITION | {"calculatedValues": [worked_out]}
    made = create_survey(name="x", definition=definition, now=cast.NOW)
    assert taken(client, made, "csv").decode().splitlines()[0].endswith(",'=1+1")


def test_excel_says_what_values_mean(client: Client, asked: Survey) -> None:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(taken(client, asked, "xlsx")))
    answers = book.get_sheet_by_name("answers").to_python()
    assert answers[1][-1] == "=1+1"
    assert ["liked_1", "Понравилось: Еда", 1.0, "Еда"] in book.get_sheet_by_name(
        "columns"
    ).to_python()


def test_parquet_keeps_types_and_labels(client: Client, asked: Survey) -> None:
    from pyarrow import parquet

    table = parquet.read_table(io.BytesIO(taken(client, asked, "parquet")))
    assert table["nps"].to_pylist() == [9.0, 3.0]
    assert table["answered_at"].to_pylist()[0] == cast.NOW
    labels = table.schema.field("liked_1").metadata[b"labels"]
    assert json.loads(labels) == {"1": "Еда"}


def test_spss_keeps_labels_in_russian(client: Client, asked: Survey) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.sav"
        path.write_bytes(taken(client, asked, "sav"))
        frame, about = pyreadstat.read_sav(str(path))
    assert list(frame["nps"]) == [9.0, 3.0]
    assert frame["why"][1] == "Долго"
    assert about.column_names_to_labels["liked_1"] == "Понравилось: Еда"
    assert about.variable_value_labels["liked_1"] == {1.0: "Еда"}
    assert about.variable_measure["nps"] == "scale"


LONGER = {
    "elements": [
        {
            "type": "radiogroup",
            "name": "why",
            "choices": ["a", {"value": "очень долгий ответ", "text": "Long"}],
            "showOtherItem": True,
        }
    ]
}


@pytest.mark.parametrize("given", [[], ["a"], ["a", "other"]])
def test_spss_has_room_for_choices_that_nobody_took(client: Client, given: list[str]) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    made = create_survey(name="x", definition=LONGER, now=cast.NOW)
    values = [{"why": one} | ({"why-Comment": "x"} if one == "other" else {}) for one in given]
    receive_answers(
        [cast.answer(made, f"k{at}", values=one) for at, one in enumerate(values)], now=cast.NOW
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.sav"
        path.write_bytes(taken(client, made, "sav"))
        frame, about = pyreadstat.read_sav(str(path))
    assert list(frame["why"]) == given
    meant = {"a": "a", "очень долгий ответ": "Long", "other": "Другое"}
    assert about.variable_value_labels.get("why") == (meant if given else None)


def test_without_the_extra_spss_says_what_to_install(
    client: Client, asked: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    secret = create_key(name="t", scopes=("answers:read",), now=cast.NOW).secret
    address = f"/api/v1/surveys/{asked.pk}/answers/file?format="
    headers = {"Authorization": f"Bearer {secret}"}
    refused = client.get(f"{address}sav", headers=headers)
    assert refused.status_code == 422
    assert "regulars[spss]" in refused.json()["detail"]
    assert client.get(f"{address}doc", headers=headers).status_code == 404
    for ending in formats:
        if ending != "sav":
            assert b"".join(client.get(address + ending, headers=headers))


def test_a_definition_is_taken_along(client: Client, asked: Survey) -> None:
    client.force_login(
        cast.employee(), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    told = client.get(f"/listen/surveys/{asked.pk}/definition.json")
    assert told.json()["elements"][0]["name"] == "nps"
    home = client.get(f"/listen/surveys/{asked.pk}").content.decode()
    assert f"/listen/surveys/{asked.pk}/answers.sav" in home
    assert "unweighted" in home


def _choices(**texts: str) -> list[dict[str, Any]]:
    return [{"value": value, "text": {"default": value, "ru": ru}} for value, ru in texts.items()]


FIRST = {
    "elements": [
        {"type": "text", "name": "store", "title": {"default": "Shop", "ru": "Какой магазин?"}},
        {"type": "checkbox", "name": "liked", "title": {"default": "Liked", "ru": "Понравилось"},
         "choices": _choices(food="Еда", staff="Люди", price="Цена")},
        {"type": "tagbox", "name": "tags", "choices": [1, 2, 3]},
        {"type": "ranking", "name": "order", "choices": [1, 2, 3]},
        {"type": "matrix", "name": "grid", "title": {"default": "Grid", "ru": "Оцените"},
         "rows": _choices(clean="Чистота", quick="Скорость"),
         "columns": [{"value": 1, "text": "Плохо"}, {"value": 2, "text": "Хорошо"}]},
        {"type": "multipletext", "name": "who", "items": [
            {"name": "town"}, {"name": "age", "inputType": "number"}]},
        {"type": "matrixdropdown", "name": "cells", "rows": ["hall"], "columns": [
            {"name": "why", "cellType": "text"},
            {"name": "seen", "cellType": "checkbox", "choices": ["a", "b"]}]},
        {"type": "paneldynamic", "name": "visits",
         "templateElements": [{"type": "text", "name": "on"}]},
        {"type": "rating", "name": "grade", "showCommentArea": True},
        {"type": "boolean", "name": "back", "labelTrue": "Да", "labelFalse": "Нет"},
        {"type": "radiogroup", "name": "often", "choices": [1, 2]},
    ]
}  # fmt: skip
SECOND = {
    "elements": [
        {"type": "checkbox", "name": "liked", "choices": _choices(food="Еда", price="Цена")},
        {"type": "tagbox", "name": "tags", "choices": [4, 2]},
        {"type": "ranking", "name": "order", "choices": [3, 4]},
        {"type": "comment", "name": "grade"},
        {"type": "rating", "name": "back"},
        {"type": "radiogroup", "name": "often", "choices": [1, 2, "seldom"]},
    ]
}
GIVEN: list[dict[str, Any]] = [
    {
        "store": "Северный", "liked": ["food", "staff"], "tags": [3, 1], "order": [3, 1, 2],
        "grid": {"clean": 2, "quick": 1}, "who": {"town": "Тверь", "age": 40},
        "cells": {"hall": {"why": "шумно", "seen": ["b"]}},
        "visits": [{"on": "май"}, {"on": "июнь"}],
        "grade": 4, "grade-Comment": "почти", "back": True, "often": 2,
    },
    {"liked": ["price"], "tags": [4], "order": [4, 3], "grade": "Средне", "back": 1, "often": 1},
    {"liked": ["food"], "often": "seldom"},
]  # fmt: skip
KEPT: dict[str, list[Any]] = {
    "store": ["", "", ""],
    "q_store": ["Северный", None, None],
    "liked_1": [1, 0, 1],
    "liked_2": [1, None, None],
    "liked_3": [0, 1, 0],
    "tags_1": [1, None, None],
    "tags_2": [0, 0, None],
    "tags_3": [1, None, None],
    "tags_4": [None, 1, None],
    "order_1": [2, None, None],
    "order_2": [3, None, None],
    "order_3": [1, 2, None],
    "order_4": [None, 1, None],
    "grid.clean": [2, None, None],
    "grid.quick": [1, None, None],
    "who.town": ["Тверь", None, None],
    "who.age": [40, None, None],
    "cells.hall.why": ["шумно", None, None],
    "cells.hall.seen_1": [0, None, None],
    "cells.hall.seen_2": [1, None, None],
    "visits": ['[{"on": "май"}, {"on": "июнь"}]', None, None],
    "grade": [4, None, None],
    "grade_text": [None, "Средне", None],
    "grade-Comment": ["почти", None, None],
    "back": [None, 1, None],
    "back_text": ["true", None, None],
    "often": [2, 1, None],
    "often_text": [None, None, "seldom"],
}
"""What every file must hold of the answers: the cells of each column."""

MEANT = {
    "q_store": ("Какой магазин?", {}),
    "liked_2": ("Понравилось: Люди", {"1": "Люди"}),
    "grid.clean": ("Оцените: Чистота", {"1": "Плохо", "2": "Хорошо"}),
    "back_text": ("back", {"true": "Да", "false": "Нет"}),
}
"""What the files that have room for it must say that columns and values mean."""

Table = dict[str, list[Any]]
Meanings = dict[str, tuple[str, dict[str, str]]]


@pytest.fixture
def asked_twice() -> Survey:
    from regulars.feedback.actions.surveys import create_survey, publish_version

    made = create_survey(name="Визит", definition=FIRST, now=cast.NOW)
    first = cast.answer(made, "k0", values=GIVEN[0])
    publish_version(made, definition=SECOND, now=cast.NOW)
    later = [cast.answer(made, f"k{at}", values=GIVEN[at]) for at in (1, 2)]
    received = receive_answers([first, *later], now=cast.NOW)
    assert not any(one.problems for one in received)
    return made


def from_csv(content: bytes) -> tuple[Table, Meanings]:
    names, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}, {}


def from_xlsx(content: bytes) -> tuple[Table, Meanings]:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    names, *rows = book.get_sheet_by_name("answers").to_python()
    said: Meanings = {}
    for name, label, value, meaning in book.get_sheet_by_name("columns").to_python()[1:]:
        labels = said.setdefault(str(name), (str(label), {}))[1]
        labels |= {plain(value): str(meaning)} if meaning else {}
    return {str(name): [row[at] for row in rows] for at, name in enumerate(names)}, said


def from_parquet(content: bytes) -> tuple[Table, Meanings]:
    from pyarrow import parquet

    table = parquet.read_table(io.BytesIO(content))
    said = {field.name: field.metadata for field in table.schema}
    meant = {
        name: (one[b"label"].decode(), json.loads(one[b"labels"])) for name, one in said.items()
    }
    return table.to_pydict(), meant


def from_sav(content: bytes) -> tuple[Table, Meanings]:
    pyreadstat = pytest.importorskip("pyreadstat")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.sav"
        path.write_bytes(content)
        frame, about = pyreadstat.read_sav(str(path))
    asked = {name: sav.variable_names([name])[0] for name in KEPT}
    labels = about.variable_value_labels
    said = {
        name: {plain(value): text for value, text in labels.get(variable, {}).items()}
        for name, variable in asked.items()
    }
    titles = about.column_names_to_labels
    meant = {name: (titles[variable], said[name]) for name, variable in asked.items()}
    return {name: list(frame[variable]) for name, variable in asked.items()}, meant


def plain(cell: Any) -> str:
    """A cell without what formats may differ in: how nothing is written, and 2 or 2.0."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return f"{cell:g}" if isinstance(cell, int | float) else str(cell)


@pytest.mark.parametrize("read", [from_csv, from_xlsx, from_parquet, from_sav])
def test_nothing_is_lost_when_a_survey_changes(
    client: Client, asked_twice: Survey, read: Callable[[bytes], tuple[Table, Meanings]]
) -> None:
    table, meant = read(taken(client, asked_twice, read.__name__.removeprefix("from_")))
    found = {name: [plain(cell) for cell in table[name]] for name in KEPT}
    assert found == {name: [plain(cell) for cell in cells] for name, cells in KEPT.items()}
    if meant:
        assert {name: meant[name] for name in MEANT} == MEANT


def test_every_column_has_a_name_of_its_own() -> None:
    about = [column.name for column in columns_of({}, "en")]
    names = [*about, "liked_1", "Liked_2", "liked", "grade", "grade_text"]
    kinds = {"liked": {"type": "checkbox", "choices": ["a", "b"]}, "grade": {"type": "rating"}}
    first = [{"type": "text", "name": name} | kinds.get(name, {}) for name in names]
    versions = {
        1: read_definition({"elements": first}),
        2: read_definition({"elements": [{"type": "text", "name": "grade"}]}),
    }
    found = [column.name.casefold() for column in columns_of(versions, "en")]
    assert len(set(found)) == len(found)
    assert {f"q_{name}" for name in [*about, "liked_1", "liked_2", "grade_text"]} <= set(found)
    del versions[2]
    earlier = [column.name.casefold() for column in columns_of(versions, "en")]
    assert set(earlier) < set(found), "a new version renames nothing"


def test_spss_refuses_as_soon_as_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyreadstat")
    monkeypatch.setattr(sav, "ROWS_MAX", 3)
    read = []

    def rows() -> Iterator[list[Any]]:
        for at in range(100_000):
            read.append(at)
            yield [at]

    column = Column("answer_id", "number", lambda answer: answer.pk)
    with pytest.raises(Refused, match="SPSS"):
        sav.write_sav(io.BytesIO(), Sheet("Many", [column], rows()))
    assert len(read) < 10_000
