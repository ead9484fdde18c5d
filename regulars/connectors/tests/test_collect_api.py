"""Sources, plans, dead letters and events over the API."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from regulars.connectors.models import DeadLetter, EventSource
from regulars.core.api.keys import create_key
from regulars.customers.actions import TrackedInput, record_tracked_events

pytestmark = pytest.mark.django_db

Ask = Callable[..., Any]
NOW = timezone.now()


@pytest.fixture
def ask(client: Client) -> Ask:
    made = create_key(name="program", scopes=["events:read", "events:write"], now=NOW)
    numbers = count()

    def once(method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        headers = {
            "Authorization": f"Bearer {made.secret}",
            "Idempotency-Key": f"{next(numbers)}",
        }
        answer = client.generic(
            method,
            f"/api/v1/{path}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers=headers,
        )
        assert answer.status_code == status, answer.content
        return answer.json()

    return once


def test_a_source_is_opened_changed_renewed_closed_and_reopened(ask: Ask) -> None:
    made = ask("POST", "event-sources", {"code": "web", "name": "Web"}, status=201)
    path = f"event-sources/{made['id']}"
    changed = ask("PUT", path, {"name": "Shop", "mode": "block", "origins": ["https://a.example"]})
    assert (changed["name"], changed["mode"], changed["code"]) == ("Shop", "block", "web")
    assert ask("POST", f"{path}/key")["write_key"] != made["write_key"]
    assert ask("POST", f"{path}/close")["closed_at"]
    assert ask("POST", f"{path}/reopen")["closed_at"] is None
    assert [one["code"] for one in ask("GET", "event-sources")["items"]] == ["web"]
    ask("POST", "event-sources", {"code": "web", "name": "Again"}, status=409)


@pytest.mark.parametrize(
    "wrong", [{"code": "Ω"}, {"mode": "lax"}, {"origins": ["shop"]}, {"name": " "}]
)
def test_a_source_that_cannot_be_names_the_field(ask: Ask, wrong: dict[str, Any]) -> None:
    answer = ask("POST", "event-sources", {"code": "web", "name": "Web", **wrong}, status=422)
    assert answer["errors"][0]["field"] == next(iter(wrong))


def test_a_plan_is_published_and_letters_go_again(ask: Ask) -> None:
    source = ask("POST", "event-sources", {"code": "web", "name": "W", "mode": "block"}, status=201)
    first = ask("POST", "tracking-plans", {"schemas": {"Seen": False}}, status=201)
    assert (first["version"], len(ask("GET", "tracking-plans")["items"])) == (1, 1)
    ask("POST", "tracking-plans", {"schemas": {"Seen": {"type": 1}}}, status=422)
    letter = DeadLetter.objects.create(
        source=EventSource.objects.get(pk=source["id"]),
        message_id="m1",
        type="track",
        name="Seen",
        user_id="u1",
        body='{"type":"track","event":"Seen","userId":"u1"}',
        reason="plan",
        received_at=NOW,
    )
    assert ask("GET", "dead-letters")["items"][0]["rule"] == ""
    again = ask("POST", "dead-letters/resend", {"ids": [letter.pk]})
    assert (again["settled"], again["failing"][0]["plan_id"]) == (0, first["id"])
    edited = {str(letter.pk): {"type": "track", "event": "Looked", "userId": "u1"}}
    sent = ask("POST", "dead-letters/resend", {"ids": [letter.pk], "edited": edited})
    assert sent == {"settled": 1, "failing": []}
    assert ask("POST", "dead-letters/discard", {"ids": [letter.pk]})["settled"] == 0


def test_events_are_listed_by_person_source_and_name(ask: Ask) -> None:
    calls = [
        TrackedInput("web", "1", "track", NOW, NOW, name="Seen", user_id="u1"),
        TrackedInput("app", "2", "track", NOW, NOW, name="Seen", user_id="u2"),
    ]
    first, _second = record_tracked_events(calls, now=NOW)
    for query in (f"customer_id={first.customer_id}", "source=web"):
        (event,) = ask("GET", f"tracked-events?{query}")["items"]
        assert event["message_id"] == "1"
    assert len(ask("GET", "tracked-events?name=Seen")["items"]) == 2
