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
