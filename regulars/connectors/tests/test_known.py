"""Whoever builds a condition is offered the names that tracking plans speak of."""

import pytest

from regulars.connectors.actions.sources import publish_plan
from regulars.core.conditions.fields import Seen
from regulars.customers.known.named import properties_seen, traits_seen
from tests import make

pytestmark = pytest.mark.django_db


def schema(**types: object) -> dict[str, object]:
    return {"properties": {name: {"type": told} for name, told in types.items()}}


def test_names_of_the_newest_plan_are_offered_with_their_types():
    old = {"Gone": schema(gone="string")}
    new = {
        "Checkout Started": schema(value="number", gift="boolean", items="array"),
        "$page": schema(category=["string", "null"]),
        "$identify": schema(plan="string", children="integer"),
        "$group": schema(seats="integer"),
    }
    for plan in (old, new):
        publish_plan(plan, source=None, now=make.NOW)
    assert properties_seen() == [
        Seen("category", "text"),
        Seen("gift", "boolean"),
        Seen("items"),
        Seen("value", "number"),
    ]
    assert traits_seen() == [Seen("children", "number"), Seen("plan", "text")]


def test_what_was_seen_is_offered_too_and_the_plan_goes_first():
    publish_plan({"$identify": schema(plan="string")}, source=None, now=make.NOW)
    customer = make.customer("Ann")
    customer.traits = {"plan": 7, "renews": "2026-03-01", "pets": True, "a\nb": 1, "x" * 101: 1}
    customer.save()
    assert traits_seen() == [
        Seen("pets", "boolean"),
        Seen("plan", "text"),
        Seen("renews", "date"),
    ]
