"""The JSON flow for apps: Node drives the SDK over a bad connection, and each act counts once."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from django.test import Client

from regulars.feedback.actions.surveys import create_survey, link_for
from regulars.feedback.models import Answer
from regulars.feedback.starters import starter
from tests import make

ROOT = Path(__file__).resolve().parent.parent
SDK = ROOT / "regulars/feedback/static/feedback/flow.js"


def code() -> str:
    definition = starter("after_purchase").definition
    survey = create_survey(name="After a purchase", definition=definition, now=make.NOW)
    return link_for(survey, store=None).code


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")
def test_an_app_answers_once_although_requests_and_answers_are_lost(live_server, tmp_path):
    sdk = tmp_path / "flow.mjs"
    sdk.write_text(SDK.read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run(
        ["node", str(ROOT / "tests/node/flow.mjs"), str(sdk), live_server.url, code()],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        *("nps", "problem", True, True, "satisfied", 2, "call_me", "complete"),
    ]
    answer = Answer.objects.get()
    assert answer.values == {
        "nps": 3,
        "satisfied": 4,
        "why": "Cold coffee",
        "about": "other",
        "about-Comment": "Parking",
        "call_me": True,
    }
    assert answer.channel == "app"


@pytest.mark.django_db
def test_bad_input_is_answered_with_its_reason():
    client, session = Client(), "0f8fad5b-d9cb-469f-a165-70867728950e"

    def sent(told: object, where: str = "") -> tuple[int, str]:
        answer = client.post(f"/flow/{where or here}", told, content_type="application/json")
        return answer.status_code, answer.json().get("code", "")

    here = code()
    assert sent({"session": session}, "nobody") == (404, "not_found")
    assert sent("[1]") == (422, "not_json")
    assert sent({"session": "x"}) == (422, "bad_session")
    assert sent({"session": session, "acts": [{"id": 0, "act": "answer"}]}) == (422, "bad_act")
    assert sent({"session": session, "acts": [{"id": 1, "act": "drop"}]}) == (422, "bad_act")
    assert sent({"session": session, "language": "\ud800\0"}) == (200, "")
    late = {"id": 1, "act": "answer", "name": "satisfied", "value": 5}
    assert sent({"session": session, "acts": [late]})[0] == 200
    assert not Answer.objects.exists(), "a queue never answers the wrong question"


@pytest.mark.django_db
def test_an_app_hears_all_that_it_takes_to_draw_a_question():
    definition = {
        "elements": [
            {"type": "text", "name": "n", "inputType": "number", "min": 1, "max": 5},
            {"type": "html", "name": "words", "html": "<b>You</b> said {n}"},
            {"type": "boolean", "name": "again", "labelTrue": "Sure"},
            {
                "type": "radiogroup",
                "name": "why",
                "choices": [{"value": "a", "visibleIf": "{n} > 4"}, "b"],
                "showDontKnowItem": True,
            },
            {"type": "slider", "name": "share", "max": 10},
            {"type": "matrix", "name": "agree", "columns": [1, 2], "rows": ["clean"]},
            {
                "type": "paneldynamic",
                "name": "kids",
                "panelCount": 1,
                "templateElements": [
                    {"type": "text", "name": "kid"},
                    {"type": "text", "name": "age", "title": "{panel.kid}?"},
                ],
            },
            {"type": "text", "name": "closed", "readOnly": True},
        ]
    }
    survey = create_survey(name="All", definition=definition, now=make.NOW)
    address = f"/flow/{link_for(survey, store=None).code}"
    client, session, seen = Client(), "0f8fad5b-d9cb-469f-a165-70867728950e", {}
    said = {"n": 4, "again": True, "why": "b", "share": 3, "agree": {"clean": 2}}
    said["kids"] = [{"kid": "Bob", "age": "7"}]
    acts, told = [], client.post(address, {"session": session}, content_type="application/json")
    while question := told.json()["question"]:
        seen[question["name"]] = question
        acts = [{"id": len(seen), "act": "answer", "name": question["name"]}]
        acts[0]["value"] = said.get(question["name"])
        given = {"session": session, "acts": acts}
        told = client.post(address, given, content_type="application/json")
    assert list(seen) == ["n", "words", "again", "why", "share", "agree", "kids"]
    assert (seen["n"]["input_type"], seen["n"]["min"], seen["n"]["max"]) == ("number", 1, 5)
    assert seen["words"]["words"] == ["You said 4"]
    assert (seen["again"]["yes"], seen["again"]["no"]) == ("Sure", "No")
    assert [one["text"] for one in seen["why"]["choices"]] == ["b", "I do not know"]
    assert (seen["share"]["min"], seen["share"]["max"], seen["share"]["step"]) == (0, 10, 1)
    assert seen["agree"]["rows"] == [{"value": "clean", "text": "clean"}]
    assert [one["value"] for one in seen["agree"]["columns"]] == [1, 2]
    assert [one["name"] for one in seen["kids"]["blank"]["questions"]] == ["kid", "age"]
    assert Answer.objects.get().values == said
