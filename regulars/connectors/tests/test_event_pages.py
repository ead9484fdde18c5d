"""Pages of events: sources, live events, the plan from draft to version, dead letters."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from regulars.connectors.actions import SourceWish, open_event_source
from regulars.connectors.collect.appending import insert_letters
from regulars.connectors.collect.calls import Fault
from regulars.connectors.collect.checking import letter_of
from regulars.connectors.models import DeadLetter, EventSource, PlanDraft, TrackingPlan
from regulars.connectors.watching import health_of
from regulars.customers.actions import TrackedInput, record_tracked_events
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Client:
    client = Client()
    client.force_login(make.employee("owner"), backend="regulars.company.access.RoleBackend")
    return client


@pytest.fixture
def site() -> EventSource:
    return open_event_source("site", SourceWish("Our site"), now=timezone.now())


def told(number: int, name: str = "Product Viewed", **properties: object) -> TrackedInput:
    now = timezone.now()
    return TrackedInput(
        "site",
        f"m{number}",
        "track",
        now,
        now,
        name=name,
        user_id=f"u{number}",
        properties=properties,
    )


def test_a_source_is_made_changed_closed_and_gets_a_new_key(owner: Client) -> None:
    told = {"name": "Our site", "code": "site", "mode": "block", "origins": "https://a.example"}
    assert owner.post("/settings/events", told).status_code == 302
    one = EventSource.objects.get()
    page = owner.get(f"/settings/events/{one.pk}").content.decode()
    assert one.write_key in page
    assert "/collect/regulars.js" in page
    assert owner.post("/settings/events", told).status_code == 422
    wrong = {"name": "Our site", "mode": "observe", "origins": "a.example"}
    assert owner.post(f"/settings/events/{one.pk}", wrong).status_code == 422
    owner.post(f"/settings/events/{one.pk}", {"name": "Shop", "mode": "flag"})
    owner.post(f"/settings/events/{one.pk}/renew")
    owner.post(f"/settings/events/{one.pk}/close")
    after = EventSource.objects.get()
    assert (after.name, after.mode, after.origins) == ("Shop", "flag", [])
    assert after.write_key != one.write_key
    assert after.closed_at is not None


def test_health_counts_by_source(site: EventSource) -> None:
    now = timezone.now()
    record_tracked_events([told(1), told(2)], now=now)
    found = health_of([site], now=now + timedelta(minutes=5))["site"]
    assert (found.in_minute, found.in_hour, found.errors) == (0, 2, 0)


def test_live_events_are_found_by_name_source_and_person(owner: Client, site: EventSource) -> None:
    record_tracked_events([told(1), told(2, "Coupon Applied", coupon="X")], now=timezone.now())
    rows = "/settings/events/live/rows"
    everything = owner.get(rows).content.decode()
    assert "Product Viewed" in everything
    assert "coupon: X" in everything
    for query in ("name=coupon", "who=u2"):
        page = owner.get(f"{rows}?{query}&source=site&type=track").content.decode()
        assert "Coupon Applied" in page
        assert "Product Viewed" not in page
    assert "Product Viewed" not in owner.get(f"{rows}?source=other").content.decode()


def test_a_plan_is_learned_changed_compared_and_published(owner: Client, site: EventSource) -> None:
    events = [told(n, sku=f"P{n}", price=n + 0.5) for n in range(3)]
    record_tracked_events([*events, told(9, sku="P9")], now=timezone.now())
    draft = "/settings/events/plan/draft"
    owner.post(f"{draft}/act", {"act": "learn"})
    schema = PlanDraft.objects.get().schemas["Product Viewed"]
    assert schema["required"] == ["sku"]
    assert schema["properties"]["price"] == {"type": "number"}
    owner.post(f"{draft}/act", {"act": "publish", "note": "First"})
    assert not PlanDraft.objects.exists()
    card = {
        "name": "Product Viewed",
        "description": "Somebody looks",
        "name_0": "sku",
        "type_0": "string",
        "required_0": "on",
        "name_1": "list",
        "type_1": "string",
        "choices_1": "home; search",
    }
    assert owner.post(f"{draft}/event?name=Product Viewed", card).status_code == 302
    assert owner.post(f"{draft}/event", card).status_code == 422
    assert "− price" in owner.get(draft).content.decode()
    owner.post(f"{draft}/act", {"act": "publish", "only_planned": "on"})
    newest = TrackingPlan.objects.get(version=2)
    assert newest.only_planned
    assert newest.schemas["Product Viewed"] == {
        "type": "object",
        "description": "Somebody looks",
        "properties": {
            "sku": {"type": "string"},
            "list": {"type": "string", "enum": ["home", "search"]},
        },
        "required": ["sku"],
    }
    page = owner.get(f"/settings/events/plan/{newest.pk}").content.decode()
    assert "+ list" in page
    assert owner.get("/settings/events/plan").status_code == 200


def test_schemas_come_and_go_as_json(owner: Client) -> None:
    act = "/settings/events/plan/draft/act"
    for wrong in (
        "{",
        "[1]",
        '{"A": {"type": "nonsense"}}',
        '{"A": {"$ref": "https://a.example"}}',
    ):
        assert owner.post(act, {"act": "import", "document": wrong}).status_code == 422
    schemas = {"A": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}}
    owner.post(act, {"act": "import", "document": json.dumps({"schemas": schemas})})
    owner.post(
        "/settings/events/plan/draft/event?name=A",
        {"name": "B", "name_0": "n", "type_0": "integer"},
    )
    owner.post(act, {"act": "publish"})
    plan = TrackingPlan.objects.get()
    assert plan.schemas == {"B": schemas["A"]}, "what the card does not show survives"
    assert owner.get(f"/settings/events/plan/{plan.pk}.json").json()["schemas"] == plan.schemas


def letter(site: EventSource, number: int) -> DeadLetter:
    event = {"type": "track", "event": "Product Viewed", "messageId": f"m{number}", "userId": "u1"}
    return DeadLetter.objects.create(
        source=site,
        message_id=f"m{number}",
        type="track",
        name="Product Viewed",
        body=json.dumps(event),
        reason="plan",
        path="sku",
        rule="is not of type string",
        received_at=timezone.now(),
    )


def test_dead_letters_stand_by_reason_and_are_discarded(owner: Client, site: EventSource) -> None:
    letters = [letter(site, number) for number in range(3)]
    page = owner.get("/settings/events/letters").content.decode()
    assert "is not of type string" in page
    assert 'class="num">3<' in page
    assert owner.get(f"/settings/events/letters/{letters[0].pk}").status_code == 200
    wrong = owner.post(f"/settings/events/letters/{letters[0].pk}", {"body": "{"})
    assert wrong.status_code == 422
    owner.post(f"/settings/events/letters/{letters[0].pk}", {"discard": "yes"})
    group = {
        "reason": "plan",
        "path": "sku",
        "rule": "is not of type string",
        "name": "Product Viewed",
    }
    listed = owner.get("/settings/events/letters/group", group).content.decode()
    assert "m1" in listed
    owner.post("/settings/events/letters/act", {**group, "discard": "yes"})
    assert set(DeadLetter.objects.values_list("state", flat=True)) == {"discarded"}


def test_why_an_event_could_not_come_in_is_said_in_the_readers_language(
    owner: Client, site: EventSource
) -> None:
    fault = Fault("nobody", "userId", "userId or anonymousId is needed")
    body = b'{"type": "track", "event": "", "messageId": "m1"}'
    letter = letter_of(body, fault, source_id=site.pk, kind="", outer={}, now=timezone.now())
    insert_letters([letter])
    (kept,) = DeadLetter.objects.all()
    asked = "reason=nobody&path=userId&rule=userId or anonymousId is needed&name=&state=waiting"
    for address in ("letters", f"letters/group?{asked}", f"letters/{kept.pk}"):
        page = owner.get(f"/settings/events/{address}", headers={"Accept-Language": "ru"})
        assert "нужен userId или anonymousId" in page.content.decode(), address
        assert "is needed</" not in page.content.decode()


def test_what_rules_refuse_is_said_in_the_readers_language(
    owner: Client, site: EventSource
) -> None:
    told = {"code": "ПЛОХО", "name": "Shop", "mode": "observe"}
    page = owner.post("/settings/events", told, headers={"Accept-Language": "ru"})
    assert page.status_code == 422
    assert "строчные латинские буквы" in page.content.decode()
