"""Odd calls cost nobody else anything, and no event vanishes: it is on record or it waits."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from regulars.connectors.actions import (
    SourceWish,
    open_event_source,
    publish_plan,
    resend_dead_letters,
)
from regulars.connectors.collect.draining import drain_parcels
from regulars.connectors.models import DeadLetter, EventSource
from regulars.connectors.tests.test_collect import SCHEMA, item, kept, send, track

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture
def source() -> EventSource:
    return open_event_source("web", SourceWish("Web shop", mode="observe"), now=NOW)


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


def waiting() -> dict[str, str]:
    letters = DeadLetter.objects.filter(state="waiting")
    return dict(letters.values_list("message_id", "reason"))


def test_what_json_does_not_know_becomes_what_javascript_makes_of_it(source: EventSource) -> None:
    good, odd = json.dumps(item("g1")), json.dumps(item("o1", properties={"price": float("nan")}))
    half = json.dumps(item("h1", properties={"text": "tea \ud83d"}))
    body = f'{{"batch": [{good}, {odd}, {half}]}}'.encode()
    assert send(source, "/v1/batch", body).status_code == 200
    told = {event.message_id: event.properties for event in kept()}
    assert told == {"g1": {}, "o1": {"price": None}, "h1": {"text": "tea \ufffd"}}


@pytest.mark.parametrize("levels", [64, 300, 900])
def test_what_is_nested_too_deeply_waits_and_spoils_no_list(
    source: EventSource, levels: int
) -> None:
    body = b'{"userId": "u1", "event": "Deep", "messageId": "d1", "properties": %s}'
    assert send(source, "/v1/track", body % nested(levels)).status_code == 200
    assert kept() == []
    assert waiting() == {"d1": "unreadable"}
    (letter,) = DeadLetter.objects.all()
    assert [one.reason for one in resend_dead_letters([letter.pk], now=NOW)] == ["unreadable"]


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
def test_what_no_program_can_read_is_broken(source: EventSource, path: str) -> None:
    answer = send(source, path, b'{"batch": [%s]}' % nested(5_000))
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize("context", [nested(65), b'{"text": "%s"}' % (b"x" * 33_000)])
def test_what_a_batch_says_for_all_must_fit_into_a_call(
    source: EventSource, context: bytes
) -> None:
    body = b'{"context": %s, "batch": [%s]}' % (context, json.dumps(item()).encode())
    answer = send(source, "/v1/batch", body)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_big")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/v1/track", {"properties": ["a", "list"]}),
        ("/v1/track", {"properties": "text"}),
        ("/v1/identify", {"traits": "text"}),
        ("/v1/group", {"traits": 5, "groupId": "g"}),
    ],
)
def test_properties_that_are_no_object_are_not_thrown_away(
    source: EventSource, path: str, told: dict[str, Any]
) -> None:
    assert send(source, path, track("p1", **told)).status_code == 200
    assert send(source, path, track("p2", groupId="g", properties=None)).status_code == 200
    assert [event.message_id for event in kept()] == ["p2"]
    assert waiting() == {"p1": "unreadable"}


def test_a_name_of_spaces_is_no_name(source: EventSource) -> None:
    send(source, "/v1/track", track("s1", event="  "))
    assert kept() == []
    assert waiting() == {"s1": "name"}


def test_a_letter_that_cannot_be_recorded_says_so_when_it_is_sent_again(
    source: EventSource,
) -> None:
    send(source, "/v1/track", track("t1", timestamp="yesterday"))
    assert kept() == []
    (letter,) = DeadLetter.objects.all()
    (failed,) = resend_dead_letters([letter.pk], now=NOW)
    assert (failed.reason, failed.path) == ("bad_time", "timestamp")
    assert waiting() == {"t1": "bad_time"}
    moment = (NOW - timedelta(days=1)).isoformat()
    repaired = {letter.pk: {**letter.event, "timestamp": moment}}
    assert resend_dead_letters([letter.pk], now=NOW, edited=repaired) == []
    assert [event.message_id for event in kept()] == ["t1"]
    # The client repeats what it sent at first: the event is on record.
    send(source, "/v1/track", track("t1", timestamp="yesterday"))
    assert len(kept()) == 1
    assert waiting() == {}


def test_a_noted_breach_does_not_hide_that_an_event_could_not_be_recorded(
    source: EventSource,
) -> None:
    publish_plan({"Product Viewed": SCHEMA}, source=source, now=NOW)
    send(source, "/v1/track", track("n1", timestamp="yesterday"))
    assert DeadLetter.objects.get().state == "accepted"
    drain_parcels(now=NOW)
    assert kept() == []
    assert waiting() == {"n1": "bad_time"}
