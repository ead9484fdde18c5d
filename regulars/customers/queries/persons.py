"""Which records make one person."""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from django.db import connection

from regulars.core.sql import cursor_for, int_array
from regulars.customers.models import Merging


def leaders_of(customer_ids: Collection[int]) -> dict[int, int]:
    """The leading record of each of these records; a record that leads is its own. One statement."""
    if not customer_ids:
        return {}
    with cursor_for(len(customer_ids)) as cursor:
        cursor.execute(
            """SELECT id, coalesce(merged_into_id, id) FROM customers_customer
            WHERE id = ANY(%s::bigint[])""",
            [int_array(customer_ids)],
        )
        return dict(cursor.fetchall())


def records_of(customer_id: int) -> tuple[int, ...]:
    """All records of the person that this record belongs to, the leading one first."""
    return next(iter(persons_of([customer_id]).values()), (customer_id,))


def records_touched_by(merging_ids: Collection[int]) -> set[int]:
    """The records that these entries of the merge ledger are about, both of each. One statement."""
    rows = Merging.objects.filter(pk__in=merging_ids).values_list("customer_id", "lead_id")
    return {record for row in rows for record in row}


class Known(NamedTuple):
    """An identity that points to a person, and why others who have it are not the same person."""

    id: int
    kind: str
    value: str
    shared: str


def identities_of(customer_id: int) -> list[Known]:
    """Every identity that a person's records have or claim, by kind and value; 1,000 at most.

    What stands for a record without an id of its own is left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH person AS (SELECT id FROM customers_customer
                WHERE id = %(id)s OR merged_into_id = %(id)s)
            SELECT id, kind, value, shared FROM customers_identity
            WHERE kind NOT LIKE 'record@%%' AND id IN (
                SELECT id FROM customers_identity WHERE customer_id IN (SELECT id FROM person)
                UNION SELECT identity_id FROM customers_claim
                    WHERE customer_id IN (SELECT id FROM person))
            ORDER BY kind, value LIMIT 1000""",
            {"id": customer_id},
        )
        return [Known(*row) for row in cursor.fetchall()]


def persons_of(customer_ids: Collection[int]) -> dict[int, tuple[int, ...]]:
    """By leading record all records of the persons that these records belong to. One statement.

    The leading record comes first, the others follow in the order of their ids.
    """
    persons: dict[int, list[int]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH lead AS (
                SELECT DISTINCT coalesce(merged_into_id, id) AS id FROM customers_customer
                WHERE id = ANY(%s::bigint[]))
            SELECT id AS lead_id, id FROM lead
            UNION ALL
            SELECT merged.merged_into_id, merged.id FROM lead
            JOIN customers_customer merged ON merged.merged_into_id = lead.id
            ORDER BY 1, 2""",
            [int_array(customer_ids)],
        )
        for lead_id, id_ in cursor.fetchall():
            persons[lead_id].append(id_)
    return {
        lead: (lead, *(one for one in records if one != lead)) for lead, records in persons.items()
    }
