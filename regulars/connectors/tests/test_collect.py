"""The door for Segment's API: over ASGI, into the append table, and drained from there."""

import asyncio
import gzip
import json
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from django.db import connection, connections
from django.utils import timezone

from regulars.connectors.actions import (
    SourceWish,
    change_event_source,
    close_event_source,
    discard_dead_letters,
    open_event_source,
    publish_plan,
    resend_dead_letters,
)
from regulars.connectors.collect.appending import Appender
from regulars.connectors.collect.door import PREFIXES, CollectDoor
from regulars.connectors.collect.draining import drain_parcels, forget_parcels
from regulars.connectors.models import DeadLetter, EventSource, Parcel
from regulars.core.doors import Doors
from regulars.core.errors import Refused
from regulars.customers.models import Purchase, Return, TrackedEvent

pytestmark = pytest.mark.django_db

NOW = timezone.now()
SCHEMA = {"type": "object", "required": ["price"], "properties": {"price": {"type": "number"}}}


@pytest.fixture
def source() -> EventSource:
    return open_event_source("web", SourceWish("Web shop"), now=NOW)


def ask(method: str, path: str, **told: Any) -> httpx.Response:
    """What the door answers; each time a new one, as after a restart.

    Its thread for the database works in the transaction of the test.
    """
    mine = connections["default"]
    mine.inc_thread_sharing()

    async def once(thread: Executor) -> httpx.Response:
        door = CollectDoor(Appender(thread))
        doors = Doors(dict.fromkeys(PREFIXES, door), pages=nowhere)
        transport = httpx.ASGITransport(app=doors)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, **told)

    def share() -> None:
        connections["default"] = mine

    try:
        with ThreadPoolExecutor(1, initializer=share) as thread:
            return asyncio.run(once(thread))
    finally:
        mine.dec_thread_sharing()


async def nowhere(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError("this is no page")


def send(source: EventSource, path: str, body: Any, **told: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ask("POST", path, content=content, auth=(source.write_key, ""), **told)


def kept(**told: Any) -> list[TrackedEvent]:
    """What is on record after draining."""
    drain_parcels(now=timezone.now())
    return list(TrackedEvent.objects.filter(**told).order_by("id"))


def track(message_id: str = "m1", **told: Any) -> dict[str, Any]:
    return {"event": "Product Viewed", "messageId": message_id, "userId": "u1", **told}


def item(message_id: str = "m1", **told: Any) -> dict[str, Any]:
    return {"type": "track", **track(message_id, **told)}


@pytest.mark.parametrize(
    ("path", "type_"),
    [
        ("/v1/identify", "identify"),
        ("/v1/track", "track"),
        ("/v1/page", "page"),
        ("/v1/screen", "screen"),
        ("/v1/group", "group"),
        ("/v1/alias", "alias"),
        ("/v1/i", "identify"),
        ("/v1/t", "track"),
        ("/v1/p", "page"),
        ("/v1/s", "screen"),
        ("/v1/g", "group"),
        ("/v1/a", "alias"),
    ],
)
def test_every_path_takes_its_calls(source: EventSource, path: str, type_: str) -> None:
    answer = send(source, path, {**track(), "groupId": "g", "previousId": "p", "name": "n"})
    assert (answer.status_code, answer.content) == (200, b'{"success":true}')
    (event,) = kept()
    assert event.type == type_
    assert event.name == {"track": "Product Viewed", "group": "g", "alias": "p"}.get(type_, "n")


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/import", "/v1/b", "/beacon/v1/batch"])
def test_a_batch_shares_its_outer_fields(source: EventSource, path: str) -> None:
    own = item("m2", context={"locale": "ru", "page": {"url": "/own"}})
    body = {"batch": [item("m1"), own], "context": {"locale": "en", "ip": "::1"}}
    assert send(source, path, body).status_code == 200
    first, second = kept()
    assert first.context == {"locale": "en", "ip": "::1"}
    assert second.context == {"locale": "ru", "ip": "::1", "page": {"url": "/own"}}


def test_browsers_send_plain_text_with_the_key_in_the_body(source: EventSource) -> None:
    body = json.dumps({**track(), "writeKey": source.write_key})
    headers = {"content-type": "text/plain", "origin": "https://shop.example"}
    answer = ask("POST", "/v1/t", content=body, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert len(kept()) == 1


def test_gzip_is_unpacked_and_a_bomb_is_not(source: EventSource) -> None:
    packed = gzip.compress(json.dumps({"batch": [item()]}).encode())
    headers = {"content-encoding": "gzip"}
    assert send(source, "/v1/batch", packed, headers=headers).status_code == 200
    bomb = gzip.compress(b" " * 50_000_000)
    assert send(source, "/v1/batch", bomb, headers=headers).status_code == 413
    assert send(source, "/v1/batch", b"no gzip", headers=headers).status_code == 400
    assert len(kept()) == 1


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/track", b'{"event": ', 400, "malformed"),
        ("/v1/track", b"[]", 400, "malformed"),
        ("/v1/batch", b'{"batch": {}}', 400, "malformed"),
        ("/v1/batch", b'{"batch": [', 400, "malformed"),
        ("/v1/track", b"x" * (4 * 1024 * 1024 + 1), 413, "too_big"),
        ("/v1/nothing", b"{}", 404, "not_found"),
    ],
)
def test_bad_requests_get_a_problem_with_code_and_message(
    source: EventSource, path: str, body: bytes, *, status: int, code: str
) -> None:
    answer = send(source, path, body)
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert answer.json()["message"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_or_closed_key_lets_nobody_in(source: EventSource) -> None:
    assert ask("POST", "/v1/track", json=track(), auth=("wk_wrong", "")).status_code == 401
    assert ask("POST", "/v1/track", json=track()).status_code == 401
    close_event_source(source, now=timezone.now())
    assert send(source, "/v1/track", track()).status_code == 401
    assert not Parcel.objects.exists()


def test_only_listed_sites_may_send(source: EventSource) -> None:
    wish = SourceWish("Web shop", origins=["https://shop.example"])
    change_event_source(source, wish, now=timezone.now())
    good, bad = ({"origin": f"https://{name}.example"} for name in ("shop", "evil"))
    assert send(source, "/v1/t", track(), headers=good).status_code == 200
    assert send(source, "/v1/t", track(), headers=bad).status_code == 403


def test_browsers_may_ask_before_they_send() -> None:
    answer = ask("OPTIONS", "/v1/t", headers={"origin": "https://shop.example"})
    allowed = answer.headers["access-control-allow-headers"]
    assert answer.status_code == 204
    assert {"authorization", "content-type", "x-retry-count"} <= set(allowed.split(", "))


def test_browsers_find_their_settings(source: EventSource) -> None:
    answer = ask("GET", f"/v1/projects/{source.write_key}/settings").json()
    assert answer["integrations"]["Segment.io"]["apiHost"] == "test/v1"
    rudder = ask("GET", "/sourceConfig/", params={"writeKey": source.write_key}).json()
    assert rudder["source"]["enabled"] is True
    assert ask("GET", "/v1/projects/wk_no/settings").status_code == 404


def test_a_replayed_message_is_counted_once(source: EventSource) -> None:
    for _time in range(3):
        send(source, "/v1/track", track("same"))
    send(source, "/v1/batch", {"batch": [item("same"), item("same")]})
    assert len(kept()) == 1


def test_without_message_id_the_same_bytes_are_the_same_message(source: EventSource) -> None:
    call = {"event": "Opened", "userId": 7, "timestamp": "2026-03-02T12:00:00Z"}
    for _time in range(2):
        send(source, "/v1/track", call)
    (event,) = kept()
    assert (event.user_id, event.message_id[:7]) == ("7", "sha256:")


def test_all_301_properties_survive(source: EventSource) -> None:
    many = {f"p{n}": n / 4 for n in range(301)}
    send(source, "/v1/track", track(properties=many))
    assert kept()[0].properties == many


@pytest.mark.parametrize(
    ("original", "sent", "ago_s"),
    [
        ("2001-01-01T00:00:00Z", "2001-01-01T00:05:00Z", 300),
        ("2099-01-01T00:00:00Z", "2099-01-01T00:00:10Z", 10),
        ("2099-01-01T00:00:00Z", None, 0),
        ("2026-01-01T00:00:10+03:00", "2026-01-01T00:00:00+03:00", 0),
        (None, "2026-01-01T00:00:00Z", 0),
    ],
)
def test_the_senders_clock_is_corrected(
    source: EventSource, original: str | None, sent: str | None, ago_s: int
) -> None:
    send(source, "/v1/batch", {"batch": [item(timestamp=original)], "sentAt": sent})
    (event,) = kept()
    assert event.received_at - event.at == timedelta(seconds=ago_s)
    assert event.original_at == (datetime.fromisoformat(original) if original else None)


def test_history_is_taken_at_its_own_time(source: EventSource) -> None:
    send(source, "/v1/import", {"batch": [item(timestamp="2019-05-01T10:00:00")]})
    assert kept()[0].at == datetime(2019, 5, 1, 10, tzinfo=UTC)


def test_one_bad_call_does_not_spoil_its_batch(source: EventSource) -> None:
    bad = [
        17,
        {"type": "dance", "userId": "u1", "messageId": "b1"},
        item("b2", userId=None),
        item("b3", event=""),
        item("b4", userId="x" * 101),
        item("b5", properties={"text": "x" * 33_000}),
        item("b6", timestamp="yesterday"),
        item("b7", userId={"no": "text"}),
    ]
    answer = send(source, "/v1/batch", {"batch": [item("g1"), *bad, item("g2")]})
    assert answer.status_code == 200
    assert [event.message_id for event in kept()] == ["g1", "g2"]
    reasons = dict(DeadLetter.objects.values_list("message_id", "reason"))
    assert len(reasons) == len(bad)
    assert [reasons[f"b{n}"] for n in range(1, 7)] == [
        "type",
        "nobody",
        "name",
        "too_long",
        "too_big",
        "bad_time",
    ]


@pytest.mark.parametrize(
    ("mode", "count", "flawed", "state"),
    [
        ("observe", 2, [False, False], "accepted"),
        ("flag", 2, [False, True], "accepted"),
        ("block", 1, [False], "waiting"),
    ],
)
def test_what_breaks_the_plan_is_treated_as_the_source_says(
    source: EventSource, mode: str, *, count: int, flawed: list[bool], state: str
) -> None:
    change_event_source(source, SourceWish("Web", mode=mode), now=timezone.now())
    plan = publish_plan({"Product Viewed": SCHEMA}, source=None, now=NOW)
    good, bad = item("good", properties={"price": 5}), item("bad", properties={"price": "5"})
    send(source, "/v1/batch", {"batch": [good, bad], "context": {"locale": "ru"}})
    events = kept()
    assert [event.is_flawed for event in events] == flawed
    letter = DeadLetter.objects.get()
    assert (letter.state, letter.reason, letter.path) == (state, "plan", "price")
    assert (letter.plan, letter.message_id) == (plan, "bad")
    assert letter.event["context"] == {"locale": "ru"}
    assert len(events) == count


def test_a_sources_own_plan_goes_before_the_common_one(source: EventSource) -> None:
    change_event_source(source, SourceWish("Web", mode="block"), now=timezone.now())
    publish_plan({"$page": False}, source=None, now=NOW)
    own = publish_plan({"Known": {}}, source=source, only_planned=True, now=NOW)
    send(source, "/v1/page", {"userId": "u1", "messageId": "page"})
    send(source, "/v1/track", track("other"))
    assert [event.message_id for event in kept()] == ["page"]
    assert DeadLetter.objects.get().plan == own


def test_a_repaired_letter_is_one_event_at_its_own_time(source: EventSource) -> None:
    change_event_source(source, SourceWish("Web", mode="block"), now=timezone.now())
    publish_plan({"Product Viewed": SCHEMA}, source=None, now=NOW)
    bad = track("m1", timestamp="2026-01-01T00:00:00Z", properties={"price": "5"})
    send(source, "/v1/track", {**bad, "sentAt": "2026-01-01T00:01:00Z"})
    letter = DeadLetter.objects.get()
    assert resend_dead_letters([letter.pk], now=timezone.now()) == [letter]
    edited = {**letter.event, "properties": {"price": 5}, "messageId": "another"}
    assert not resend_dead_letters([letter.pk], now=timezone.now(), edited={letter.pk: edited})
    (event,) = kept()
    assert (event.message_id, event.properties) == ("m1", {"price": 5})
    assert event.received_at == letter.received_at
    assert event.received_at - event.at == timedelta(minutes=1)
    letter.refresh_from_db()
    assert letter.state == "resent"
    assert resend_dead_letters([letter.pk], now=timezone.now()) == []


def test_a_new_plan_lets_old_letters_in(source: EventSource) -> None:
    change_event_source(source, SourceWish("Web", mode="block"), now=timezone.now())
    publish_plan({"Product Viewed": SCHEMA}, source=None, now=NOW)
    send(source, "/v1/batch", {"batch": [item("m1"), item("m2"), item("m3")]})
    publish_plan({}, source=None, now=NOW)
    ids = dict(DeadLetter.objects.values_list("message_id", "id"))
    assert discard_dead_letters([ids["m2"]], now=timezone.now()) == 1
    assert not resend_dead_letters(ids.values(), now=timezone.now())
    assert [event.message_id for event in kept()] == ["m1", "m3"]


@pytest.mark.parametrize(
    "schemas",
    [
        {"A": {"type": 7}},
        {"A": "text"},
        {"": {}},
        {"A": {"$ref": "https://evil.example/schema"}},
        {"A": {"pattern": "("}},
    ],
)
def test_a_plan_that_cannot_be_is_refused(schemas: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        publish_plan(schemas, source=None, now=NOW)


def test_nothing_is_acknowledged_that_cannot_be_written(source: EventSource) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE connectors_parcel ADD CONSTRAINT full_disk CHECK (id < 0)")
    answer = send(source, "/v1/track", track())
    assert (answer.status_code, answer.json()["code"]) == (503, "not_written")


def test_a_call_the_database_refuses_holds_up_nobody(source: EventSource) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE customers_trackedevent ADD CONSTRAINT no_thirteen CHECK (message_id <> 'm3')"
        )
    send(source, "/v1/batch", {"batch": [item(f"m{n}") for n in range(7)]})
    assert len(kept()) == 6
    assert DeadLetter.objects.get().reason == "failed"


def test_drained_parcels_are_forgotten_after_a_day(source: EventSource) -> None:
    send(source, "/v1/track", track())
    now = timezone.now()
    assert forget_parcels(now=now + timedelta(days=2)) == 0
    drain_parcels(now=now)
    assert forget_parcels(now=now) == 0
    assert forget_parcels(now=now + timedelta(days=2)) == 1


ORDER = {
    "order_id": "A-1",
    "subtotal": 29.97,
    "total": 35.0,
    "currency": "USD",
    "products": [
        {"sku": "tea", "price": 9.99, "quantity": 2},
        {"product_id": "cup", "price": 12.99, "quantity": 1},
    ],
}


def test_orders_become_purchases_where_the_source_wishes_it(source: EventSource) -> None:
    send(source, "/v1/track", track("o1", event="Order Completed", properties=ORDER))
    kept()
    assert not Purchase.objects.exists()
    wish = SourceWish("Web", orders_become_purchases=True, store_code="online")
    change_event_source(source, wish, now=timezone.now())
    old = track("o2", event="Completed Order", properties=ORDER)
    again = track("o3", event="Order Completed", properties={**ORDER, "coupon": "X"})
    send(source, "/v1/batch", {"batch": [{"type": "track", **one} for one in (old, again)]})
    events = kept()
    purchase = Purchase.objects.get()
    assert (purchase.number, purchase.total_minor, purchase.discount_minor) == ("A-1", 2997, 300)
    assert purchase.customer_id == events[1].customer_id
    assert purchase.store is not None
    assert purchase.store.code == "online"


def test_refunds_bring_goods_back(source: EventSource) -> None:
    wish = SourceWish("Web", orders_become_purchases=True)
    change_event_source(source, wish, now=timezone.now())
    part = {"order_id": "A-1", "products": [{"sku": "tea", "quantity": 1}]}
    send(source, "/v1/track", track("o", event="Order Completed", properties=ORDER))
    kept()
    send(source, "/v1/track", track("r1", event="Order Refunded", properties=part))
    kept()
    rest = {"order_id": "A-1"}
    send(source, "/v1/track", track("r2", event="Order Refunded", properties=rest))
    send(source, "/v1/track", track("r2", event="Order Refunded", properties=rest))
    kept()
    assert [one.total_minor for one in Return.objects.order_by("id")] == [999, 999 + 1299]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"currency": "JPY"}, "currency"),
        ({"order_id": None}, "order_id"),
        ({"subtotal": "x"}, "subtotal"),
    ],
)
def test_an_order_that_cannot_be_stays_an_event_with_a_note(
    source: EventSource, change: dict[str, Any], field: str
) -> None:
    wish = SourceWish("Web", orders_become_purchases=True)
    change_event_source(source, wish, now=timezone.now())
    send(source, "/v1/track", track(event="Order Completed", properties={**ORDER, **change}))
    assert len(kept()) == 1
    letter = DeadLetter.objects.get()
    assert (letter.state, letter.reason, letter.path) == ("accepted", "order", field)
    assert not Purchase.objects.exists()
