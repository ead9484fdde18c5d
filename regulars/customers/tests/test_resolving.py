"""Persons follow from what records say, in whatever order it is said."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regulars.core.models import Work
from regulars.customers.actions import (
    CustomerRef,
    ProfileInput,
    learn_customers,
    resolve_all,
    resolve_due,
    unlearn_work,
)
from regulars.customers.actions.clustering import recluster
from regulars.customers.models import (
    Claim,
    Customer,
    Evidence,
    Identity,
    Merging,
    Relation,
    RelationMember,
    SourceRecord,
)
from regulars.customers.queries import find_customers, persons_of, summaries_of
from tests import make

pytestmark = pytest.mark.django_db


def learn(*batch: ProfileInput, source: str = "crm", days: int = 0, **more: Any) -> list[int]:
    now = make.NOW + timedelta(days=days)
    return [one.customer_id for one in learn_customers(batch, source=source, now=now, **more)]


def lead(customer_id: int) -> int:
    row = Customer.objects.get(pk=customer_id)
    return row.merged_into_id or row.pk


def partition() -> set[frozenset[tuple[str, str]]]:
    """The persons, each as the records of its sources."""
    persons: dict[int, set[tuple[str, str]]] = {}
    rows = SourceRecord.objects.select_related("customer")
    for row in rows:
        leading = row.customer.merged_into_id or row.customer_id
        persons.setdefault(leading, set()).add((row.source, row.outside_id))
    return {frozenset(records) for records in persons.values()}


ANN = {"name": "Ann Lee", "birthday": "1990-12-31", "address": "Main Street 5, Riga"}
RECORDS = [
    ("crm", ProfileInput("1", {**ANN, "email": "ann@x.org", "phone": "+79161234567"})),
    ("web", ProfileInput("w1", {"name": "Ann", "email": "ann@x.org"})),
    ("till", ProfileInput("", {"card": "500"})),
    ("web", ProfileInput("w2", {"name": "Anna Lee", "card": "500", "birthday": "1990-12-31"})),
    (
        "crm",
        ProfileInput(
            "2",
            {
                "name": "Bob Lee",
                "birthday": "1985-03-03",
                "phone": "+79161234567",
                "address": "Main Street 5, Riga",
            },
        ),
    ),
    ("old", ProfileInput("7", {**ANN, "name": "Ann Lea", "phone": "+79161234567"})),
    (
        "old",
        ProfileInput(
            "8",
            {
                "name": "Robert Lee",
                "birthday": "1985-03-03",
                "address": "Main Street 5, Riga",
                "phone": "+79161234567",
            },
        ),
    ),
    ("web", ProfileInput("w3", {"name": "Zoe Quinn", "email": "info@x.org"})),
    ("crm", ProfileInput("3", {"name": "Max Power", "email": "info@x.org"})),
    ("news", ProfileInput("", {"email": "ann@x.org"})),
]


def test_any_order_and_any_batches_give_the_same_persons() -> None:
    expected: set[frozenset[tuple[str, str]]] | None = None
    for seed in range(20):
        shuffled = list(RECORDS)
        random.Random(seed).shuffle(shuffled)
        mark = transaction_mark()
        size = 1 + seed % 4
        for start in range(0, len(shuffled), size):
            for source, entry in shuffled[start : start + size]:
                learn(entry, source=source)
            if seed % 3:
                resolve_due(now=make.NOW)
        resolve_due(now=make.NOW)
        found = partition()
        expected = expected or found
        assert found == expected, seed
        entries = Merging.objects.count()
        resolve_all(now=make.NOW)
        assert partition() == expected
        assert Merging.objects.count() == entries
        roll_back(mark)
    assert frozenset({("web", "w3")}) in expected  # type: ignore[operator]
    together = next(one for one in expected or () if ("crm", "1") in one)
    assert {("web", "w1"), ("news", "email:ann@x.org"), ("old", "7")} <= together
    assert ("crm", "2") not in together


def transaction_mark() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT before")
    return "before"


def roll_back(mark: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ROLLBACK TO SAVEPOINT {mark}")


def test_two_sources_with_one_email_are_one_person_at_once_and_the_ledger_says_why() -> None:
    (crm,) = learn(ProfileInput("1", {"email": "a@x.org", "name": "Ann Lee"}))
    (web,) = learn(ProfileInput("9", {"email": "A@x.org", "occupation": "nurse"}), source="web")
    assert crm != web
    assert lead(web) == crm
    entry = Merging.objects.get()
    assert (entry.kind, entry.customer_id, entry.lead_id, entry.reason) == (
        "merge",
        web,
        crm,
        "same_email",
    )
    leading = Customer.objects.get(pk=crm)
    assert (leading.name, leading.occupation) == ("Ann Lee", "nurse")
    assert Customer.objects.get(pk=web).name == ""
    assert [one.pk for one in find_customers("a@x.org")] == [crm]
    make.purchase("1", customer=Customer.objects.get(pk=web))
    assert summaries_of([crm])[crm].purchases == 1


def test_a_till_that_follows_finds_the_person_and_the_purchase_stays_where_it_came_in() -> None:
    bought = make.purchase("1", card="5")
    (crm,) = learn(ProfileInput("7", {"name": "Ann", "card": "5"}))
    assert bought.customer_id == crm
    (web,) = learn(ProfileInput("w", {"name": "Ann", "card": "5"}), source="web")
    assert make.purchase("2", card="5").customer_id == crm == lead(web)


def test_alike_records_are_found_by_the_job_with_a_waterfall() -> None:
    (one,) = learn(ProfileInput("1", {**ANN, "phone": "+79161234567"}))
    (two,) = learn(ProfileInput("2", {**ANN, "name": "Ann Leee", "phone": "+79161234567"}))
    assert lead(two) == two
    assert resolve_due(now=make.NOW) == 2
    assert lead(two) == one
    found = Evidence.objects.get(kind="probable")
    assert {step["field"] for step in found.steps} >= {"first name", "birthday"}
    assert round(sum(step["weight"] for step in found.steps), 1) == round(found.weight, 1)
    assert Merging.objects.get().reason == "probable"
    assert resolve_due(now=make.NOW) == 0


def test_a_tablet_of_many_customers_merges_nobody() -> None:
    tablet = (CustomerRef("device", "till-7"),)
    people = [ProfileInput(f"u{n}", {"shoe": n}, tablet) for n in range(500)]
    learn(*people[:5], source="web")
    assert Customer.objects.filter(merged_into=None).count() == 1
    learn(*people[5:250], source="web")
    learn(*people[250:], source="web")
    assert Customer.objects.filter(merged_into=None).count() == 500
    assert Identity.objects.get(kind="device").shared == "limit"
    relation = Relation.objects.get()
    assert relation.kind == "device"
    assert RelationMember.objects.filter(relation=relation).count() == 500


def test_a_family_with_one_phone_and_address_is_a_household_of_people() -> None:
    home = {"phone": "+79161234567", "address": "Main Street 5, Riga"}
    ids = learn(
        *(
            ProfileInput(name, {"name": f"{name} Petrov", **home})
            for name in ("Ivan", "Olga", "Denis")
        )
    )
    resolve_due(now=make.NOW)
    assert {lead(id_) for id_ in ids} == set(ids)
    relation = Relation.objects.get()
    assert relation.kind == "household"
    members = RelationMember.objects.filter(relation=relation).values_list("customer", flat=True)
    assert sorted(members) == sorted(ids)


@pytest.mark.parametrize("value", ["0000", "test@test", "unknown", "-1"])
def test_placeholders_merge_nobody(value: str) -> None:
    refs = (CustomerRef("card", value), CustomerRef("email", value))
    ids = learn(
        *(ProfileInput(f"p{n}", {"name": name}, refs) for n, name in enumerate(("Ann", "Bob")))
    )
    learn(ProfileInput("w", {"name": "Cid"}, refs), source="web")
    assert {lead(id_) for id_ in ids} == set(ids)
    assert not Identity.objects.filter(kind__in=("card", "email")).exists()


def test_the_101st_merge_is_a_merge() -> None:
    entries = [
        ProfileInput(
            f"{n}",
            {},
            (CustomerRef("external:chain", f"{n}"), CustomerRef("external:chain", f"{n + 1}")),
        )
        for n in range(102)
    ]
    ids = learn(*entries)
    assert len({lead(id_) for id_ in ids}) == 1
    assert Merging.objects.count() == 101


def test_names_that_contradict_make_an_email_shared_and_part_who_was_merged() -> None:
    (crm,) = learn(ProfileInput("1", {"email": "a@x.org"}))
    (web,) = learn(ProfileInput("9", {"email": "a@x.org", "name": "Ann Lee"}), source="web")
    assert lead(web) == crm
    learn(ProfileInput("1", {"email": "a@x.org", "name": "Bob Ray"}), days=1)
    assert lead(web) == web
    assert Identity.objects.get(kind="email").shared == "contradiction"
    assert [one.kind for one in Merging.objects.order_by("id")] == ["merge", "unmerge"]
    assert Customer.objects.get(pk=crm).name == "Bob Ray"


def test_where_the_leading_record_parts_the_others_keep_together() -> None:
    (one,) = learn(ProfileInput("1", {"email": "a@x.org", "card": "77"}))
    (two,) = learn(ProfileInput("2", {"card": "77", "phone": "+79990001122"}), source="web")
    (three,) = learn(ProfileInput("3", {"card": "77"}), source="app")
    assert {lead(two), lead(three)} == {one}
    for other in (two, three):
        Evidence.objects.create(left_id=one, right_id=other, kind="cannot_link", at=make.NOW)
    recluster([one], now=make.NOW)
    assert (lead(one), lead(two), lead(three)) == (one, two, two)
    assert persons_of([three]) == {two: (two, three)}


def test_taking_an_import_back_parts_what_it_joined() -> None:
    work = Work.objects.create(kind="import")
    (crm,) = learn(ProfileInput("1", {"email": "a@x.org"}))
    (web,) = learn(ProfileInput("9", {"phone": "+79990001122"}), source="web")
    (bridge,) = learn(
        ProfileInput("b", {"email": "a@x.org"}, (CustomerRef("id@web", "9"),)),
        source="app",
        work_id=work.pk,
    )
    assert lead(crm) == lead(web) == lead(bridge)
    unlearn_work(work.pk, now=make.NOW)
    assert (lead(crm), lead(web)) == (crm, web)
    assert not Claim.objects.filter(customer=bridge).exists()
    assert Customer.objects.get(pk=bridge).withdrawn_at


def test_statements_do_not_grow_with_the_batch() -> None:
    def statements(size: int) -> tuple[int, int]:
        batch = [
            ProfileInput(
                f"{size}-{n}", {"name": f"Ann Q{size}x{n}", "email": f"{size}.{n // 2}@x.org"}
            )
            for n in range(size)
        ]
        with CaptureQueriesContext(connection) as seen:
            learn(*batch)
        with CaptureQueriesContext(connection) as resolved:
            resolve_due(now=make.NOW)
        return len(seen), len(resolved)

    learn(ProfileInput("0", {"name": "Eve"}))
    assert statements(8) == statements(40)
