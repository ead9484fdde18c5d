"""Recording calls of Segment's API, through the action."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regulars.customers.actions import TrackedInput, record_tracked_events
from regulars.customers.models import Customer, Identity, TrackedEvent
from regulars.customers.queries import why_profile

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def call(message_id: str, type: str = "track", **told: Any) -> TrackedInput:
    told.setdefault("at", NOW)
    if type == "track":
        told.setdefault("name", "Product Viewed")
    return TrackedInput("web", message_id, type, received_at=NOW, **told)


def record(*calls: TrackedInput) -> list[TrackedEvent]:
    answers = record_tracked_events(calls, now=NOW)
    assert [one.refused for one in answers] == [None] * len(calls)
    return [TrackedEvent.objects.get(pk=one.event_id) for one in answers]


def test_a_message_is_counted_once_in_a_batch_and_for_ever() -> None:
    first = record_tracked_events([call("1", user_id="u1"), call("1", user_id="u1")], now=NOW)
    assert [one.created for one in first] == [True, False]
    (again,) = record_tracked_events([call("1", user_id="u1")], now=NOW + timedelta(days=90))
    assert (again.event_id, again.created) == (first[0].event_id, False)
    assert TrackedEvent.objects.count() == 1


def test_the_same_message_id_of_another_source_is_another_message() -> None:
    record(call("1", user_id="u1"))
    other = TrackedInput("app", "1", "track", NOW, NOW, name="Opened", user_id="u1")
    (answer,) = record_tracked_events([other], now=NOW)
    assert answer.created


def test_all_properties_survive() -> None:
    many = {f"p{n}": n for n in range(301)}
    (event,) = record(call("1", user_id="u1", properties=many, context={"page": {"url": "/"}}))
    assert event.properties == many
    assert event.context == {"page": {"url": "/"}}


def test_characters_no_database_can_hold_are_replaced() -> None:
    (event,) = record(call("1", user_id="u1", properties={"a": "x\0y", "b": "\\u0000"}))
    assert event.properties == {"a": "x\ufffdy", "b": "\\u0000"}


def test_identify_teaches_the_profile_and_leaves_out_only_what_is_wrong() -> None:
    traits = {
        "firstName": "Ann",
        "lastName": "Lee",
        "email": "Ann@Example.com",
        "phone": "12",
        "address": {"street": "Main 1", "city": "Riga"},
        "title": "Buyer",
        "plan": "gold",
        "createdAt": "2020-05-01T00:00:00Z",
    }
    (event,) = record(call("1", "identify", user_id="u1", properties=traits))
    customer = Customer.objects.get(pk=event.customer_id)
    assert (customer.name, customer.email, customer.phone) == ("Ann Lee", "ann@example.com", "")
    assert (customer.address, customer.occupation) == ("Main 1, Riga", "Buyer")
    assert customer.traits == {"plan": "gold"}
    assert customer.known_since.year == 2020
    assert event.properties == traits
    assert {reason.source for reason in why_profile(customer)} == {"web"}


def test_a_visitor_who_signs_in_is_the_user() -> None:
    page, identified = record(
        call("1", "page", name="Home", anonymous_id="a1"),
        call("2", "identify", user_id="u1", anonymous_id="a1", properties={"name": "Ann"}),
    )
    assert page.customer_id == identified.customer_id
    (later,) = record(call("3", "page", anonymous_id="a1"))
    assert later.customer_id == identified.customer_id


def test_the_next_person_at_the_same_device_is_somebody_else() -> None:
    device: dict[str, Any] = {"anonymous_id": "a1", "context": {"device": {"id": "till-7"}}}
    ann, bob = record(
        call("1", "identify", user_id="u1", properties={"name": "Ann"}, **device),
        call("2", "identify", user_id="u2", properties={"name": "Bob"}, **device),
    )
    assert ann.customer_id != bob.customer_id


def test_an_alias_gives_the_old_id_to_the_user() -> None:
    alias, before = record(
        call("1", "alias", name="a9", user_id="u1"), call("2", anonymous_id="a9")
    )
    assert alias.customer_id == before.customer_id


def test_other_systems_ids_point_to_the_user_but_never_our_own_or_another_sources() -> None:
    ids = [
        {"type": "braze_id", "id": "b1"},
        {"type": "id", "id": "1"},
        {"type": "id@erp", "id": "7"},
        {"type": "card", "id": "700"},
    ]
    (event,) = record(call("1", user_id="u1", context={"externalIds": ids}))
    found = set(Identity.objects.filter(customer=event.customer_id).values_list("kind", "value"))
    assert found == {("id@web", "u1"), ("external:braze_id", "b1"), ("card", "700")}


@pytest.mark.parametrize(
    "told", [{}, {"user_id": "x" * 101}, {"user_id": "a\nb"}, {"user_id": "u", "name": "n" * 255}]
)
def test_what_cannot_be_kept_is_refused_alone(told: dict[str, Any]) -> None:
    bad, good = record_tracked_events([call("1", **told), call("2", user_id="u1")], now=NOW)
    assert bad.refused is not None
    assert good.created


def test_a_user_called_null_is_nobody() -> None:
    (event,) = record(call("1", user_id="null"))
    assert event.customer_id is None


def test_the_number_of_statements_does_not_grow(django_assert_max_num_queries: Any) -> None:
    calls = [call(f"m{n}", user_id=f"u{n % 50}", anonymous_id=f"a{n}") for n in range(200)]
    calls += [call(f"i{n}", "identify", user_id=f"u{n}", properties={"n": n}) for n in range(50)]
    with django_assert_max_num_queries(35):
        record_tracked_events(calls, now=NOW)
