"""Receipts are put on record exactly once, whatever comes, and in whatever order."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regulars.core.models import Event
from regulars.customers.actions import CustomerRef, LineInput, PurchaseInput, record_purchases
from regulars.customers.models import Customer, Identity, Line, Purchase
from tests import make

pytestmark = pytest.mark.django_db


def test_a_receipt_becomes_a_purchase_with_its_lines():
    milk = make.product("milk", category_path="Food/Dairy", maker="Meadow")
    entry = make.receipt(
        "1",
        card="77",
        store_code="north",
        lines=[make.line("milk", 250, discount_minor=50), make.line("", 100)],
        discount_minor=30,
    )
    (recorded,) = record_purchases([entry], now=make.NOW)
    purchase = Purchase.objects.get(pk=recorded.purchase_id)
    assert recorded.created
    assert (purchase.total_minor, purchase.discount_minor) == (320, 80)
    assert purchase.store.code == "north"
    assert recorded.customer_id == Identity.objects.get(kind="card", value="77").customer_id
    assert recorded.products[0] == (milk.pk, "milk", "Food/Dairy", "Meadow")
    assert recorded.products[1] is None
    assert list(Line.objects.order_by("position").values_list("product", flat=True)) == [
        milk.pk,
        None,
    ]


def test_the_same_receipt_again_changes_nothing():
    entry = make.receipt("1", card="77")
    first, twin = record_purchases([entry, entry], now=make.NOW)
    (again,) = record_purchases([entry], now=make.NOW)
    assert [first.created, twin.created, again.created] == [True, False, False]
    assert first.purchase_id == twin.purchase_id == again.purchase_id
    assert again.customer_id == first.customer_id
    assert again.products == first.products
    assert Line.objects.count() == 1
    assert Event.objects.filter(name="customers.PurchasesRecorded").count() == 1


def test_other_content_under_a_known_number_is_refused_and_the_rest_recorded():
    entry = make.receipt("1", card="77")
    make_other = replace(entry, customer=CustomerRef("card", "78"))
    record_purchases([entry], now=make.NOW)
    other, fine = record_purchases([make_other, make.receipt("2")], now=make.NOW)
    assert other.refused is not None
    assert (other.refused.code, other.refused.field) == ("other_content", "number")
    assert fine.created
    assert not Identity.objects.filter(value="78").exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"number": ""}, "number"),
        ({"number": "a\x00b"}, "number"),
        ({"number": "n" * 101}, "number"),
        ({"store_code": "s" * 51}, "store"),
        ({"lines": ()}, "lines"),
        ({"lines": (LineInput("milk", 1000, -1),)}, "lines"),
        ({"lines": (LineInput("milk", 1000, 10**30),)}, "lines"),
        ({"lines": (LineInput("mi\x00lk", 1000, 1),)}, "lines.sku"),
        ({"lines": (LineInput("m\ud800", 1000, 1),)}, "lines.sku"),
        ({"discount_minor": 1001}, "discount_minor"),
        ({"bought_at": datetime(2026, 3, 1)}, "bought_at"),  # noqa: DTZ001
        ({"bought_at": make.NOW + timedelta(days=2)}, "bought_at"),
        ({"customer": CustomerRef("card", "\x00")}, "customer"),
        ({"customer": CustomerRef("id", "404")}, "customer"),
        ({"customer": CustomerRef("id", "9" * 40)}, "customer"),
        ({"customer": CustomerRef("id", "-1")}, "customer"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(wrong, field):
    broken = replace(make.receipt("1"), **wrong)
    answers = record_purchases([broken, make.receipt("2"), broken], now=make.NOW)
    assert answers[0].refused is not None
    assert answers[0].refused.field == field
    assert [answer.created for answer in answers] == [False, True, False]


def test_strange_but_lawful_texts_are_kept():
    entry = make.receipt("№ 7\"\\'{}", card='Ключ,"{}\\', lines=[make.line('мол"око\\,{NULL}', 5)])
    (recorded,) = record_purchases([entry], now=make.NOW)
    assert recorded.created
    assert Purchase.objects.get().number == "№ 7\"\\'{}"
    assert recorded.products[0].sku == 'мол"око\\,{NULL}'


def test_a_card_of_zeros_belongs_to_nobody():
    assert make.purchase("1", card="0000").customer_id is None


def test_one_identity_in_two_spellings_is_one_person():
    entries = [
        replace(make.receipt(), customer=CustomerRef("phone", spelling))
        for spelling in ("8 (916) 123-45-67", "+79161234567")
    ]
    first, second = record_purchases(entries, now=make.NOW)
    assert first.customer_id == second.customer_id
    assert Customer.objects.count() == 1


def test_the_number_of_statements_does_not_depend_on_the_batch():
    def statements(size: int) -> int:
        batch = [make.receipt(card=f"{size}-{i}", store_code=f"{size}-{i}") for i in range(size)]
        with CaptureQueriesContext(connection) as seen:
            record_purchases(batch, now=make.NOW)
        return len(seen)

    make.product("milk")
    assert statements(2) == statements(50)


@pytest.mark.django_db(transaction=True)
def test_concurrent_batches_neither_double_nor_deadlock():
    batch = [
        PurchaseInput(
            "till",
            f"{i}",
            CustomerRef("card", f"c{i % 7}"),
            f"s{i % 3}",
            datetime(2026, 3, 1, tzinfo=UTC),
            (LineInput(f"p{i % 11}", 1, 1),),
        )
        for i in range(60)
    ]
    answers = []

    def record(order):
        try:
            answers.append(record_purchases(order, now=make.NOW))
        finally:
            connection.close()

    threads = [
        threading.Thread(target=record, args=(order,)) for order in (batch, batch[::-1], batch)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 3
    assert sum(recorded.created for answer in answers for recorded in answer) == 60
    assert Purchase.objects.count() == Line.objects.count() == 60
    assert Customer.objects.count() == 7
