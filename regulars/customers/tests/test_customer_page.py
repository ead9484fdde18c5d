"""A customer's page over a long life: everything that happened, what is open, and at what cost."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from regulars.customers.actions import (
    ConsentInput,
    CustomerRef,
    ReturnInput,
    ReturnLineInput,
    TrackedInput,
    record_consents,
    record_returns,
    record_tracked_events,
)
from regulars.customers.actions.privacy import open_privacy_request, restrict_customer
from regulars.customers.models import Customer, TrackedEvent
from regulars.customers.queries import history_of, kinds_on_timeline
from tests import make

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def ann() -> Customer:
    return make.customer("Ann Lee", email="ann@example.com", phone="+79161234567", card="A1")


def test_a_timeline_shows_all_that_happened_and_page_views_when_asked_for(
    ann: Customer, client: Client
) -> None:
    make.product("milk", category_path="Food")
    make.purchase("1", customer=ann, lines=[make.line("milk", 900)])
    back = ReturnInput("till", "r", "till", "1", make.NOW, (ReturnLineInput(1, 1000),), "sour")
    record_returns([back], now=make.NOW)
    whose = CustomerRef("id", str(ann.pk))
    yes = ConsentInput(
        customer=whose,
        purpose="marketing",
        channel="email",
        state="given",
        at=make.NOW,
        source="web",
    )
    record_consents([yes], now=make.NOW)
    calls = [
        TrackedInput("web", "m1", "track", make.NOW, make.NOW, "Liked", user_id="7"),
        TrackedInput("web", "m2", "page", make.NOW, make.NOW, "Home", user_id="7"),
    ]
    record_tracked_events(calls, now=make.NOW)
    TrackedEvent.objects.update(customer=ann)
    kinds = kinds_on_timeline(ann.pk)
    assert kinds == ["purchase", "return", "consent", "tracked.event", "tracked.page"]
    assert {one.kind for one in history_of(ann.pk)} == set(kinds) - {"tracked.page"}
    assert [one.body["name"] for one in history_of(ann.pk, kinds=["tracked.page"])] == ["Home"]
    client.force_login(make.employee("owner"), backend=BACKEND)
    shown = client.get(f"/customers/{ann.pk}").content.decode()
    assert all(words in shown for words in ("sour", "Agreed · Offer · E-mail", "Liked"))


def test_what_is_open_is_seen_by_those_who_may(ann: Customer, client: Client) -> None:
    path = f"/customers/{ann.pk}/open"
    client.force_login(make.employee("owner"), backend=BACKEND)
    assert "Nothing is open." in client.get(path).content.decode()
    asked = open_privacy_request(
        ann.pk, "objection", asked_by="employee", verified="seen", now=make.NOW
    )
    assert "Objection to offers" in client.get(path).content.decode()
    restrict_customer(asked.pk, "", by=None, now=make.NOW)
    assert "in force" in client.get(path).content.decode()
    client.force_login(make.employee("agent"), backend=BACKEND)
    assert "Objection to offers" not in client.get(path).content.decode()


def test_a_long_history_costs_no_more_statements_than_a_short_one(
    ann: Customer, client: Client
) -> None:
    client.force_login(make.employee("owner"), backend=BACKEND)
    make.purchase("0", customer=ann)
    client.get(f"/customers/{ann.pk}")
    with CaptureQueriesContext(connection) as short:
        client.get(f"/customers/{ann.pk}")
    for number in range(1, 60):
        make.purchase(f"{number}", customer=ann, bought_at=make.NOW - timedelta(days=number))
    with CaptureQueriesContext(connection) as long:
        client.get(f"/customers/{ann.pk}")
    assert len(long) == len(short)
