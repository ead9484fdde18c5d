"""Goods that come back, in part, and again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction

from regulars.company.actions import add_bare_stores
from regulars.company.queries import stores_by_code
from regulars.core.errors import Conflict, NotFound, Refused
from regulars.core.events import publish
from regulars.core.sql import int_array, text_array, time_array
from regulars.customers.events import GoodsReturned
from regulars.customers.rules.purchases import (
    Bought,
    ReturnInput,
    fingerprint_of_return,
    problem_of_return,
    taken_back,
)

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Returned:
    """What became of one return of a batch; `refused` says why nothing was written."""

    return_id: int
    created: bool
    purchase_id: int | None = None
    total_minor: int = 0
    refused: Refused | None = None


class _Back(NamedTuple):
    """One line that comes back with one return."""

    return_number: Key
    line_id: int
    quantity_milli: int
    total_minor: int


class _Accepted(NamedTuple):
    """A return that can be written."""

    entry: ReturnInput
    purchase_id: int
    fingerprint: str
    total_minor: int


@transaction.atomic
def record_returns(batch: Sequence[ReturnInput], *, now: datetime) -> list[Returned]:
    """Put returns on record exactly once; the answers stand in the order of the batch.

    A purchase may be returned line by line and piece by piece, never more than was bought.
    Purchases are locked in the order of their ids while their returns are counted, so two tills
    cannot both take back the last piece. A constant number of statements.
    """
    places = _locked_purchases({(e.purchase_source, e.purchase_number) for e in batch})
    lines = _lines_of(set(places.values()))
    known = _returns_known_as({(entry.source, entry.number) for entry in batch})
    accepted: dict[Key, _Accepted] = {}
    backs: list[_Back] = []
    refusals = [
        _examine(entry, places, lines=lines, known=known, accepted=accepted, backs=backs, now=now)
        for entry in batch
    ]
    ids = _insert(list(accepted.values()), now=now)
    _insert_lines(backs, ids)
    if ids:
        publish(GoodsReturned(return_ids=tuple(sorted(ids.values()))))
    return list(_answers(batch, refusals, ids=ids, known=known, accepted=accepted))


def _examine(
    entry: ReturnInput,
    places: Mapping[Key, int],
    *,
    lines: dict[int, dict[int, Bought]],
    known: Mapping[Key, tuple[int, str, int, int]],
    accepted: dict[Key, _Accepted],
    backs: list[_Back],
    now: datetime,
) -> Refused | None:
    """Accept a return and count it against its lines, or say why not."""
    key = (entry.source, entry.number)
    if problem := problem_of_return(entry, now=now):
        return problem
    fingerprint = fingerprint_of_return(entry)
    earlier = known[key][1] if key in known else None
    if key in accepted:
        earlier = accepted[key].fingerprint
    if earlier is not None:
        return None if earlier == fingerprint else _taken(entry)
    purchase_id = places.get((entry.purchase_source, entry.purchase_number))
    if purchase_id is None:
        return NotFound("unknown_purchase", f"{entry.purchase_number} is not on record", "purchase")
    try:
        mine = _count(entry, lines[purchase_id])
    except Refused as refused:
        return refused
    backs.extend(mine)
    total = sum(back.total_minor for back in mine)
    accepted[key] = _Accepted(entry, purchase_id, fingerprint, total)
    return None


def _taken(entry: ReturnInput) -> Conflict:
    number = f"{entry.source} {entry.number}"
    return Conflict("other_content", f"{number} is on record with other content", "number")


def _count(entry: ReturnInput, lines: dict[int, Bought]) -> list[_Back]:
    """The lines that come back; what is left of each is lowered once all of them are lawful."""
    left, backs = dict(lines), []
    for asked in entry.lines:
        bought = left.get(asked.position)
        if bought is None:
            raise NotFound("unknown_line", f"there is no line {asked.position}", "lines")
        quantity, total = taken_back(bought, asked)
        backs.append(_Back((entry.source, entry.number), bought.line_id, quantity, total))
        left[asked.position] = bought._replace(
            back_quantity_milli=bought.back_quantity_milli + quantity,
            back_total_minor=bought.back_total_minor + total,
        )
    lines.update(left)
    return backs


def _answers(
    batch: Sequence[ReturnInput],
    refusals: Sequence[Refused | None],
    *,
    ids: Mapping[Key, int],
    known: Mapping[Key, tuple[int, str, int, int]],
    accepted: Mapping[Key, _Accepted],
) -> Iterable[Returned]:
    told: set[Key] = set()
    for entry, refused in zip(batch, refusals, strict=True):
        key = (entry.source, entry.number)
        if refused is not None:
            yield Returned(0, created=False, refused=refused)
        elif key in known:
            return_id, _, purchase_id, total = known[key]
            yield Returned(return_id, created=False, purchase_id=purchase_id, total_minor=total)
        else:
            made = accepted[key]
            yield Returned(ids[key], key not in told, made.purchase_id, made.total_minor)
            told.add(key)


def _locked_purchases(keys: Collection[Key]) -> dict[Key, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT purchase.source, purchase.number, purchase.id FROM customers_purchase purchase
            WHERE purchase.voided_at IS NULL AND (purchase.source, purchase.number) IN (
                SELECT * FROM unnest(%s::text[], %s::text[]))
            ORDER BY purchase.id FOR NO KEY UPDATE""",
            _clean_pairs(keys),
        )
        return {(source, number): id_ for source, number, id_ in cursor.fetchall()}


def _returns_known_as(keys: Collection[Key]) -> dict[Key, tuple[int, str, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT source, number, id, encode(fingerprint, 'hex'), purchase_id, total_minor
            FROM customers_return WHERE (source, number) IN (
                SELECT * FROM unnest(%s::text[], %s::text[]))""",
            _clean_pairs(keys),
        )
        return {(row[0], row[1]): row[2:] for row in cursor.fetchall()}


def _clean_pairs(keys: Collection[Key]) -> list[str]:
    """Two array literals; keys that no text column can hold are left out, they cannot be known."""
    clean = [key for key in keys if "\x00" not in f"{key[0]}{key[1]}"]
    return [text_array([key[0] for key in clean]), text_array([key[1] for key in clean])]


def _lines_of(purchase_ids: Collection[int]) -> dict[int, dict[int, Bought]]:
    """By purchase and position: every line, and what of it came back."""
    lines: dict[int, dict[int, Bought]] = {purchase_id: {} for purchase_id in purchase_ids}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT line.purchase_id, line.position, line.id, line.quantity_milli,
                line.total_minor, coalesce(sum(back.quantity_milli), 0)::bigint,
                coalesce(sum(back.total_minor), 0)::bigint
            FROM customers_line line
            LEFT JOIN customers_returnline back ON back.line_id = line.id
            WHERE line.purchase_id = ANY(%s::bigint[]) GROUP BY line.id""",
            [int_array(purchase_ids)],
        )
        for purchase_id, position, *facts in cursor.fetchall():
            lines[purchase_id][position] = Bought(*facts)
    return lines


def _insert(accepted: Sequence[_Accepted], *, now: datetime) -> dict[Key, int]:
    if not accepted:
        return {}
    codes = {code for row in accepted if (code := row.entry.store_code)}
    stores = stores_by_code(codes)
    if unknown := codes - stores.keys():
        add_bare_stores(unknown)
        stores = stores_by_code(codes)
    rows = sorted(accepted, key=lambda row: (row.entry.source, row.entry.number))
    places = [stores[code] if (code := row.entry.store_code) else None for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_return (source, number, purchase_id, store_id, returned_at,
                total_minor, reason, fingerprint, recorded_at)
            SELECT source, number, purchase_id, store_id, returned_at, total_minor, reason,
                decode(fingerprint, 'hex'), %s::timestamptz
            FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::timestamptz[],
                %s::bigint[], %s::text[], %s::text[]) AS given (source, number, purchase_id,
                store_id, returned_at, total_minor, reason, fingerprint)
            RETURNING source, number, id""",
            [
                now,
                text_array([row.entry.source for row in rows]),
                text_array([row.entry.number for row in rows]),
                int_array([row.purchase_id for row in rows]),
                int_array(places),
                time_array([row.entry.returned_at for row in rows]),
                int_array([row.total_minor for row in rows]),
                text_array([row.entry.reason[:200] for row in rows]),
                text_array([row.fingerprint for row in rows]),
            ],
        )
        return {(source, number): id_ for source, number, id_ in cursor.fetchall()}


def _insert_lines(backs: Sequence[_Back], ids: Mapping[Key, int]) -> None:
    if not backs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_returnline
                (goods_return_id, line_id, quantity_milli, total_minor)
            SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])""",
            [
                int_array([ids[back.return_number] for back in backs]),
                int_array([back.line_id for back in backs]),
                int_array([back.quantity_milli for back in backs]),
                int_array([back.total_minor for back in backs]),
            ],
        )
