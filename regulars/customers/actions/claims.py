"""Keeping which record names which identity as its own."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from regulars.core.sql import cursor_for, int_array, text_array, time_array
from regulars.customers.actions.identities import add_identities
from regulars.customers.rules.purchases import BY_ID, CustomerRef


class ClaimInput(NamedTuple):
    """A record names an identity; `source` is empty where the record has no id of its own."""

    identity: CustomerRef
    customer_id: int
    source: str
    said_at: datetime


def claim_identities(
    claims: Collection[ClaimInput],
    *,
    known: Collection[CustomerRef] = (),
    work_id: int | None = None,
) -> set[int]:
    """Keep claims, and give the records that claim something new; `known` are identities that exist.

    An identity nobody had belongs to the first who claims it. Known identities are locked in the
    order of their ids, so of two sources that name one at the same time the second sees the first.
    """
    told = _each_once(claims)
    if not told:
        return set()
    new = {one.identity: one.customer_id for one in reversed(told) if one.identity not in known}
    add_identities(new, work_id=work_id)
    with cursor_for(len(told)) as cursor:
        cursor.execute(
            """WITH named AS (
                SELECT identity.id, given.customer_id, given.source, given.said_at
                FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::timestamptz[])
                    AS given (kind, value, customer_id, source, said_at)
                JOIN customers_identity identity USING (kind, value)
                WHERE NOT EXISTS (SELECT FROM customers_claim claim
                    WHERE claim.identity_id = identity.id
                    AND claim.customer_id = given.customer_id)
                ORDER BY identity.id FOR NO KEY UPDATE OF identity
            )
            INSERT INTO customers_claim (identity_id, customer_id, source, said_at, work_id)
            SELECT id, customer_id, source, said_at, %s::bigint FROM named
            ON CONFLICT (identity_id, customer_id) DO NOTHING
            RETURNING customer_id""",
            [
                text_array([one.identity.kind for one in told]),
                text_array([one.identity.value for one in told]),
                int_array([one.customer_id for one in told]),
                text_array([one.source for one in told]),
                time_array([one.said_at for one in told]),
                work_id,
            ],
        )
        return {row[0] for row in cursor.fetchall()}


def _each_once(claims: Iterable[ClaimInput]) -> list[ClaimInput]:
    first: dict[tuple[CustomerRef, int], ClaimInput] = {}
    for claim in claims:
        if claim.identity.kind != BY_ID:
            first.setdefault((claim.identity, claim.customer_id), claim)
    return list(first.values())


def drop_claims_of_work(work_id: int) -> set[int]:
    """Take back the claims of one import; gives every record that shared an identity with them.

    An identity that an import brought and another record claims too passes on to that record.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH dropped AS (
                DELETE FROM customers_claim WHERE work_id = %s RETURNING identity_id, customer_id
            )
            SELECT customer_id FROM dropped
            UNION SELECT claim.customer_id FROM customers_claim claim
                JOIN dropped USING (identity_id)
            UNION SELECT identity.customer_id FROM customers_identity identity
                JOIN dropped ON dropped.identity_id = identity.id""",
            [work_id],
        )
        touched = {row[0] for row in cursor.fetchall()}
        cursor.execute(
            """UPDATE customers_identity identity SET (customer_id, work_id) = (
                SELECT customer_id, work_id FROM customers_claim
                WHERE identity_id = identity.id ORDER BY id LIMIT 1)
            WHERE work_id = %s
            AND EXISTS (SELECT FROM customers_claim WHERE identity_id = identity.id)
            AND NOT EXISTS (SELECT FROM customers_claim own WHERE own.identity_id = identity.id
                AND own.customer_id = identity.customer_id)""",
            [work_id],
        )
        return touched


def pass_on_identities(customer_ids: Collection[int]) -> None:
    """Have identities of these records that others claim too belong to those others; for erasure."""
    ids = int_array(customer_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE customers_identity identity SET (customer_id, work_id) = (
                SELECT customer_id, work_id FROM customers_claim WHERE identity_id = identity.id
                    AND customer_id <> ALL(%s::bigint[]) ORDER BY id LIMIT 1)
            WHERE customer_id = ANY(%s::bigint[])
            AND EXISTS (SELECT FROM customers_claim WHERE identity_id = identity.id
                AND customer_id <> ALL(%s::bigint[]))""",
            [ids, ids, ids],
        )
