"""Promo codes at work: judged, reserved for a basket, redeemed, rolled back, lapsed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from regulars.core.errors import Conflict, NotFound, Refused
from regulars.core.sql import int_array, json_array, text_array, time_array
from regulars.loyalty.models.promotions import PromoReservation, Promotion
from regulars.loyalty.queries.promo import (
    Basket,
    hash_of,
    lines_of,
    lock_promotions,
    persons_by_customer,
    promotion_ids_of,
    world_of,
)
from regulars.loyalty.rules.codes import normal_code
from regulars.loyalty.rules.discounts import by_line
from regulars.loyalty.rules.promo import Ask, Judged, World, judged

CODES_MAX = 10

MOVE = """
    WITH moved AS (
        UPDATE loyalty_promouse SET state = %(state)s, closed_at = %(now)s
        WHERE {which} RETURNING code_id, promotion_id, reservation_id
    ), codes AS (
        UPDATE loyalty_promocode code SET used = code.used - counted.times
        FROM (SELECT code_id, count(*) AS times FROM moved GROUP BY 1) counted
        WHERE %(restores)s AND code.id = counted.code_id
    ), promotions AS (
        UPDATE loyalty_promotion promotion SET used = promotion.used - counted.times
        FROM (SELECT promotion_id, count(*) AS times FROM moved GROUP BY 1) counted
        WHERE %(restores)s AND promotion.id = counted.promotion_id
    )
    SELECT DISTINCT reservation_id FROM moved
"""


@dataclass(frozen=True)
class CodeVerdict:
    """What became of one code that was entered; without a reason it holds."""

    code: str
    reason: str
    discount_minor: int


@dataclass(frozen=True)
class BasketVerdict:
    """What a basket costs with the codes that hold; `lapses_at` only where they are reserved."""

    key: str
    before_minor: int
    total_minor: int
    codes: tuple[CodeVerdict, ...]
    lapses_at: datetime | None = None
    state: str = ""
    by_line_minor: tuple[int, ...] = ()
    """What falls on each line of the discounts; none of answers that were kept without it."""


def validate_codes(baskets: Sequence[Basket], *, now: datetime) -> list[BasketVerdict]:
    """What each basket would be told now; nothing is reserved. A constant number of statements."""
    persons = persons_by_customer(baskets)
    spelled = _spelled(baskets)
    asks = _asks(baskets, spelled, persons, now=now)
    worlds = world_of({code for one in spelled for code in one}, set(persons.values()), now=now)
    verdicts = []
    for basket, ask in zip(baskets, asks, strict=True):
        before = _copied(worlds)
        verdicts.append(_verdict(basket, judged(ask, before)))
    return verdicts


@transaction.atomic
def reserve_codes(baskets: Sequence[Basket], *, now: datetime) -> list[BasketVerdict | Refused]:
    """The codes of each basket, judged and, where they hold, reserved for it: exactly once by key.

    The same key with the same basket gives the first answer; with another it is a `Conflict`.
    Limits are counted under the lock of their promotions, so that no two baskets take the last
    use. A reservation that is not redeemed in time lapses by itself. Constant statements.
    """
    claimed = _claim(baskets, now=now)
    fresh = [one for one in _first_of_each(baskets) if one.key in claimed]
    spelled = _spelled(fresh)
    entered = {code for one in spelled for code in one}
    promotion_ids = promotion_ids_of(entered)
    lock_promotions(promotion_ids)
    _lapse(promotion_ids, now=now)
    persons = persons_by_customer(fresh)
    world = world_of(entered, set(persons.values()), now=now)
    found = [judged(ask, world) for ask in _asks(fresh, spelled, persons, now=now)]
    lapses = _lapse_moments(found, now=now)
    _write_uses([claimed[one.key] for one in fresh], found, lapses)
    _write_answers(claimed, fresh, found, lapses)
    return _answers(baskets)


@transaction.atomic
def redeem_reservations(keys: Sequence[str], *, now: datetime) -> list[BasketVerdict | Refused]:
    """The baskets were paid: their codes are used for good. Again changes nothing; 4 statements.

    A reservation that has lapsed or was rolled back is refused: reserve anew under another key.
    """
    return _close(keys, "redeemed", now=now)


@transaction.atomic
def roll_back_reservations(keys: Sequence[str], *, now: datetime) -> list[BasketVerdict | Refused]:
    """The codes of these baskets may be used again, as if they never had been; 4 statements.

    Reserved or redeemed alike, for a basket that was left or goods that all came back. Once.
    """
    return _close(keys, "rolled_back", now=now)


@transaction.atomic
def lapse_reservations(*, now: datetime, limit: int = 1000) -> int:
    """Puts reservations down as lapsed whose time is over; gives how many promotions had some.

    They did not count any more before this; a late run leaves what a punctual one would have.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT promotion_id FROM loyalty_promouse"
            " WHERE state = 'reserved' AND lapses_at <= %s LIMIT %s",
            [now, limit],
        )
        promotion_ids = sorted(row[0] for row in cursor.fetchall())
    if promotion_ids:
        lock_promotions(promotion_ids)
        _lapse(promotion_ids, now=now)
    return len(promotion_ids)


def _close(keys: Sequence[str], state: str, *, now: datetime) -> list[BasketVerdict | Refused]:
    which = (
        "state = 'reserved' AND lapses_at > %(now)s"
        if state == "redeemed"
        else "(state = 'redeemed' OR (state = 'reserved' AND lapses_at > %(now)s))"
    )
    reservations = (
        "reservation_id IN (SELECT id FROM loyalty_promoreservation"
        " WHERE key = ANY(%(keys)s::text[]))"
    )
    lock_promotions(_promotions_of(keys))
    column = "redeemed_at" if state == "redeemed" else "rolled_back_at"
    with connection.cursor() as cursor:
        cursor.execute(
            MOVE.format(which=f"{which} AND {reservations}"),
            {
                "state": state,
                "now": now,
                "keys": text_array(keys),
                "restores": state == "rolled_back",
            },
        )
        moved = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            f"UPDATE loyalty_promoreservation SET {column} = %s WHERE id = ANY(%s::bigint[])",
            [now, int_array(moved)],
        )
    return [_closed(one, state, now=now) for one in _by_key(keys)]


def _closed(
    row: PromoReservation | Refused, state: str, *, now: datetime
) -> BasketVerdict | Refused:
    if isinstance(row, Refused):
        return row
    if state == "redeemed" and row.rolled_back_at is not None:
        return Refused("is_rolled_back", "this reservation was rolled back", "key")
    if row.lapses_at is None:
        return Refused("nothing_is_reserved", "no code of this basket holds", "key")
    if row.redeemed_at is None and row.rolled_back_at is None:
        return Refused("has_lapsed", "this reservation has lapsed: reserve anew", "key")
    return _told(row)


def _promotions_of(keys: Sequence[str]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT use.promotion_id FROM loyalty_promouse use"
            " JOIN loyalty_promoreservation held ON held.id = use.reservation_id"
            " WHERE held.key = ANY(%s::text[])",
            [text_array(keys)],
        )
        return sorted(row[0] for row in cursor.fetchall())


def _lapse(promotion_ids: Collection[int], *, now: datetime) -> None:
    which = (
        "state = 'reserved' AND lapses_at <= %(now)s"
        " AND promotion_id = ANY(%(promotions)s::bigint[])"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            MOVE.format(which=which),
            {
                "state": "lapsed",
                "now": now,
                "promotions": int_array(promotion_ids),
                "restores": True,
            },
        )


def _claim(baskets: Sequence[Basket], *, now: datetime) -> dict[str, int]:
    """The ids of new reservations by key; who sent a key before us makes us wait here."""
    first = _first_of_each(baskets)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO loyalty_promoreservation (key, asked_hash, customer_id, reserved_at)
            SELECT key, asked_hash, customer_id, %s
            FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS told (key, asked_hash, customer_id)
            ORDER BY key ON CONFLICT (key) DO NOTHING RETURNING key, id""",
            [
                now,
                text_array(one.key for one in first),
                text_array(hash_of(one) for one in first),
                int_array(one.customer_id for one in first),
            ],
        )
        return dict(cursor.fetchall())


def _first_of_each(baskets: Sequence[Basket]) -> list[Basket]:
    return list({one.key: one for one in reversed(baskets)}.values())[::-1]


def _spelled(baskets: Sequence[Basket]) -> list[list[str]]:
    """The codes of each basket in their normal spelling; what cannot be a code stays as it is."""
    return [[normal_code(code) or code for code in one.codes[:CODES_MAX]] for one in baskets]


def _asks(
    baskets: Sequence[Basket],
    spelled: Sequence[Sequence[str]],
    persons: dict[int, int],
    *,
    now: datetime,
) -> list[Ask]:
    return [
        Ask(
            lines,
            codes,
            persons.get(one.customer_id) if one.customer_id is not None else None,
            now,
            one.total_minor,
        )
        for one, codes, lines in zip(baskets, spelled, lines_of(baskets), strict=True)
    ]


def _copied(world: World) -> World:
    counts = world.counts
    fresh = type(counts)(dict(counts.promotions), dict(counts.codes), dict(counts.persons))
    return World(world.terms, world.codes, fresh, world.matching)


def _verdict(basket: Basket, found: Judged) -> BasketVerdict:
    return BasketVerdict(
        basket.key,
        found.bought.before_minor,
        found.bought.total_minor,
        tuple(CodeVerdict(*one) for one in found.verdicts),
        by_line_minor=tuple(by_line(found.bought.taken, len(basket.lines))),
    )


def _lapse_moments(found: Sequence[Judged], *, now: datetime) -> list[datetime | None]:
    """When each basket's reservation lapses: with the shortest of its promotions."""
    minutes = dict(
        Promotion.objects.filter(
            pk__in={code.promotion_id for one in found for code in one.used}
        ).values_list("pk", "lapse_minutes")
    )
    return [
        now + timedelta(minutes=min(minutes[code.promotion_id] for code in one.used))
        if one.used
        else None
        for one in found
    ]


def _write_uses(
    ids: Sequence[int], found: Sequence[Judged], lapses: Sequence[datetime | None]
) -> None:
    rows = [
        (id_, code.id, code.promotion_id, verdict.discount_minor)
        for id_, one in zip(ids, found, strict=True)
        for code, verdict in zip(one.used, (v for v in one.verdicts if not v.reason), strict=True)
    ]
    ends = [lapse for one, lapse in zip(found, lapses, strict=True) for _ in one.used]
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH uses AS (
                INSERT INTO loyalty_promouse
                    (reservation_id, code_id, promotion_id, discount_minor, state, lapses_at)
                SELECT reservation_id, code_id, promotion_id, discount_minor, 'reserved', lapses_at
                FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                    %s::timestamptz[])
                    AS told (reservation_id, code_id, promotion_id, discount_minor, lapses_at)
                RETURNING code_id, promotion_id
            ), codes AS (
                UPDATE loyalty_promocode code SET used = code.used + counted.times
                FROM (SELECT code_id, count(*) AS times FROM uses GROUP BY 1) counted
                WHERE code.id = counted.code_id
            )
            UPDATE loyalty_promotion promotion SET used = promotion.used + counted.times
            FROM (SELECT promotion_id, count(*) AS times FROM uses GROUP BY 1) counted
            WHERE promotion.id = counted.promotion_id""",
            [
                *(int_array(row[place] for row in rows) for place in range(4)),
                time_array(ends),
            ],
        )


def _write_answers(
    claimed: dict[str, int],
    baskets: Sequence[Basket],
    found: Sequence[Judged],
    lapses: Sequence[datetime | None],
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE loyalty_promoreservation held
            SET answer = told.answer, lapses_at = told.lapses_at
            FROM unnest(%s::bigint[], %s::jsonb[], %s::timestamptz[])
                AS told (id, answer, lapses_at)
            WHERE held.id = told.id""",
            [
                int_array(claimed[one.key] for one in baskets),
                json_array(
                    _kept(one, len(basket.lines))
                    for one, basket in zip(found, baskets, strict=True)
                ),
                time_array(lapses),
            ],
        )


def _kept(found: Judged, lines: int) -> dict[str, Any]:
    return {
        "before_minor": found.bought.before_minor,
        "total_minor": found.bought.total_minor,
        "codes": [list(one) for one in found.verdicts],
        "lines": by_line(found.bought.taken, lines),
    }


def _by_key(keys: Sequence[str]) -> list[PromoReservation | Refused]:
    rows = {row.key: row for row in PromoReservation.objects.filter(key__in=keys)}
    missing = NotFound("unknown_reservation", "no basket has this key", "key")
    return [rows.get(key, missing) for key in keys]


def _answers(baskets: Sequence[Basket]) -> list[BasketVerdict | Refused]:
    other = Conflict("other_content", "this key was used for another basket", "key")
    return [
        other
        if not isinstance(row, Refused) and row.asked_hash != hash_of(one)
        else row
        if isinstance(row, Refused)
        else _told(row)
        for one, row in zip(baskets, _by_key([one.key for one in baskets]), strict=True)
    ]


def _told(row: PromoReservation) -> BasketVerdict:
    assert row.answer is not None, "an answer is written with its reservation"
    state = (
        "rolled_back"
        if row.rolled_back_at
        else "redeemed"
        if row.redeemed_at
        else "reserved"
        if row.lapses_at
        else "rejected"
    )
    return BasketVerdict(
        row.key,
        row.answer["before_minor"],
        row.answer["total_minor"],
        tuple(CodeVerdict(*one) for one in row.answer["codes"]),
        row.lapses_at,
        state,
        tuple(row.answer.get("lines", ())),
    )
