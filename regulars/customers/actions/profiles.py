"""Learning who customers are from what sources say, and unlearning it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from regulars.core.errors import Refused
from regulars.core.events import publish
from regulars.core.sql import int_array, json_array, text_array
from regulars.customers.actions.identities import (
    add_customers,
    add_identities,
    known_owners,
)
from regulars.customers.actions.projection import project_profiles
from regulars.customers.events import CustomersChanged
from regulars.customers.rules.profiles import (
    ProfileInput,
    clean_facts,
    fingerprint_of_facts,
    identities_in,
    joins,
)
from regulars.customers.rules.purchases import BY_ID, CustomerRef


@dataclass(frozen=True, slots=True)
class Learned:
    """What became of one record: whose it is, and whether anything about it was new."""

    customer_id: int
    created: bool
    changed: bool = False
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class _Record:
    """A record that was understood."""

    outside_id: str
    facts: dict[str, Any]
    identities: list[CustomerRef]
    fingerprint: str
    known_since: datetime


@transaction.atomic
def learn_customers(
    batch: Sequence[ProfileInput], *, source: str, now: datetime, work_id: int | None = None
) -> list[Learned]:
    """Keep what a source says of people, and bring their profiles up to date with it.

    A record belongs to the person that its identities point to: the id in its source first, then
    the others in the order given, card, e-mail and phone. Where they point to nobody, a customer
    is made. Identities that already point to somebody else stay with that person. The same record
    again changes nothing. A constant number of statements, whatever the size of the batch.
    """
    records = [_understood(entry, source=source, now=now) for entry in batch]
    sound = [record for record in records if isinstance(record, _Record)]
    owners, created = _owners(sound, work_id=work_id)
    whose = {
        id(record): owner for record, owner in zip(sound, owners, strict=True) if owner is not None
    }
    kept = [record for record in sound if id(record) in whose]
    news = _keep(kept, whose, source=source, now=now, work_id=work_id)
    touched = {whose[id(record)] for record in kept}
    add_identities(
        {ref: whose[id(record)] for record in reversed(kept) for ref in record.identities},
        work_id=work_id,
    )
    changed = project_profiles(touched)
    if changed or created:
        publish(CustomersChanged(customer_ids=tuple(sorted(changed | created))))
    return [_learned(record, whose, created=created, news=news) for record in records]


def _learned(
    record: _Record | Refused,
    whose: Mapping[int, int],
    *,
    created: Collection[int],
    news: Collection[tuple[str, str]],
) -> Learned:
    if isinstance(record, Refused):
        return Learned(0, created=False, refused=record)
    owner = whose.get(id(record))
    if owner is None:
        missing = Refused("unknown_customer", "no customer has this id", "id")
        return Learned(0, created=False, refused=missing)
    changed = (record.outside_id, record.fingerprint) in news
    return Learned(owner, created=owner in created, changed=changed)


def _understood(entry: ProfileInput, *, source: str, now: datetime) -> _Record | Refused:
    try:
        facts = clean_facts(entry.facts, today=now.date())
        identities = identities_in(entry, facts, source=source)
    except Refused as refused:
        return refused
    outside_id = entry.outside_id or f"{identities[0].kind}:{identities[0].value}"[:100]
    fingerprint = fingerprint_of_facts(facts, identities)
    return _Record(outside_id, facts, identities, fingerprint, entry.known_since or now)


def _owners(
    records: Sequence[_Record], *, work_id: int | None
) -> tuple[list[int | None], set[int]]:
    """The customer of each record, and which customers are new; None for ids that do not exist."""
    known = known_owners({ref for record in records for ref in record.identities})
    chosen: dict[CustomerRef, CustomerRef] = {}
    missing: dict[CustomerRef, datetime] = {}
    heads = []
    for record in records:
        refs = [ref for ref in record.identities if joins(ref, has_own_id=_has_own_id(record))]
        refs = refs or record.identities
        head = next((ref for ref in refs if ref in known), None)
        head = head or next((chosen[ref] for ref in refs if ref in chosen), refs[0])
        heads.append(head)
        for ref in refs:
            chosen.setdefault(ref, head)
        if head not in known and head.kind != BY_ID:
            earlier = missing.get(head, record.known_since)
            missing[head] = min(earlier, record.known_since)
    created: set[int] = set()
    if missing:
        created = add_customers(missing, work_id=work_id)
        known |= known_owners(set(missing))
    return [known.get(head) for head in heads], created


def _has_own_id(record: _Record) -> bool:
    return any(ref.kind.startswith("id@") or ref.kind == BY_ID for ref in record.identities)


def _keep(
    records: Sequence[_Record],
    whose: Mapping[int, int],
    *,
    source: str,
    now: datetime,
    work_id: int | None,
) -> set[tuple[str, str]]:
    """Keep the records, and say by outside id and fingerprint which of them are new."""
    rows: dict[tuple[str, str], _Record] = {}
    for record in records:
        rows.pop((record.outside_id, record.fingerprint), None)
        rows[record.outside_id, record.fingerprint] = record
    if not rows:
        return set()
    # Sorting is stable: of two records of one person in a batch the later one gets the later id.
    ordered = sorted(rows.values(), key=lambda record: record.outside_id)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_sourcerecord
                (source, outside_id, customer_id, body, fingerprint, received_at, said_at, work_id)
            SELECT %s, outside_id, customer_id, body, fingerprint, %s::timestamptz,
                %s::timestamptz, %s::bigint
            FROM unnest(%s::text[], %s::bigint[], %s::jsonb[], %s::text[])
                AS given (outside_id, customer_id, body, fingerprint)
            ON CONFLICT (source, outside_id, fingerprint) DO UPDATE SET said_at = EXCLUDED.said_at
            RETURNING outside_id, fingerprint, xmax = 0""",
            [
                source,
                now,
                now,
                work_id,
                text_array([record.outside_id for record in ordered]),
                int_array([whose[id(record)] for record in ordered]),
                json_array([record.facts for record in ordered]),
                text_array([record.fingerprint for record in ordered]),
            ],
        )
        return {(row[0], row[1]) for row in cursor.fetchall() if row[2]}


@transaction.atomic
def unlearn_work(work_id: int, *, now: datetime) -> list[int]:
    """Take back all that one import said of people; gives the customers whose profile it touched.

    Its source records go, and profiles fall back to what the other sources say. Customers that
    only this import knew are withdrawn: they keep their row, for the ledger's sake, and lose
    their identities, so that the next record of the same person makes a new customer. Call it
    after `void_purchases`: a customer with a purchase on record stays.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT customer_id FROM customers_sourcerecord WHERE work_id = %s
            UNION SELECT customer_id FROM customers_identity WHERE work_id = %s""",
            [work_id, work_id],
        )
        touched = sorted(row[0] for row in cursor.fetchall())
        cursor.execute("DELETE FROM customers_sourcerecord WHERE work_id = %s", [work_id])
        cursor.execute(
            """UPDATE customers_customer customer SET withdrawn_at = %s::timestamptz
            WHERE id = ANY(%s::bigint[]) AND withdrawn_at IS NULL
            AND NOT EXISTS (SELECT FROM customers_identity
                WHERE customer_id = customer.id AND work_id IS DISTINCT FROM %s::bigint)
            AND NOT EXISTS (SELECT FROM customers_sourcerecord WHERE customer_id = customer.id)
            AND NOT EXISTS (SELECT FROM customers_purchase
                WHERE customer_id = customer.id AND voided_at IS NULL)""",
            [now, int_array(touched), work_id],
        )
        cursor.execute(
            """DELETE FROM customers_identity identity USING customers_customer customer
            WHERE identity.work_id = %s AND customer.id = identity.customer_id
            AND (customer.withdrawn_at IS NOT NULL OR EXISTS (SELECT FROM customers_identity other
                WHERE other.customer_id = customer.id AND other.work_id IS DISTINCT FROM %s::bigint))""",
            [work_id, work_id],
        )
    project_profiles(touched)
    if touched:
        publish(CustomersChanged(customer_ids=tuple(touched)))
    return touched


@transaction.atomic
def unlearn_source(source: str) -> list[int]:
    """Take back all records of one source; gives the customers whose profile it touched."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM customers_sourcerecord WHERE source = %s RETURNING customer_id", [source]
        )
        touched = sorted({row[0] for row in cursor.fetchall()})
    project_profiles(touched)
    if touched:
        publish(CustomersChanged(customer_ids=tuple(touched)))
    return touched
