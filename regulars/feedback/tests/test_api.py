"""The JSON API of feedback."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from regulars.channels.models import Message
from regulars.core.api.keys import create_key
from regulars.feedback.models import Answer, Invitation, Signal, Survey
from regulars.feedback.starters import STARTERS
from regulars.feedback.tests import cast

pytestmark = pytest.mark.django_db
SCOPES = [
    f"{noun}:{verb}" for noun in ("surveys", "answers", "signals") for verb in ("read", "write")
]


class Caller:
    """Calls the API with a key, and an idempotency key that differs each time."""

    def __init__(self, client: Client) -> None:
        scopes = [*SCOPES, "invitations:write"]
        made = create_key(name="test", scopes=scopes, now=timezone.now())
        self.secret = made.secret
        self.client, self.count = client, 0

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self._headers())

    def post(self, path: str, body: Any, kind: str = "application/json") -> Any:
        text = body if isinstance(body, str) else json.dumps(body)
        return self.client.post(f"/api/v1{path}", text, content_type=kind, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        self.count += 1
        return {"authorization": f"Bearer {self.secret}", "idempotency-key": f"k{self.count}"}


@pytest.fixture
def api(client: Client) -> Caller:
    return Caller(client)


def test_a_survey_is_published_and_read(api: Caller):
    made = api.post("/surveys", {"name": "Till", "definition": STARTERS[0].definition})
    assert made.status_code == 201, made.content
    survey_id = made.json()["id"]
    assert made.json()["version"] == 1
    changed = STARTERS[0].definition | {"title": "Other"}
    again = api.post(f"/surveys/{survey_id}/versions", {"definition": changed})
    assert again.json()["number"] == 2
    assert api.get(f"/surveys/{survey_id}").json()["definition"]["title"] == "Other"
    assert [one["name"] for one in api.get("/surveys").json()["items"]] == ["Till"]


def test_a_wrong_definition_names_the_element(api: Caller):
    body = {"name": "x", "definition": {"elements": [{"type": "magic", "name": "q"}]}}
    refused = api.post("/surveys", body)
    assert refused.status_code == 422
    assert "magic" in refused.content.decode()
    assert not Survey.objects.exists()


def test_answers_are_received_once_and_listed(api: Caller):
    asked, who, where = cast.survey(), cast.customer(), cast.store()
    body = {
        "key": "a-1", "survey_id": asked.pk, "values": {"nps": 2, "why": "Cold"},
        "customer_id": who.pk, "store": where.code, "answered_at": "2026-03-01T10:00:00+03:00",
    }  # fmt: skip
    first, again = api.post("/answers", body), api.post("/answers", body)
    assert first.status_code == 201, first.content
    assert first.json() == {"answer_id": Answer.objects.get().pk, "is_new": True}
    assert again.json()["is_new"] is False
    assert api.get("/answers").json()["items"][0]["values"] == {"nps": 2, "why": "Cold"}
    unhappy = api.get("/signals?unhappy=true&measure=nps").json()["items"]
    assert (unhappy[0]["share"], unhappy[0]["store_id"]) == (0.2, where.pk)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"values": {"nps": 11}}, "values.nps"),
        ({"values": {}}, "values.nps"),
        ({"customer_id": 999_999}, "customer_id"),
        ({"store": "moon"}, "store"),
        ({"survey_id": 999_999}, "survey_id"),
    ],
)
def test_a_wrong_answer_names_its_field(api: Caller, change: dict[str, Any], field: str):
    body = {"key": "a", "survey_id": cast.survey().pk, "values": {"nps": 2}} | change
    refused = api.post("/answers", body)
    assert refused.status_code in (404, 422)
    assert field in refused.content.decode()
    assert not Answer.objects.exists()


def test_answers_in_bulk_are_answered_line_by_line(api: Caller):
    asked = cast.survey()
    lines = [
        {"key": f"l{number}", "survey_id": asked.pk, "values": {"nps": number}}
        for number in (9, 10, 11)
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    answered = api.post("/answers/bulk", text, kind="application/x-ndjson")
    assert [json.loads(line)["status"] for line in answered.content.splitlines()] == [200, 200, 422]
    assert Signal.objects.count() == 2


def test_invitations_are_sent_once_and_withheld_with_a_reason(api: Caller):
    asked, who = cast.survey(), cast.customer()
    who.email = "ann@example.com"
    who.save()
    given = [
        {
            "survey_id": asked.pk,
            "cause": f"purchase:{number}",
            "customer_id": who.pk,
            "language": "ru",
        }
        for number in (1, 2)
    ]
    made = api.post("/invitations", {"invitations": given})
    assert made.status_code == 201, made.content
    first, second = made.json()["invitations"]
    assert (first["is_new"], first["withheld"]) == (True, "")
    assert second["withheld"] == "asked_enough"
    letter = Message.objects.get(state="waiting")
    invitation = Invitation.objects.get(pk=first["invitation_id"])
    assert f"/s/{invitation.token}?q=9" in letter.html
    assert "Как прошла покупка?" in letter.subject
    assert (
        api.post("/invitations", {"invitations": given}).json()["invitations"][0]["is_new"] is False
    )
    assert Message.objects.count() == 2
