"""Answers as files: every format holds the same, with labels where it can."""

import io
import json
import tempfile
from pathlib import Path

import pytest
from django.test import Client

from regulars.core.api.keys import create_key
from regulars.feedback.actions import receive_answers
from regulars.feedback.exporting import formats
from regulars.feedback.models import Survey
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
    from regulars.feedback.actions.surveys import create_survey

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
