"""Consents over the API: words with their proof, what is the case, purposes, texts, and the door."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from regulars.core.api.keys import create_key
from regulars.customers.models import Consent, Customer
from tests import make

pytestmark = pytest.mark.django_db

Ask = Callable[..., Any]
NOW = timezone.now()
SCOPES = ["consents:read", "consents:write", "customers:personal"]


def asker(client: Client, *scopes: str, **told: Any) -> Ask:
    made = create_key(name="shop", scopes=list(scopes), now=NOW, **told)
    numbers = count()

    def ask(method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = client.generic(
            method,
            f"/api/v1/{path}",
            body if isinstance(body, str) else "" if body is None else json.dumps(body),
            content_type="application/json",
            headers={
                "Authorization": f"Bearer {made.secret}",
                "Idempotency-Key": f"{made.key.pk}:{next(numbers)}",
            },
        )
        assert answer.status_code == status, answer.content
        is_json = (
            "json" in answer.headers["Content-Type"] and "nd" not in answer.headers["Content-Type"]
        )
        return answer.json() if is_json else answer.content.decode()

    return ask


@pytest.fixture
def ask(client: Client) -> Ask:
    return asker(client, *SCOPES)


@pytest.fixture
def ann() -> Customer:
    return make.customer("Ann", email="ann@example.com", phone="+79161234567")


def yes(ann: Customer, **told: Any) -> dict[str, Any]:
    return {
        "customer": {"kind": "id", "value": str(ann.pk)},
        "purpose": "marketing",
        "channel": "email",
        "state": "given",
        "at": (NOW - timedelta(hours=2)).isoformat(),
        "source": "web shop",
        **told,
    }


def states(ask: Ask, ann: Customer, query: str = "") -> dict[tuple[str, str], str]:
    told = ask("GET", f"customers/{ann.pk}/consents/states{query}")
    return {(one["purpose"], one["channel"]): one["state"] for one in told}


def test_a_word_with_the_text_shown_is_on_record_once(ask: Ask, ann: Customer) -> None:
    texts = ask(
        "POST", "consent-texts", {"purpose": "marketing", "texts": {"en": "Yes, do"}}, status=201
    )
    told = yes(ann, text_hash=texts[0]["hash"], proof={"form": "checkout"})
    first = ask("POST", "consents", told, status=201)
    again = ask("POST", "consents", told, status=201)
    assert (first["created"], again["created"]) == (True, False)
    assert first["id"] == again["id"]
    (listed,) = ask("GET", f"customers/{ann.pk}/consents")["items"]
    assert (listed["text_hash"], listed["proof"]) == (texts[0]["hash"], {"form": "checkout"})
    assert Consent.objects.get().api_key is not None


def test_the_state_is_told_as_of_any_moment(ask: Ask, ann: Customer) -> None:
    ask("POST", "consents", yes(ann), status=201)
    at = (NOW - timedelta(hours=1)).isoformat()
    no = yes(ann, state="withdrawn", purpose="", channel="", at=at)
    ask("POST", "consents", no, status=201)
    pair = ("marketing", "email")
    assert states(ask, ann)[pair] == "withdrawn"
    moment = (NOW - timedelta(minutes=90)).isoformat().replace("+", "%2B")
    assert states(ask, ann, f"?at={moment}")[pair] == "given"
    assert states(ask, ann)[("service", "email")] == "unknown"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"purpose": "gossip"}, "purpose"),
        ({"channel": "pigeon"}, "channel"),
        ({"channel": ""}, "channel"),
        ({"text_hash": "0" * 64}, "text_hash"),
        ({"valid_until": "2001-01-01T00:00:00Z"}, "valid_until"),
        ({"at": "2101-01-01T00:00:00Z"}, "at"),
        ({"customer": {"kind": "id", "value": "99999999"}}, "customer"),
    ],
)
def test_a_wrong_word_changes_nothing_and_names_its_field(
    ask: Ask, ann: Customer, wrong: dict[str, Any], field: str
) -> None:
    problem = ask("POST", "consents", yes(ann, **wrong), status=422)
    assert field in json.dumps(problem)
    assert not Consent.objects.exists()


def test_one_bad_line_costs_no_other_its_place(ask: Ask, ann: Customer) -> None:
    lines = [yes(ann), yes(ann, purpose="gossip"), yes(ann, channel="sms")]
    told = ask("POST", "consents/bulk", "\n".join(json.dumps(one) for one in lines))
    answers = [json.loads(line) for line in told.splitlines()]
    assert [one["status"] for one in answers] == [200, 422, 200], answers
    assert Consent.objects.count() == 2


def test_purposes_are_changed_within_what_is_lawful(ask: Ask) -> None:
    wish = {"name": "Wine letter", "valid_days": 365}
    made = ask("PUT", "purposes/wine", wish)
    assert (made["code"], made["basis"]) == ("wine", "consent")
    assert made in ask("GET", "purposes")
    ask("PUT", "purposes/wine", {**wish, "is_refusable": False}, status=422)
    ask("POST", "consent-texts", {"purpose": "nope", "texts": {"en": "Yes"}}, status=404)
    assert not ask("GET", "consent-texts?purpose=wine")["items"]


def test_the_door_answers_whether_and_why(ask: Ask, ann: Customer) -> None:
    path = f"customers/{ann.pk}/contacts?purpose=marketing&channel=outbox"
    (before,) = ask("GET", path)
    assert (before["allowed"], before["code"], before["basis"]) == (False, "no_consent", "consent")
    assert before["reason"]
    ask("POST", "consents", yes(ann), status=201)
    (after,) = ask("GET", path)
    assert (after["allowed"], after["code"], after["consent_state"]) == (True, "", "given")
    ask("GET", f"customers/{ann.pk}/contacts?purpose=gossip", status=422)
    ask("GET", f"customers/{ann.pk}/contacts?channel=pigeon", status=422)


def test_the_link_opens_the_persons_own_page(ask: Ask, ann: Customer, client: Client) -> None:
    url = ask("GET", f"customers/{ann.pk}/preferences")["url"]
    shown = client.get(url[url.index("/preferences/") :])
    assert shown.status_code == 200
    nobody = make.customer("Boris", email="", phone="+79160000000")
    ask("GET", f"customers/{nobody.pk}/preferences", status=422)


def test_a_key_sees_and_changes_what_its_scopes_say(client: Client, ann: Customer) -> None:
    asker(client, *SCOPES)("POST", "consents", yes(ann, proof={"ip": "203.0.113.7"}), status=201)
    reader = asker(client, "consents:read")
    assert reader("GET", f"customers/{ann.pk}/consents")["items"][0]["proof"] == {}
    reader("POST", "consents", yes(ann), status=403)
    reader("GET", f"customers/{ann.pk}/preferences", status=403)
    of_a_store = asker(client, "consents:write", stores=[make.store("A").pk])
    of_a_store("PUT", "purposes/wine", {"name": "Wine"}, status=403)
