"""Recording receipts, and taking them off the record."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from regulars.company.actions import add_bare_products, add_bare_stores, meet_agents
from regulars.company.queries import KnownProduct, products_by_sku, stores_by_code
from regulars.core.errors import Conflict, NotFound, Refused
from regulars.core.events import publish
from regulars.core.sql import cursor_for, int_array, text_array, time_array
from regulars.customers.actions.identities import owners_of
from regulars.customers.events import PurchasesRecorded, PurchasesVoided
from regulars.customers.rules.purchases import (
    CustomerRef,
    PurchaseInput,
    fingerprint_of,
    problem_of,
)

Key = tuple[str, str]
"""The source of a purchase and its number there."""

NULL = "\\N"
COPY_LINES = """COPY customers_line
    (purchase_id, position, product_id, quantity_milli, total_minor, discount_minor) FROM STDIN"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one receipt of a batch.

    `products` stands beside the lines of the input, None where a line names no product. A receipt
    that was refused has its reason in `refused`, the id 0, and changed nothing.
    """

    purchase_id: int
    created: bool
    customer_id: int | None = None
    store_id: int | None = None
    products: tuple[KnownProduct | None, ...] = ()
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """A purchase that is on record."""

    id: int
    fingerprint: str
    customer_id: int | None
    store_id: int | None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class _Facts:
    """Everything a batch refers to, found or made."""

    customers: dict[CustomerRef, int | None]
    stores: dict[str, int]
    agents: dict[str, int]
    products: dict[str, KnownProduct]


@transaction.atomic(savepoint=False)
def record_purchases(
    batch: Sequence[PurchaseInput], *, now: datetime, work_id: int | None = None
) -> list[Recorded]:
    """Put receipts on record exactly once; the answers stand in the order of the batch.

    The same receipt again is answered with the purchase it made the first time. Another content
    under a known number is refused, as is anything unreadable; the rest of the batch is not
    touched by that. Customers, stores and products that nobody has met are made, bare. The number
    of statements does not depend on the size of the batch, and rows are written in one fixed
    order, so that concurrent batches wait for each other and never deadlock.
    """
    problems = [problem_of(entry, now=now) for entry in batch]
    prints = [
        "" if problem else fingerprint_of(entry)
        for entry, problem in zip(batch, problems, strict=True)
    ]
    firsts: dict[Key, int] = {}
    for index, entry in enumerate(batch):
        if problems[index] is None:
            firsts.setdefault((entry.source, entry.number), index)
    known = _purchases_known_as(firsts)
    fresh = [index for key, index in sorted(firsts.items()) if key not in known]
    facts = _facts_about(batch, problems, fresh=fresh, work_id=work_id)
    fresh = _of_known_customers(batch, problems, fresh=fresh, facts=facts)
    made = _insert(batch, prints, fresh=fresh, facts=facts, now=now, work_id=work_id)
    _copy_lines([(row.id, batch[firsts[key]]) for key, row in made.items()], facts)
    if len(made) < len(fresh):
        # Another transaction committed the same receipt while we waited for it.
        known |= _purchases_known_as({_key(batch[index]) for index in fresh} - made.keys())
    if made:
        publish(PurchasesRecorded(purchase_ids=tuple(sorted(row.id for row in made.values()))))
    rows = known | made
    return [
        Recorded(0, created=False, refused=problem or problems[firsts[_key(entry)]])
        if problem is not None or (row := rows.get(_key(entry))) is None
        else _answer(
            entry,
            row,
            fingerprint=fingerprint,
            facts=facts,
            created=row.is_new and firsts[_key(entry)] == index,
        )
        for index, (entry, problem, fingerprint) in enumerate(
            zip(batch, problems, prints, strict=True)
        )
    ]


def _answer(
    entry: PurchaseInput, row: _Known, *, fingerprint: str, facts: _Facts, created: bool
) -> Recorded:
    if row.fingerprint != fingerprint:
        number = f"{entry.source} {entry.number}"
        taken = Conflict("other_content", f"{number} is on record with other content", "number")
        return Recorded(0, created=False, refused=taken)
    products = facts.products
    return Recorded(
        row.id,
        created,
        row.customer_id,
        row.store_id,
        tuple([products.get(line[0]) for line in entry.lines]),
    )


def _key(entry: PurchaseInput) -> Key:
    return entry.source, entry.number


def _purchases_known_as(keys: Collection[Key]) -> dict[Key, _Known]:
    with cursor_for(len(keys)) as cursor:
        cursor.execute(
            """SELECT purchase.source, purchase.number, purchase.id,
                encode(purchase.fingerprint, 'hex'), purchase.customer_id, purchase.store_id
            FROM unnest(%s::text[], %s::text[]) AS given (source, number)
            JOIN customers_purchase purchase ON purchase.source = given.source
                AND purchase.number = given.number AND purchase.voided_at IS NULL""",
            [text_array([key[0] for key in keys]), text_array([key[1] for key in keys])],
        )
        return {(row[0], row[1]): _Known(*row[2:]) for row in cursor.fetchall()}


def _facts_about(
    batch: Sequence[PurchaseInput],
    problems: Sequence[Refused | None],
    *,
    fresh: Sequence[int],
    work_id: int | None,
) -> _Facts:
    """Everything the batch refers to; what fresh receipts name and nobody knows is made.

    Stores, those who serve, products and people are always made in this order, another guard against deadlocks.
    """
    codes = {code for index in fresh if (code := batch[index].store_code)}
    stores = stores_by_code(codes)
    if unknown := codes - stores.keys():
        add_bare_stores(unknown)
        stores = stores_by_code(codes)
    agents = meet_agents({code for index in fresh if (code := batch[index].served_by)})
    skus = {
        line[0]
        for entry, problem in zip(batch, problems, strict=True)
        if problem is None
        for line in entry.lines
    } - {""}
    products = products_by_sku(skus)
    if len(products) < len(skus):
        add_bare_products(skus - products.keys())
        products = products_by_sku(skus)
    met: dict[CustomerRef, datetime] = {}
    for index in fresh:
        entry = batch[index]
        if entry.customer is not None:
            earlier = met.get(entry.customer, entry.bought_at)
            met[entry.customer] = min(earlier, entry.bought_at)
    return _Facts(owners_of(met, work_id=work_id) if met else {}, stores, agents, products)


def _of_known_customers(
    batch: Sequence[PurchaseInput],
    problems: list[Refused | None],
    *,
    fresh: Sequence[int],
    facts: _Facts,
) -> list[int]:
    """The fresh receipts whose customer exists; the others get their refusal written down."""
    kept = []
    for index in fresh:
        customer = batch[index].customer
        if customer is None or customer in facts.customers:
            kept.append(index)
        else:
            message = f"no customer has the id {customer.value}"
            problems[index] = NotFound("unknown_customer", message, "customer")
    return kept


def _insert(
    batch: Sequence[PurchaseInput],
    prints: Sequence[str],
    *,
    fresh: Sequence[int],
    facts: _Facts,
    now: datetime,
    work_id: int | None,
) -> dict[Key, _Known]:
    """The receipts that were not on record before, with their new ids."""
    if not fresh:
        return {}
    entries = [batch[index] for index in fresh]
    owners = [facts.customers[e.customer] if e.customer else None for e in entries]
    stores = [facts.stores[e.store_code] if e.store_code else None for e in entries]
    servers = [facts.agents[e.served_by] if e.served_by else None for e in entries]
    totals = [sum([line[2] for line in e.lines]) - e.discount_minor for e in entries]
    discounts = [sum([line[3] for line in e.lines]) + e.discount_minor for e in entries]
    with cursor_for(len(entries)) as cursor:
        cursor.execute(
            """INSERT INTO customers_purchase (source, number, customer_id, store_id,
                served_by_id, bought_at, total_minor, discount_minor, fingerprint, tenders, recorded_at, work_id)
            SELECT source, number, customer_id, store_id, served_by_id, bought_at, total_minor, discount_minor,
                decode(fingerprint, 'hex'), tenders, %s::timestamptz, %s::bigint
            FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[],
                %s::timestamptz[], %s::bigint[], %s::bigint[], %s::text[], %s::jsonb[])
                AS given (source, number, customer_id, store_id, served_by_id, bought_at, total_minor, discount_minor, fingerprint, tenders)
            ON CONFLICT (source, number) WHERE voided_at IS NULL DO NOTHING
            RETURNING source, number, id, encode(fingerprint, 'hex'), customer_id, store_id, true""",
            [
                now,
                work_id,
                text_array([entry.source for entry in entries]),
                text_array([entry.number for entry in entries]),
                int_array(owners),
                int_array(stores),
                int_array(servers),
                time_array([entry.bought_at for entry in entries]),
                int_array(totals),
                int_array(discounts),
                text_array([prints[index] for index in fresh]),
                text_array([_tenders(entry) for entry in entries]),
            ],
        )
        return {(row[0], row[1]): _Known(*row[2:]) for row in cursor.fetchall()}


def _tenders(entry: PurchaseInput) -> str | None:
    return json.dumps(dict(entry.tenders)) if entry.tenders else None


def _copy_lines(made: Iterable[tuple[int, PurchaseInput]], facts: _Facts) -> None:
    """Write the lines of new receipts by COPY, the quickest way in: they can meet no conflict."""
    ids = {sku: str(product.id) for sku, product in facts.products.items()}
    rows = [
        f"{purchase_id}\t{position}\t{ids.get(sku, NULL)}\t{quantity}\t{paid}\t{off}\n"
        for purchase_id, entry in made
        for position, (sku, quantity, paid, off) in enumerate(entry.lines, 1)
    ]
    if not rows:
        return
    with connection.cursor() as cursor, cursor.copy(COPY_LINES) as copy:
        copy.write("".join(rows))


@transaction.atomic
def void_purchases(purchase_ids: Iterable[int], *, now: datetime) -> list[int]:
    """Take purchases off the record, and say which were on it; their numbers become free again.

    The rows stay, so that the ledger can name what it reverses. Voiding twice changes nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH locked AS (
                SELECT id FROM customers_purchase
                WHERE id = ANY(%s::bigint[]) AND voided_at IS NULL ORDER BY id FOR UPDATE
            )
            UPDATE customers_purchase purchase SET voided_at = %s::timestamptz
            FROM locked WHERE purchase.id = locked.id RETURNING purchase.id""",
            [int_array(purchase_ids), now],
        )
        voided = sorted(row[0] for row in cursor.fetchall())
    if voided:
        publish(PurchasesVoided(purchase_ids=tuple(voided)))
    return voided
