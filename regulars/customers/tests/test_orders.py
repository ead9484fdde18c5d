"""Records that come in any order, one by one or in handfuls, make the people of one batch."""

from random import Random

import pytest
from django.db import transaction

from regulars.customers.actions import ProfileInput, learn_customers, resolve_due
from regulars.customers.models import SourceRecord
from regulars.customers.queries.matches import wrong_merges
from tests import make

pytestmark = pytest.mark.django_db

MAIL, PHONE = "ann@example.com", "+79161234567"
RECORDS: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("crm", "1", {"name": "Ann Cooper", "email": MAIL, "birthday": "1990-12-31"}),
    ("web", "1", {"name": "Anna Cooper", "birthday": "1990-12-31", "address": "Elm 9, Leeds"}),
    ("till", "1", {"card": "777", "phone": PHONE}),
    ("shop", "1", {"name": "A. Cooper", "email": MAIL, "card": "777"}),
    ("crm", "2", {"name": "Bob Cooper", "phone": PHONE, "birthday": "1985-01-02"}),
    ("web", "2", {"name": "Robert Cooper", "birthday": "1985-01-02", "address": "Elm 9, Leeds"}),
    ("crm", "3", {"name": "Ann Cooper", "birthday": "1971-05-06"}),
    ("crm", "4", {"name": "Cid Novak", "card": "555"}),
    ("crm", "5", {"name": "Dan Moreau", "card": "555"}),
    ("web", "5", {"name": "Dan Moreau", "card": "555", "birthday": "1999-09-09"}),
)
Person = frozenset[str]


def people_of(pieces: list[list[int]], *, wait: list[bool]) -> set[Person]:
    """Who is one person after the records came in these pieces; nothing of it stays."""
    with transaction.atomic():
        for piece, resolves in zip(pieces, wait, strict=True):
            for source in sorted({RECORDS[place][0] for place in piece}):
                mine = [RECORDS[place] for place in piece if RECORDS[place][0] == source]
                told = [ProfileInput(number, facts) for _, number, facts in mine]
                learn_customers(told, source=source, now=make.NOW)
            if resolves:
                resolve_due(now=make.NOW)
        resolve_due(now=make.NOW)
        assert not wrong_merges()
        persons: dict[int, set[str]] = {}
        for one in SourceRecord.objects.select_related("customer"):
            lead = one.customer.merged_into_id or one.customer_id
            persons.setdefault(lead, set()).add(f"{one.source}:{one.outside_id}")
        transaction.set_rollback(True)
    return {frozenset(records) for records in persons.values()}


def test_twenty_orders_and_handfuls_give_the_people_of_one_batch() -> None:
    everything = list(range(len(RECORDS)))
    expected = people_of([everything], wait=[True])
    assert 3 < len(expected) < len(RECORDS)
    for seed in range(20):
        random = Random(seed)
        waiting, pieces = random.sample(everything, len(everything)), []
        while waiting:
            size = random.choice((1, 2, 4))
            pieces.append(waiting[:size])
            waiting = waiting[size:]
        wait = [random.random() < 0.5 for _ in pieces]
        assert people_of(pieces, wait=wait) == expected, seed
