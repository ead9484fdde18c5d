"""Single records of people: what each says, by what it is known, and what hangs on it."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, Max, Q

from regulars.core.holdings import Person, holdings
from regulars.core.sql import int_array
from regulars.customers.acts import Act, acts_upon
from regulars.customers.matching import Comparison, Traits, compare, default_model
from regulars.customers.models import (
    Comparable,
    Customer,
    Merging,
    Purchase,
    SourceRank,
    SourceRecord,
)
from regulars.customers.queries.people import said_of
from regulars.customers.queries.persons import persons_of
from regulars.customers.rules.doubting import doubted
from regulars.customers.rules.profiles import Said, projected_profile


class Origin(NamedTuple):
    """Where a record comes from: a source, the person's id there, and when it spoke last."""

    source: str
    outside_id: str
    said_at: datetime


class Had(NamedTuple):
    """An identity that a record has or claims."""

    kind: str
    value: str
    shared: str


@dataclass(frozen=True)
class SeenRecord:
    """One record of a person: what it alone says, and what hangs on it alone."""

    customer: Customer
    facts: dict[str, Any]
    origins: list[Origin]
    identities: list[Had]
    purchases: int
    last_purchase_at: datetime | None

    @property
    def id(self) -> int:
        """The record's id."""
        return self.customer.pk

    @property
    def lead_id(self) -> int:
        """The id of the record that leads its person."""
        return self.customer.merged_into_id or self.customer.pk


def records_seen(customer_ids: Collection[int]) -> list[SeenRecord]:
    """These records in the order given, those that do not exist left out. Five statements."""
    customers = Customer.objects.in_bulk(list(customer_ids))
    ranks = dict(SourceRank.objects.values_list("source", "rank"))
    said: dict[int, list[Said]] = defaultdict(list)
    origins: dict[int, dict[tuple[str, str], Origin]] = defaultdict(dict)
    for row in SourceRecord.objects.filter(customer__in=list(customers)).order_by("said_at", "id"):
        rank = ranks.get(row.source, 0)
        said[row.customer_id].append(Said(row.source, row.said_at, row.pk, row.body, rank))
        known = Origin(row.source, row.outside_id, row.said_at)
        origins[row.customer_id][row.source, row.outside_id] = known
    identities, bought = _identities(customers), _bought(customers)
    return [
        SeenRecord(
            customers[id_],
            projected_profile(said[id_]),
            list(origins[id_].values()),
            identities[id_],
            *bought.get(id_, (0, None)),
        )
        for id_ in customer_ids
        if id_ in customers
    ]


def _identities(customer_ids: Collection[int]) -> Mapping[int, list[Had]]:
    found: dict[int, list[Had]] = defaultdict(list)
    ids = int_array(customer_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH had AS (
                SELECT customer_id, identity_id AS id FROM customers_claim
                    WHERE customer_id = ANY(%s::bigint[])
                UNION SELECT customer_id, id FROM customers_identity
                    WHERE customer_id = ANY(%s::bigint[]))
            SELECT had.customer_id, kind, value, shared FROM had
            JOIN customers_identity USING (id) WHERE kind NOT LIKE 'record@%%'
            ORDER BY kind, value""",
            [ids, ids],
        )
        for customer_id, *rest in cursor.fetchall():
            found[customer_id].append(Had(*rest))
    return found


def _bought(customer_ids: Collection[int]) -> dict[int, tuple[int, datetime | None]]:
    rows = Purchase.objects.filter(customer__in=list(customer_ids), voided_at=None)
    counted = rows.values("customer").annotate(count=Count("id"), last=Max("bought_at"))
    return {row["customer"]: (row["count"], row["last"]) for row in counted.order_by()}


def compare_records(left: int, right: int) -> Comparison:
    """How probable it is that two records are one person, by what they alone say.

    Generated facts are compared with nothing, so they count neither way.
    """
    rows = Comparable.objects.filter(customer__in=(left, right))
    kept = dict(rows.values_list("customer", "traits"))
    one, other = (Traits(**kept.get(id_, {})) for id_ in (left, right))
    return doubted(compare(one, other, default_model()))


def profile_together(customer_ids: Collection[int]) -> dict[str, Any]:
    """The profile of the persons of these records, as if they were one."""
    leads = persons_of(customer_ids)
    return projected_profile(one for lead in leads for one in said_of(lead))


def source_records_of(customer_id: int, *, limit: int = 200) -> list[SourceRecord]:
    """What sources said of a person, word for word, the latest first."""
    whose = Q(customer=customer_id) | Q(customer__merged_into=customer_id)
    rows = SourceRecord.objects.filter(whose).order_by("-said_at", "-id")
    return list(rows[:limit])


class Held(NamedTuple):
    """What hangs on a record: what it is called, and how many rows there are."""

    label: str
    rows: int


NOT_TOLD = frozenset(
    {
        *(
            f"customers_{name}"
            for name in ("customer", "claim", "relation", "relationmember", "evidence", "merging")
        ),
        *(f"customers_{name}" for name in ("privacyrequest", "privacyfile", "accessentry")),
    }
)
"""Tables that say who somebody is, or who looked: nothing that a parting gives back."""


def held_by(customer_ids: Collection[int]) -> list[Held]:
    """What hangs on records in all domains, so that it goes wherever they go.

    One statement, over every table that the domains say they hold of people.
    """
    told = [one for one in holdings() if one.shows and one.table not in NOT_TOLD]
    counts = " UNION ALL ".join(
        f"SELECT {place}, count(*) FROM {one.table} WHERE {one.whose}"
        for place, one in enumerate(told)
    )
    rows: dict[str, int] = defaultdict(int)
    with connection.cursor() as cursor:
        cursor.execute(counts, Person(tuple(customer_ids)).parameters)
        for place, count in cursor.fetchall():
            rows[str(told[place].label)] += count
    return [Held(label, count) for label, count in sorted(rows.items()) if count]


def acts_between(entry: Merging) -> list[Act]:
    """What was really done with a person while the merge that this entry took back held."""
    if entry.undoes is None:
        return []
    persons = persons_of([entry.customer_id, entry.lead_id])
    records = {record for person in persons.values() for record in person}
    return acts_upon(records, entry.undoes.at, entry.at)
