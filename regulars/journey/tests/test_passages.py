"""Passages: written once by cause, in bulk, from purchases and by whoever records them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regulars.company.models import Store
from regulars.customers.models import Customer, Purchase
from regulars.journey.actions import (
    PassageInput,
    drop_sample_passages,
    ensure_defaults,
    forget_purchases,
    pass_by_known_purchases,
    record_passages,
)
from regulars.journey.models import Passage, Stage, TargetModel, Touchpoint
from regulars.journey.rules import STAGES

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def customer() -> Customer:
    return Customer.objects.create(known_since=NOW)


def purchase(buyer: Customer | None, *, days_ago: int = 0, store: Store | None = None) -> Purchase:
    return Purchase.objects.create(
        source="till",
        number=f"{Purchase.objects.count()}",
        customer=buyer,
        store=store,
        bought_at=NOW - timedelta(days=days_ago),
        total_minor=1000,
        fingerprint=b"",
        recorded_at=NOW,
    )


def causes() -> set[str]:
    return set(Passage.objects.values_list("cause", flat=True))


def test_the_nine_stages_are_there_in_order():
    ensure_defaults(now=NOW)
    assert [stage.key for stage in Stage.objects.all()] == [stage.key for stage in STAGES]
    assert len(STAGES) == 9


def test_the_starting_set_is_made_once():
    made = ensure_defaults(now=NOW)
    Touchpoint.objects.filter(code="card").update(name="Our card")
    assert len(ensure_defaults(now=NOW)) == len(made)
    assert TargetModel.objects.count() == len(made)
    assert Touchpoint.objects.get(code="card").name == "Our card"


def test_the_kind_of_store_decides_the_touchpoint():
    web = Store.objects.create(code="w", name="Web", kind="web")
    shop = Store.objects.create(code="s", name="Shop", kind="shop")
    ann, bob = customer(), customer()
    bought = [
        purchase(ann, store=shop),
        purchase(bob, store=web),
        purchase(None, store=shop),
        purchase(None),
    ]
    pass_by_known_purchases([each.pk for each in bought], now=NOW)
    found = Passage.objects.filter(cause__startswith="purchase:").order_by("id")
    codes = {
        passage.cause: passage.touchpoint.code for passage in found.select_related("touchpoint")
    }
    assert [codes[f"purchase:{each.pk}"] for each in bought] == [
        "purchase_shop",
        "purchase_web",
        "purchase_shop",
        "purchase_shop",
    ]
    firsts = Passage.objects.filter(cause__startswith="first_purchase:")
    assert {passage.touchpoint.code for passage in firsts} == {
        "first_purchase_shop",
        "first_purchase_web",
    }


def test_a_repeat_writes_nothing():
    bought = [purchase(customer()).pk]
    assert pass_by_known_purchases(bought, now=NOW) == 2
    assert pass_by_known_purchases(bought, now=NOW) == 0
    assert Passage.objects.count() == 2


def test_an_earlier_purchase_that_comes_in_later_becomes_the_first():
    ann = customer()
    pass_by_known_purchases([purchase(ann, days_ago=1).pk], now=NOW)
    pass_by_known_purchases([purchase(ann, days_ago=9).pk], now=NOW)
    first = Passage.objects.get(cause=f"first_purchase:customer:{ann.pk}")
    assert first.at == NOW - timedelta(days=9)


def test_voided_purchases_take_their_passages_along():
    ann = customer()
    first, second = purchase(ann, days_ago=9), purchase(ann, days_ago=1)
    pass_by_known_purchases([first.pk, second.pk], now=NOW)
    Purchase.objects.filter(pk=first.pk).update(voided_at=NOW)
    assert forget_purchases([first.pk]) == 1
    assert causes() == {f"purchase:{second.pk}", f"first_purchase:customer:{ann.pk}"}
    assert Passage.objects.get(cause__startswith="first").at == NOW - timedelta(days=1)
    pass_by_known_purchases([first.pk], now=NOW)
    assert f"purchase:{first.pk}" not in causes()


def test_a_cause_makes_one_passage():
    touchpoint = ensure_defaults(now=NOW)[0].pk
    once = PassageInput(touchpoint_id=touchpoint, at=NOW, cause='answer:"1"', sample=True)
    other = PassageInput(touchpoint_id=touchpoint, at=NOW, cause="answer:2")
    assert record_passages([once, once, other]) == [True, False, True]
    assert record_passages([other, once]) == [False, False]
    assert Passage.objects.count() == 2
    assert drop_sample_passages() == 1
    assert causes() == {"answer:2"}


@pytest.mark.parametrize("count", [1, 300])
def test_statements_do_not_grow_with_the_batch(count):
    touchpoint = ensure_defaults(now=NOW)[0].pk
    batch = [
        PassageInput(touchpoint_id=touchpoint, at=NOW, cause=f"visit:{number}")
        for number in range(count)
    ]
    with CaptureQueriesContext(
        connection,
    ) as spent:
        record_passages(batch)
    own = [query for query in spent if "SAVEPOINT" not in query["sql"]]
    assert len(own) <= 4


def test_nothing_to_record_costs_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert record_passages([]) == []
