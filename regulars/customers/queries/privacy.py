"""Reads about people's rights: who somebody is in all tables, what is held of them, what is open."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from regulars.core.holdings import Person, holdings, named_in, shown_rows
from regulars.core.needles import Needles, needles_of
from regulars.core.sql import int_array, text_array
from regulars.customers.models import PrivacyRequest, Restriction, Tombstone
from regulars.customers.queries.persons import persons_of
from regulars.customers.rules.privacy import OPEN_STATES

ALL_RESTRICTED = """SELECT person.id FROM customers_customer person
    WHERE coalesce(person.merged_into_id, person.id) IN (
        SELECT coalesce(record.merged_into_id, record.id) FROM customers_restriction held
        JOIN customers_customer record ON record.id = held.customer_id
        WHERE held.lifted_at IS NULL AND held.scope = 'all')"""
"""A SELECT of every customer record whose data may be kept and not used, for conditions over sets."""


def restricted_among(
    customer_ids: Collection[int], *, for_marketing: bool = False
) -> dict[int, str]:
    """Which of these records belong to people whose data may not be used, with the scope.

    A restriction of any record of a person holds for all of them. With `for_marketing`,
    objections to offers count too. One statement.
    """
    scopes = ["all", "marketing"] if for_marketing else ["all"]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT asked.id, min(held.scope) FROM customers_customer asked
            JOIN customers_customer record ON coalesce(record.merged_into_id, record.id)
                = coalesce(asked.merged_into_id, asked.id)
            JOIN customers_restriction held ON held.customer_id = record.id
                AND held.lifted_at IS NULL AND held.scope = ANY(%s::text[])
            WHERE asked.id = ANY(%s::bigint[]) GROUP BY asked.id""",
            [text_array(scopes), int_array(customer_ids)],
        )
        return dict(cursor.fetchall())


def restrictions_of(customer_id: int) -> list[Restriction]:
    """All restrictions of a person, the latest first, lifted ones included."""
    ids = records_of(customer_id)
    rows = Restriction.objects.filter(customer__in=ids).select_related("set_by", "lifted_by")
    return list(rows.order_by("-id"))


def records_of(customer_id: int) -> tuple[int, ...]:
    """The ids of all records of the person to whom a record belongs, the leading one first."""
    return next(iter(persons_of([customer_id]).values()), ())


def requests(*, state: str = "", kind: str = "") -> QuerySet[PrivacyRequest]:
    """Privacy requests, the most urgent first; `state` may be `open` for all that are not ended."""
    rows = PrivacyRequest.objects.select_related("customer", "taken_by")
    if state == "open":
        rows = rows.filter(state__in=OPEN_STATES)
    elif state:
        rows = rows.filter(state=state)
    if kind:
        rows = rows.filter(kind=kind)
    return rows.order_by("due_at", "id") if state == "open" else rows.order_by("-id")


def requests_of(customer_id: int) -> QuerySet[PrivacyRequest]:
    """The requests of one person, the latest first."""
    return PrivacyRequest.objects.filter(customer__in=records_of(customer_id)).order_by("-id")


def erased_at(customer_id: int) -> datetime | None:
    """When the person of this record was erased; None for everybody else."""
    found = Tombstone.objects.filter(customer_ids__contains=[customer_id]).first()
    return found.erased_at if found else None


def person_of(customer_id: int) -> Person:
    """The person of a record: all their records, and every identifier that any table knows."""
    ids = records_of(customer_id)
    values = {value for holding in holdings() for value in named_in(holding, ids)}
    plain = {value.strip().lower() for value in values} | {value.strip() for value in values}
    return Person(ids, tuple(sorted(plain - {""})), needles_of(values))


def without_shared(person: Person) -> tuple[Person, int]:
    """The person with needles that point to nobody else, and how many do point to others.

    A family's phone, or the name of a namesake, stays where it belongs to another person.
    """
    shared = needles_of(_of_others(person, {value.lower() for value in person.values}))
    texts = tuple(one for one in person.needles.texts if one not in shared.texts)
    numbers = tuple(one for one in person.needles.numbers if one not in shared.numbers)
    count = len(person.needles.texts) + len(person.needles.numbers) - len(texts) - len(numbers)
    return Person(person.customer_ids, person.values, Needles(texts, numbers)), count


def _of_others(person: Person, values: Iterable[str]) -> set[str]:
    """The values that profiles, identities or source records of other living people hold."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH wanted AS (SELECT unnest(%(values)s::text[]) AS value)
            SELECT value FROM (
                SELECT unnest(ARRAY[name, name_ru, email, phone, address]) AS value
                FROM customers_customer WHERE id <> ALL(%(ids)s::bigint[])
                UNION ALL
                SELECT value FROM customers_identity WHERE customer_id <> ALL(%(ids)s::bigint[])
                UNION ALL
                SELECT fact.value FROM customers_sourcerecord record,
                    jsonb_each_text(record.body) fact
                WHERE record.customer_id <> ALL(%(ids)s::bigint[])
            ) held WHERE lower(value) IN (SELECT value FROM wanted)""",
            {"values": text_array(sorted(values)), "ids": int_array(person.customer_ids)},
        )
        return {row[0] for row in cursor.fetchall()}


def dossier_of(customer_id: int) -> list[tuple[str, Any, list[dict[str, Any]]]]:
    """Everything that is held of a person: for each table its name, its label, and its rows."""
    person = person_of(customer_id)
    found = ((one.table, one.label, shown_rows(one, person)) for one in reversed(holdings()))
    return [(table, label, rows) for table, label, rows in found if rows]
