"""Learning who customers are from what sources say, and unlearning it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from regulars.core.errors import Refused
from regulars.core.events import publish, together
from regulars.core.sql import cursor_for, int_array, json_array, text_array
from regulars.customers.actions.claims import ClaimInput, claim_identities, drop_claims_of_work
from regulars.customers.actions.identities import (
    Standing,
    add_customers,
    add_identities,
    known_owners,
    standing_of,
)
from regulars.customers.actions.projection import project_profiles
from regulars.customers.actions.resolving import forget_records, settle
from regulars.customers.events import CustomersChanged
from regulars.customers.queries.persons import leaders_of
from regulars.customers.rules.profiles import (
    RECORD,
    ProfileInput,
    Said,
    clean_facts,
    fingerprint_of_facts,
    identities_in,
    joins,
    told_by_identities,
)
from regulars.customers.rules.purchases import BY_ID, CustomerRef


@dataclass(frozen=True, slots=True)
class Learned:
    """What became of one record: where it is kept, who leads that person, whether it was new.

    `customer_id` is the customer record of the source's own entity; facts that come in with it
    belong there. `lead_id` is the leading record of the person at this moment.
    """

    customer_id: int
    created: bool
    changed: bool = False
    refused: Refused | None = None
    lead_id: int = 0


@dataclass(frozen=True, slots=True)
class _Record:
    """A record that was understood; `own` is the identity that stands for it alone."""

    outside_id: str
    facts: dict[str, Any]
    identities: list[CustomerRef]
    fingerprint: str
    known_since: datetime
    own: CustomerRef
    source: str

    @property
    def has_id(self) -> bool:
        return bool(self.source)


@transaction.atomic
@together()
def learn_customers(
    batch: Sequence[ProfileInput], *, source: str, now: datetime, work_id: int | None = None
) -> list[Learned]:
    """Keep what a source says of people, and bring their profiles up to date with it.

    Each entity of a source has a customer record of its own, and claims the identities it names.
    Records that claim one identity are one person from this moment on, unless the identity is
    shared; what is only probable is found out soon after, by a job. The same record again changes
    nothing. A constant number of statements, whatever the size of the batch.
    """
    records = [_understood(entry, source=source, now=now) for entry in batch]
    sound = [record for record in records if isinstance(record, _Record)]
    standing = standing_of({ref for record in sound for ref in (record.own, *record.identities)})
    whose, created = _place(sound, standing, work_id=work_id)
    kept = [record for record in sound if id(record) in whose]
    news = _keep(kept, whose, source=source, now=now, work_id=work_id)
    known = standing.known() | created.keys()
    own = {record.own: whose[id(record)] for record in kept if record.own not in known}
    add_identities(own, work_id=work_id)
    claims = [
        ClaimInput(ref, whose[id(record)], record.source, now)
        for record in kept
        for ref in record.identities
        if not standing.is_blocked(ref)
    ]
    stirred = claim_identities(claims, known=known | own.keys(), work_id=work_id)
    stirred |= {whose[id(one)] for one in kept if (one.outside_id, one.fingerprint) in news}
    said = _all_said(created.values(), kept, whose, source=source, now=now)
    moved = settle(stirred, now=now, said=said)
    changed = project_profiles({whose[id(record)] for record in kept} | moved)
    new = set(created.values())
    if changed or new:
        publish(CustomersChanged(customer_ids=tuple(sorted(changed | new))))
    alone = new - moved
    leads = dict(zip(alone, alone, strict=True)) | leaders_of(set(whose.values()) - alone)
    return [_learned(record, whose, leads=leads, created=new, news=news) for record in records]


def _all_said(
    created: Collection[int],
    records: Sequence[_Record],
    whose: Mapping[int, int],
    *,
    source: str,
    now: datetime,
) -> dict[int, list[Said]]:
    """All that was ever said of the customers whom these very records made."""
    said: dict[int, list[Said]] = {id_: [] for id_ in created}
    for place, record in enumerate(records):
        if (owner := whose[id(record)]) in said:
            said[owner].append(Said(source, now, place, record.facts))
    return said


def _learned(
    record: _Record | Refused,
    whose: Mapping[int, int],
    *,
    leads: Mapping[int, int],
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
    return Learned(owner, created=owner in created, changed=changed, lead_id=leads[owner])


def _understood(entry: ProfileInput, *, source: str, now: datetime) -> _Record | Refused:
    try:
        facts = clean_facts(entry.facts, today=now.date())
        identities = identities_in(entry, facts, source=source)
        facts = told_by_identities(facts, entry.identities, today=now.date())
    except Refused as refused:
        return refused
    outside_id = entry.outside_id or f"{identities[0].kind}:{identities[0].value}"[:100]
    own = CustomerRef(f"id@{source}", outside_id)
    has_id = own == identities[0]
    return _Record(
        outside_id,
        facts,
        identities,
        fingerprint_of_facts(facts, identities),
        entry.known_since or now,
        own if has_id else CustomerRef(f"{RECORD}@{source}", outside_id),
        source if has_id else "",
    )


def _place(
    records: Sequence[_Record], standing: Standing, *, work_id: int | None
) -> tuple[dict[int, int], dict[CustomerRef, int]]:
    """The customer record of each record by its `id()`, and the new ones by what stands for them.

    Unknown ids are left out.

    A record whose entity nobody has met yet takes the bare customer record that one of its
    identities made, where nothing else is known of that; else it gets a new one.
    """
    rows: dict[CustomerRef, int | None] = {}
    missing: dict[CustomerRef, datetime] = {}
    for record in sorted(records, key=lambda one: one.own):
        if (known := standing.owner(record.own)) is not None:
            rows[record.own] = known
        elif named := next((ref for ref in record.identities if ref.kind == BY_ID), None):
            rows[record.own] = standing.owner(named)
        elif record.own not in rows:
            refs = [ref for ref in record.identities if joins(ref, has_own_id=record.has_id)]
            row = standing.take(refs)
            if row is not None:
                rows[record.own] = row
            else:
                earlier = missing.get(record.own, record.known_since)
                missing[record.own] = min(earlier, record.known_since)
    created: dict[CustomerRef, int] = {}
    if missing:
        created = add_customers(missing, work_id=work_id)
        rows |= created
    if others := missing.keys() - created.keys():
        rows |= known_owners(others)
    placed = {id(record): row for record in records if (row := rows.get(record.own)) is not None}
    return placed, created


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
    with cursor_for(len(ordered)) as cursor:
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
    sharing = drop_claims_of_work(work_id)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT customer_id FROM customers_sourcerecord WHERE work_id = %s
            UNION SELECT customer_id FROM customers_identity WHERE work_id = %s""",
            [work_id, work_id],
        )
        touched = sorted(sharing | {row[0] for row in cursor.fetchall()})
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
    project_profiles({*touched, *forget_records(touched, now=now)})
    if touched:
        publish(CustomersChanged(customer_ids=tuple(touched)))
    return touched


@transaction.atomic
def unlearn_source(source: str, *, now: datetime) -> list[int]:
    """Take back all records of one source; gives the customers whose profile it touched."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM customers_sourcerecord WHERE source = %s RETURNING customer_id", [source]
        )
        touched = sorted({row[0] for row in cursor.fetchall()})
    project_profiles({*touched, *forget_records(touched, now=now)})
    if touched:
        publish(CustomersChanged(customer_ids=tuple(touched)))
    return touched
