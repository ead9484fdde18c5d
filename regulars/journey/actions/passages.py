"""Passages: written in batches, exactly once by cause, with a constant number of statements."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from regulars.core.events import publish
from regulars.core.sql import int_array, text_array, time_array
from regulars.customers.queries import persons_of
from regulars.journey.events import PassagesRecorded
from regulars.journey.models import Passage

INSERT = """
INSERT INTO journey_passage (touchpoint_id, customer_id, store_id, served_by_id, at, cause, sample)
"""
ONCE = " ON CONFLICT (cause) DO NOTHING RETURNING id, cause"


@dataclass(frozen=True)
class PassageInput:
    """One customer going through one touchpoint; `cause` names the fact behind it, `answer:17`."""

    touchpoint_id: int
    at: datetime
    cause: str
    customer_id: int | None = None
    store_id: int | None = None
    served_by_id: int | None = None
    sample: bool = False


def record_passages(batch: Sequence[PassageInput]) -> list[bool]:
    """Write passages exactly once each; says, in the order of the batch, which ones are new.

    A cause that is known already, or that stands earlier in the batch, changes nothing. Publishes
    `PassagesRecorded` for the new ones.
    """
    if not batch:
        return []
    with transaction.atomic():
        written = _write(batch)
    return _firsts([each.cause for each in batch], written)


def _write(batch: Sequence[PassageInput]) -> set[str]:
    return _written(
        INSERT
        + """
        SELECT DISTINCT ON (cause) touchpoint_id, customer_id, store_id, served_by_id, at, cause,
               sample
        FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[],
                    %s::text[], %s::int[]::bool[]) WITH ORDINALITY
             AS given (touchpoint_id, customer_id, store_id, served_by_id, at, cause, sample, place)
        ORDER BY cause, place
        """
        + ONCE,
        [
            int_array(each.touchpoint_id for each in batch),
            int_array(each.customer_id for each in batch),
            int_array(each.store_id for each in batch),
            int_array(each.served_by_id for each in batch),
            time_array(each.at for each in batch),
            text_array(each.cause for each in batch),
            int_array(int(each.sample) for each in batch),
        ],
    )


def _firsts(causes: Sequence[str], written: set[str]) -> list[bool]:
    left = set(written)
    new = []
    for cause in causes:
        new.append(cause in left)
        left.discard(cause)
    return new


def _written(statement: str, parameters: Sequence[str]) -> set[str]:
    """The causes one INSERT wrote, after everyone above was told of the passages."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    if rows:
        publish(PassagesRecorded(passage_ids=tuple(row[0] for row in rows)))
    return {row[1] for row in rows}


@transaction.atomic
def pass_by_purchases(purchase_ids: Sequence[int]) -> int:
    """Write the passages that purchases are; gives how many are new, in two statements.

    The kind of the store decides the channel: `shop` or `web`; a purchase without a store counts as
    one in a shop. A person's earliest purchase is also a passage through the touchpoint that
    first purchases feed; when an earlier one comes in later, that passage moves to it. Purchases
    that were voided meanwhile are left out.
    """
    ids = int_array(purchase_ids)
    every = _written(
        INSERT
        + """
        SELECT touchpoint.id, purchase.customer_id, purchase.store_id, purchase.served_by_id,
               purchase.bought_at, 'purchase:' || purchase.id, false
        FROM customers_purchase purchase
        LEFT JOIN company_store store ON store.id = purchase.store_id
        JOIN journey_touchpoint touchpoint
          ON touchpoint.fed_by = 'purchase' AND touchpoint.retired_at IS NULL
         AND touchpoint.channel = coalesce(store.kind, 'shop')
        WHERE purchase.id = ANY(%s::bigint[]) AND purchase.voided_at IS NULL
        """
        + ONCE,
        [ids],
    )
    return len(every) + _pass_first_purchases(BUYERS, ids)


BUYERS = "SELECT customer_id FROM customers_purchase WHERE id = ANY(%s::bigint[])"
RECORDS = "SELECT unnest(%s::bigint[])"


def _pass_first_purchases(of: str, ids: str) -> int:
    """First purchases of the persons behind these records; gives how many were written or moved.

    The cause names the leading record of the person, the passage the record that bought.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT
            + f"""
            SELECT touchpoint.id, first.customer_id, first.store_id, first.served_by_id,
                   first.bought_at, 'first_purchase:customer:' || person.id, false
            FROM (SELECT DISTINCT coalesce(merged_into_id, id) AS id
                  FROM customers_customer WHERE id IN ({of})) person
            CROSS JOIN LATERAL (
                SELECT earliest.* FROM (
                    SELECT person.id UNION ALL
                    SELECT id FROM customers_customer WHERE merged_into_id = person.id) record
                CROSS JOIN LATERAL (
                    SELECT id, customer_id, store_id, served_by_id, bought_at FROM customers_purchase
                    WHERE customer_id = record.id AND voided_at IS NULL
                    ORDER BY bought_at, id LIMIT 1) earliest
                ORDER BY earliest.bought_at, earliest.id LIMIT 1) first
            LEFT JOIN company_store store ON store.id = first.store_id
            JOIN journey_touchpoint touchpoint
              ON touchpoint.fed_by = 'first_purchase' AND touchpoint.retired_at IS NULL
             AND touchpoint.channel = coalesce(store.kind, 'shop')
            ORDER BY person.id
            ON CONFLICT (cause) DO UPDATE
            SET at = excluded.at, store_id = excluded.store_id, customer_id = excluded.customer_id,
                served_by_id = excluded.served_by_id, touchpoint_id = excluded.touchpoint_id
            WHERE (journey_passage.at, journey_passage.store_id, journey_passage.customer_id,
                   journey_passage.served_by_id)
                  IS DISTINCT FROM (excluded.at, excluded.store_id, excluded.customer_id,
                                    excluded.served_by_id)
            """,
            [ids],
        )
        return int(cursor.rowcount)


@transaction.atomic
def forget_purchases(purchase_ids: Sequence[int]) -> int:
    """Take off the passages of voided purchases; gives how many there were, in three statements.

    First purchases are looked for anew among what remains.
    """
    ids = int_array(purchase_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM journey_passage WHERE cause IN (
                SELECT 'purchase:' || id FROM unnest(%s::bigint[]) AS id)
            """,
            [ids],
        )
        gone = int(cursor.rowcount)
        cursor.execute(
            """
            DELETE FROM journey_passage WHERE cause IN (
                SELECT 'first_purchase:customer:' || coalesce(merged_into_id, id)
                FROM customers_customer WHERE id IN (
                    SELECT customer_id FROM customers_purchase WHERE id = ANY(%s::bigint[])))
            """,
            [ids],
        )
    _pass_first_purchases(BUYERS, ids)
    return gone


@transaction.atomic
def look_for_first_purchases(customer_ids: Collection[int]) -> None:
    """Find the first purchases of these persons anew, because records were merged or parted.

    One for a person, whichever records are theirs now; what purchases there are decides alone.
    """
    records = int_array(record for person in persons_of(customer_ids).values() for record in person)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM journey_passage WHERE cause IN ("
            " SELECT 'first_purchase:customer:' || id FROM unnest(%s::bigint[]) AS id)",
            [records],
        )
    _pass_first_purchases(RECORDS, records)


@transaction.atomic
def pass_by_returns(return_ids: Sequence[int]) -> int:
    """Write the passages that returns of goods are; gives how many are new, in one statement."""
    return len(
        _written(
            INSERT
            + """
            SELECT touchpoint.id, purchase.customer_id, coming.store_id, NULL::bigint,
                   coming.returned_at, 'return:' || coming.id, false
            FROM customers_return coming
            JOIN customers_purchase purchase ON purchase.id = coming.purchase_id
            LEFT JOIN company_store store ON store.id = coming.store_id
            JOIN journey_touchpoint touchpoint
              ON touchpoint.fed_by = 'return' AND touchpoint.retired_at IS NULL
             AND touchpoint.channel = coalesce(store.kind, 'shop')
            WHERE coming.id = ANY(%s::bigint[])
            """
            + ONCE,
            [int_array(return_ids)],
        )
    )


def drop_sample_passages() -> int:
    """Delete generated passages; gives how many there were."""
    return Passage.objects.filter(sample=True).delete()[0]
