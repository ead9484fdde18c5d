"""Records that are one person are asked about as one, above the customers domain."""

import csv
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from regulars.channels.actions import OutgoingMessage, send
from regulars.connectors.exporting import export_table
from regulars.customers.events import CustomersMerged, CustomersUnmerged
from regulars.customers.models import Customer
from regulars.insight.actions.lake import refresh_lake
from regulars.insight.metrics.rfm import rfm_scores
from regulars.insight.models import LakePart
from regulars.insight.queries.metrics import run_tables
from regulars.insight.rules.scope import Scope
from regulars.journey.actions import ensure_defaults, pass_by_purchases
from regulars.journey.handlers import join_first_purchases, part_first_purchases
from regulars.journey.models import Passage
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def two() -> tuple[Customer, Customer]:
    return make.customer("Ann", card="a"), make.customer("Anne", card="b")


def asked(customer: Customer, key: str) -> str:
    outgoing = OutgoingMessage(
        key=key,
        purpose="survey",
        text="How was it?",
        customer_id=customer.pk,
        address=f"{customer.pk}@example.com",
        channel="outbox",
    )
    return send([outgoing], now=NOW)[0].code


def test_contact_limits_count_messages_to_all_records_of_a_person(two):
    ann, anne = two
    make.merged(ann, anne)
    assert [asked(anne, "1"), asked(ann, "2")] == ["", "asked_enough"]
    make.parted(anne)
    assert [asked(ann, "4"), asked(anne, "5")] == ["", "asked_enough"]


def first_purchases() -> set[tuple[str, int]]:
    rows = Passage.objects.filter(cause__startswith="first_purchase")
    return {(one.cause, (NOW - one.at).days) for one in rows}


def test_a_person_buys_for_the_first_time_once_and_two_do_again_when_parted(two):
    ann, anne = two
    ensure_defaults(now=NOW)
    for customer, days in ((ann, 3), (anne, 9), (ann, 1)):
        bought = make.purchase(customer=customer, bought_at=NOW - timedelta(days=days))
        pass_by_purchases([bought.purchase_id])
    apart = first_purchases()
    entries = make.merged(ann, anne)
    for _ in range(2):
        join_first_purchases(CustomersMerged(merging_ids=tuple(entries)))
    assert first_purchases() == {(f"first_purchase:customer:{ann.pk}", 9)}
    bought = make.purchase(customer=anne, bought_at=NOW)
    pass_by_purchases([bought.purchase_id])
    assert first_purchases() == {(f"first_purchase:customer:{ann.pk}", 9)}
    part_first_purchases(CustomersUnmerged(merging_ids=(make.parted(anne),)))
    assert first_purchases() == apart


def test_scores_are_those_of_persons_and_no_month_is_written_again(two, tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_DATA", str(tmp_path))
    ann, anne = two
    for customer in (ann, anne, anne):
        make.purchase(customer=customer, bought_at=NOW - timedelta(days=40))

    def scored() -> dict[int, int]:
        refresh_lake(now=NOW)
        facts, scope = ("purchases", "returns", "persons"), Scope(NOW.date(), NOW.date())
        rows = run_tables(lambda lake: rfm_scores(lake, scope), facts).to_pylist()
        return {row["customer_id"]: row["frequency"] for row in rows}

    apart = scored()
    files = set(LakePart.objects.exclude(fact="persons").values_list("path", flat=True))
    make.merged(ann, anne)
    assert scored() == {ann.pk: 3}
    assert set(LakePart.objects.filter(fact="purchases").values_list("path", flat=True)) <= files
    make.parted(anne)
    assert scored() == apart == {ann.pk: 1, anne.pk: 2}


def test_panels_of_any_record_show_the_person(two, client: Client):
    ann, anne = two
    make.touchpoint()
    bought = make.purchase(customer=anne)
    pass_by_purchases([bought.purchase_id])
    make.merged(ann, anne)
    client.force_login(make.employee())
    for name in ("feedback.customer_answers", "loyalty.wallet", "insight.rfm_panel"):
        for customer in two:
            assert client.get(reverse(name, args=[customer.pk])).status_code == 200


def test_exports_name_the_leading_record(two, tmp_path):
    ann, anne = two
    make.purchase(customer=anne)
    make.merged(ann, anne)

    def exported(name: str, column: str) -> list[str]:
        path = tmp_path / f"{name}.csv"
        export_table(name, path)
        with path.open(encoding="utf-8-sig") as file:
            return [row[column] for row in csv.DictReader(file)]

    assert exported("customers", "id") == [str(ann.pk)]
    assert exported("purchases", "customer") == [str(ann.pk)]
