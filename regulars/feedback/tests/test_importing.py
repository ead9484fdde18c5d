"""Surveys of other programs: what can be asked is taken over, what cannot is told, harm is refused."""

import io
import json
import random
import time
import zipfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from typer.testing import CliRunner, Result

from regulars.cli.main import app
from regulars.core.api.keys import create_key
from regulars.core.errors import Refused
from regulars.feedback.actions.importing import import_survey
from regulars.feedback.importing.surveyjs import read_surveyjs
from regulars.feedback.importing.xlsform import read_xlsform
from regulars.feedback.models import Survey
from regulars.feedback.queries.surveys import definition_of, latest_version
from regulars.feedback.starters import STARTERS
from regulars.feedback.survey.definition import examine, read_definition
from regulars.feedback.survey.expression import read_expression
from regulars.feedback.survey.path import screens
from regulars.feedback.tests import cast

EN, RU = "label::English (en)", "label::Русский (ru)"
FORM: list[dict[str, str]] = [
    {"type": "start", "name": "began"},
    {"type": "note", "name": "hello", EN: "Hi", RU: "Привет"},
    {"type": "select_one yn", "name": "come", EN: "Come?", RU: "Придёте?", "required": "yes"},
    {"type": "select_multiple yn", "name": "several", EN: "Several", "relevant": "${come} = 'y'"},
    {"type": "begin group", "name": "g", EN: "Group", "relevant": "selected(${several}, 'n')"},
    {
        "type": "integer",
        "name": "age",
        EN: "Age, ${come}",
        "constraint": ". >= 0 and . < 120",
        "constraint_message": "No",
        "hint": "years",
    },
    {"type": "begin repeat", "name": "kids", EN: "Kids", "repeat_count": "2"},
    {"type": "text", "name": "kid", EN: "Name", "constraint": "regex(., '[A-Z].*')"},
    {
        "type": "text",
        "name": "toy",
        EN: "Toy",
        "relevant": "string-length(${kid}) > 2",
        "constraint": "string-length(.) != string-length(${kid})",
    },
    {"type": "end repeat"},
    {"type": "end group"},
    {"type": "calculate", "name": "twice", "calculation": "${age} * 2"},
    {"type": "calculate", "name": "lost", "calculation": "jr:choice-name(${come}, 'x')"},
    {"type": "image", "name": "photo", EN: "Photo"},
]
CHOICES = [
    {"list_name": "yn", "name": "y", EN: "Yes", RU: "Да"},
    {"list_name": "yn", "name": "n", EN: "No"},
]


def workbook(rows: list[dict[str, str]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for name, told in (
            ("survey", rows),
            ("choices", CHOICES),
            ("settings", [{"form_title": "Visit", "default_language": "English (en)"}]),
        ):
            sheet = book.add_worksheet(name)
            heads = list(dict.fromkeys(key for row in told for key in row))
            sheet.write_row(0, 0, heads)
            for line, row in enumerate(told, 1):
                for key, value in row.items():
                    sheet.write_string(line, heads.index(key), value)
    return out.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
FIRST_TEXT = '<c t="s"><v>0</v></c>'


def with_cell(cell: str, rows: list[dict[str, str]] = FORM) -> bytes:
    """A workbook with one more cell, as it is written in the file."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(rows))) as whole,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in whole.namelist():
            content = whole.read(name)
            if name == SHEET:
                content = content.replace(b"</sheetData>", f"{cell}</sheetData>".encode())
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("starter", STARTERS, ids=lambda one: one.key)
def test_what_we_export_comes_back_the_same(starter: Any, client: Client, db: None) -> None:
    asked = cast.survey(starter.key)
    client.force_login(cast.employee())
    sent = client.get(f"/listen/surveys/{asked.pk}/definition.json").content
    found = import_survey(sent, "survey.json", now=cast.NOW)
    assert found.losses == []
    assert latest_version(found.survey).definition == starter.definition
    assert not Survey.objects.get(pk=found.survey.pk).is_open


def test_what_cannot_be_carried_is_told_with_its_place() -> None:
    raw = {
        "logo": "x",
        "pages": [
            {
                "name": "p",
                "elements": [
                    {"type": "signaturepad", "name": "paper"},
                    {"type": "text", "name": "a:b", "visibleIf": "{paper} notempty"},
                    {"type": "radiogroup", "name": "r", "choicesByUrl": {"url": "u"}},
                    {"type": "comment", "name": "c", "enableIf": "{a:b} = 1", "title": "{paper}?"},
                ],
            }
        ],
        "regulars": {"measures": {"gone": "nps"}},
    }
    made, losses = read_surveyjs(json.dumps(raw).encode(), examine=examine)
    asks_for_files = {"pages": [{"elements": [{"type": "file", "name": "photo"}]}]}
    assert read_surveyjs(json.dumps(asks_for_files).encode(), examine=examine)[1] == []
    assert read_definition(made).find_question("r").type == "comment"  # type: ignore[union-attr]
    assert made["pages"][0]["elements"][2]["enableIf"] == "{a_b} = 1"
    told = {(one.path, one.instead) for one in losses}
    assert told == {
        ("logo", "left_out"),
        ("pages[0].elements[0]", "left_out"),
        ("pages[0].elements[1]", "renamed"),
        ("pages[0].elements[1].visibleIf", "left_out"),
        ("pages[0].elements[2].choicesByUrl", "left_out"),
        ("pages[0].elements[2]", "as_comment"),
        ("pages[0].elements[3].title", "text_cut"),
        ("regulars.measures.gone", "left_out"),
    }
    assert all(one.reason and one.instead_in_words for one in losses)


STRANGE: list[Any] = [None, 7, "x", "{gone} = 1", "(", [], {}, [1], [{}], {"a": {"b": 1}}]


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_sent_can_be_asked_afterwards_or_is_refused(seed: int) -> None:
    chance = random.Random(seed)
    for starter in STARTERS:
        raw = deepcopy(starter.definition)
        for _strike in range(chance.randint(1, 4)):
            holder, key = chance.choice(list(_spots(raw)))
            holder[key] = deepcopy(chance.choice(STRANGE))
        try:
            made, _losses = read_surveyjs(json.dumps(raw).encode(), examine=examine)
        except Refused:
            continue
        assert examine(made)[1] == []


def _spots(told: Any) -> Any:
    for key in list(told) if isinstance(told, dict) else range(len(told)):
        yield told, key
        if isinstance(told[key], dict | list):
            yield from _spots(told[key])


def test_a_form_of_odk_is_asked_as_it_was_meant() -> None:
    made, losses = read_xlsform(workbook(FORM), examine=examine)
    definition = read_definition(made)
    assert (definition.languages, definition.title) == (("en", "ru"), "Visit")
    seen = {
        case: {one.name for screen in screens(definition, values) for one in screen.questions}
        for case, values in {
            "no": {"come": "n"},
            "yes": {"come": "y"},
            "group": {"come": "y", "several": ["n"]},
        }.items()
    }
    assert [case for case, names in seen.items() if "several" in names] == ["yes", "group"]
    assert [case for case, names in seen.items() if {"age", "kids"} <= names] == ["group"]
    age, kids = definition.find_question("age"), definition.find_question("kids")
    assert [one.type for one in age.validators] == ["expression"] * 2  # type: ignore[union-attr]
    assert kids.panel_count == 2  # type: ignore[union-attr]
    assert made["pages"][0]["elements"][1]["choices"][0]["text"] == {"default": "Yes", "ru": "Да"}
    assert [(one.name, one.expression) for one in definition.calculated] == [("twice", "{age} * 2")]
    assert [(one.path, one.instead) for one in losses] == [
        ("survey: lost: calculation", "by_hand"),
        ("survey: photo: type", "left_out"),
    ]


def test_what_a_form_says_beyond_our_words_stays_a_text_or_is_told() -> None:
    """Quotes end no text, what cannot be kept is left out, and formulas do not grow without end."""
    said = """it's "{big}" """.strip()
    rows = [
        {"type": "text", "name": "q", EN: "Q"},
        {"type": "hidden", "name": "h", "default": said},
        {"type": "calculate", "name": "big", "calculation": "coalesce(" * 25 + "1" + ",1)" * 25},
        {"type": "calculate", "name": "deep", "calculation": "-" * 1900 + "1"},
        {"type": "calculate", "name": "both", "calculation": """concat("it's", ' "so"')"""},
    ]
    cell = "<c t='inlineStr'><is><t>{}</t></is></c>"
    last = "".join(cell.format(one) for one in ("text", "a", "A_x0000_"))
    made, losses = read_xlsform(with_cell(f"<row>{last}</row>", rows), examine=examine)
    values = {one["name"]: one["expression"] for one in made["calculatedValues"]}
    assert read_expression(values["h"]).evaluate({"big": 1}) == said
    assert read_expression(values["both"]).evaluate({}) == """it's "so\""""
    assert [one.path for one in losses] == [
        f"survey: {name}: calculation" for name in ("big", "deep")
    ]
    assert made["pages"][0]["elements"][-1]["title"] == "A"


BAD: dict[str, tuple[str, bytes]] = {
    "no ending": ("survey", b"{}"),
    "broken JSON": ("s.json", b'{"pages": ['),
    "no survey": ("s.json", b'{"a": 1}'),
    "no question": ("s.json", b'{"pages": []}'),
    "deep": ("s.json", b'{"pages":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "text that cannot be kept": (
        "s.json", b'{"elements": [{"type": "text", "name": "q", "title": "a\\u0000"}]}'
    ),
    "half a character": (
        "s.json", b'{"elements": [{"type": "text", "name": "q", "title": "\\ud800"}]}'
    ),
    "no number": (
        "s.json", b'{"elements": [{"type": "text", "name": "q", "defaultValue": 1e999}]}'
    ),
    "large": ("s.json", b'{"pages": "' + b"x" * 2_100_000 + b'"}'),
    "no workbook": ("s.xlsx", b"PK but no"),
    "empty": ("s.xlsx", b""),
    "bomb": ("s.xlsx", zipped(SHEET, b" " * 45_000_000)),
    "far cell": ("s.xlsx", with_cell('<c t="s" r="XFD1048576"><v>1</v></c>')),
    "far cell, other marks": ("s.xlsx", with_cell("<c r='XFD1048576'><v>1</v></c>")),
    "far cell, prefix": ("s.xlsx", with_cell('<x:c xmlns:x="x" r="xfd1048576"><v>1</v></x:c>')),
    "far cell, hidden": ("s.xlsx", with_cell('<c s=">" r="XFD1048576"><v>1</v></c>')),
    "far row": ("s.xlsx", with_cell('<row r="1048576"><c><v>1</v></c></row>')),
    "wide row": ("s.xlsx", with_cell("<row>" + "<c/>" * 400 + "</row>")),
    "one text in many cells": (
        "s.xlsx",
        with_cell(("<row>" + FIRST_TEXT * 200 + "</row>") * 10, [{"x" * 30_000: "1"}]),
    ),
    "doctype": ("s.xlsx", zipped(SHEET, b"<!DOCTYPE a []><sheetData/>")),
    "other zip": ("s.xlsx", zipped("a.txt", b"a")),
    "unknown type": ("s.xlsx", workbook([{"type": "frobnicate", "name": "a", EN: "A"}])),
    "unclosed group": ("s.xlsx", workbook([{"type": "begin group", "name": "a", EN: "A"}])),
    "nothing": ("s.xlsx", workbook([{"type": "note", "name": "a", EN: "A"}])),
}  # fmt: skip


@pytest.mark.parametrize(
    ("count", "wrong"), [(20_000, {"zzz": 1}), (30, {f"z{at}": 1 for at in range(50)})]
)
def test_much_that_is_wrong_is_soon_refused(count: int, wrong: dict[str, int]) -> None:
    elements = [{"type": "text", "name": f"q{at}", **wrong} for at in range(count)]
    sent = json.dumps({"elements": elements}).encode()
    began = time.process_time()
    with pytest.raises(Refused):
        read_surveyjs(sent, examine=examine)
    assert time.process_time() - began < 10


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_answered_clearly_and_leave_nothing(
    case: str, client: Client, db: None
) -> None:
    name, content = BAD[case]
    client.force_login(cast.employee())
    sent = SimpleUploadedFile(name, content)
    answer = client.post("/listen/surveys/import", {"file": sent})
    assert answer.status_code == 422
    assert "problems" in answer.content.decode()
    assert not Survey.objects.exists()


def test_the_report_is_on_the_page_and_in_the_api(client: Client, db: None) -> None:
    client.force_login(cast.employee())
    sent = SimpleUploadedFile("visit.xlsx", workbook(FORM))
    page = client.post("/listen/surveys/import", {"file": sent}).content.decode()
    assert "survey: lost: calculation" in page
    key = create_key(name="t", scopes=("surveys:write",), now=timezone.now())
    headers = {"authorization": f"Bearer {key.secret}", "idempotency-key": "k1"}
    again = SimpleUploadedFile("visit.xlsx", workbook(FORM))
    answer = client.post("/api/v1/surveys/import", {"file": again, "name": "Mine"}, headers=headers)
    assert answer.status_code == 201
    told = answer.json()
    assert [one["instead"] for one in told["losses"]] == ["by_hand", "left_out"]
    assert definition_of(latest_version(Survey.objects.get(name="Mine"))).find_question("come")


def told(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["survey", *map(str, arguments)])


@pytest.mark.django_db(transaction=True)
def test_the_command_takes_a_survey_over_with_the_report_of_the_page(tmp_path: Path) -> None:
    file = tmp_path / "visit.xlsx"
    file.write_bytes(workbook(FORM))
    done = told("import", file, "--name", "From the field", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    made = Survey.objects.get()
    assert (found["survey_id"], found["name"], made.is_open) == (made.pk, "From the field", False)
    _, losses = read_xlsform(workbook(FORM), examine=examine)
    assert losses
    assert [(one["path"], one["code"], one["reason"], one["done"]) for one in found["losses"]] == [
        (one.path, one.code, one.reason, one.instead_in_words) for one in losses
    ]
    said = " ".join(told("import", file, "--name", "[/b] Visit").stderr.split())
    assert "[/b] Visit" in said
    assert all(one.reason in said for one in losses)
    assert f"could not be carried: {len(losses)}" in said


@pytest.mark.django_db(transaction=True)
def test_what_the_command_writes_it_takes_back_whole(tmp_path: Path) -> None:
    made, file = cast.survey(regulars={"sampling": {"share": 0.5}}), tmp_path / "survey.json"
    done = told("export", made.pk, file, "--json")
    assert json.loads(done.stdout)["version"] == 1
    found = json.loads(told("import", file, "--json").stdout)
    assert found["losses"] == []
    back = Survey.objects.get(pk=found["survey_id"])
    assert latest_version(back).definition == latest_version(made).definition


@pytest.mark.django_db(transaction=True)
def test_the_command_ends_with_2_and_a_reason_where_it_cannot(tmp_path: Path) -> None:
    wrong, text, large = (tmp_path / name for name in ("a.json", "a.txt", "large.json"))
    wrong.write_text("{}")
    text.write_text("Hello")
    large.write_bytes(b" " * 6_000_000)
    made = cast.survey()
    for arguments, reason in (
        (("import", tmp_path / "none.json"), "there is no file"),
        (("import", wrong), "no pages and no questions"),
        (("import", text), "SurveyJS (.json) or XLSForm"),
        (("import", large), "larger than"),
        (("import", wrong, "--name", "x" * 101), "at most 100"),
        (("export", made.pk + 1, tmp_path / "x.json"), "there is no survey"),
        (("export", made.pk, tmp_path / "x.json", "--version", 2), "there is no version 2"),
        (("export", made.pk, tmp_path / "no" / "x.json"), "cannot be written"),
    ):
        done = told(*arguments)
        assert (done.exit_code, done.stdout) == (2, ""), done.output
        assert reason in " ".join(done.stderr.split())
    assert list(Survey.objects.all()) == [made]
    assert not (tmp_path / "x.json").exists()


def test_scales_told_value_by_value_keep_their_values() -> None:
    told = {
        "elements": [
            {"type": "rating", "name": "three", "rateValues": [1, 2, 3]},
            {
                "type": "rating",
                "name": "named",
                "rateValues": [{"value": 0, "text": "bad"}, 5, {"value": 10, "text": "good"}],
            },
            {"type": "rating", "name": "letters", "rateValues": ["A", "B", "C"], "rateMax": 9},
            {"type": "rating", "name": "uneven", "rateValues": [1, 2, 4]},
            {"type": "rating", "name": "count", "rateCount": 7},
        ]
    }
    taken, losses = read_surveyjs(json.dumps(told).encode(), examine=examine)
    made = {one["name"]: one for one in taken["elements"]}
    ends = {name: (one.get("rateMin"), one.get("rateMax")) for name, one in made.items()}
    assert (ends["three"], ends["named"], ends["count"]) == ((1, 3), (0, 10), (None, 7))
    assert made["named"]["rateStep"] == 5
    assert made["named"]["maxRateDescription"] == "good"
    assert [made[one]["type"] for one in ("letters", "uneven")] == ["radiogroup"] * 2
    assert made["uneven"]["choices"] == [1, 2, 4]
    assert {loss.instead for loss in losses} == {"as_values"}
