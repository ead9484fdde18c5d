"""Stories of members as the database has them, for a replay; read partition by partition."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection

from regulars.core.sql import int_array
from regulars.loyalty.queries.sales import lines_of, tenders_of
from regulars.loyalty.queries.standings import birthdays_of, segments_of
from regulars.loyalty.queries.story_statements import (
    ACTIVATED,
    BACKS,
    MEMBERS,
    PAID_BACKS,
    PLACES,
    SALES,
    SPENDINGS,
    TRANSFERS,
)
from regulars.loyalty.rules.replay.stories import (
    NOTHING,
    Activated,
    Joined,
    Moved,
    Returned,
    Spent,
    Step,
    Story,
    Unspent,
)
from regulars.loyalty.rules.sales import Sale
from regulars.loyalty.rules.tiers.tracks import Given


class Reading(NamedTuple):
    """What stories to read: of which program, and what its rules look at."""

    program_id: int
    needs: frozenset[str] = frozenset()
    """What the rules look at; see `Mechanic.needs`."""
    waits_days: int | None = 0
    """How long points of purchases are pending; None while they wait for an event."""
    has_ladders: bool = False
    """Whether there are ladders with a memory, on which tiers may be given by hand."""
    asks_when: bool = False
    """Whether it matters when sales came on the books; see `Scheme.asks_when`."""


class _Row(NamedTuple):
    """A transfer into or out of a member's account."""

    place: int
    key: str
    recorded_at: datetime
    at: datetime
    unit: str
    amount: int
    is_in: bool
    expires_at: datetime | None
    pot: str
    mate_id: int | None


class _Spending(NamedTuple):
    """A redemption, or a hold with what became of it; ids of holds are below zero."""

    member_id: int
    id: int
    key: str
    unit: str
    amount: int
    at: datetime
    purchase_id: int | None
    freed: int | None
    freed_at: datetime | None
    redemption_id: int | None
    undone_at: datetime | None


@dataclass(slots=True)
class _Person:
    """What is known of one person, before it is put in order."""

    id: int
    joined_at: datetime | None = None
    joined: list[Joined] = field(default_factory=list)
    sales: list[tuple[int, datetime, Sale]] = field(default_factory=list)
    loose: list[tuple[datetime, Step]] = field(default_factory=list)
    """Steps that left no transfer: known by their time only."""
    placed: list[tuple[int, datetime, Step]] = field(default_factory=list)
    posted: dict[int, datetime] = field(default_factory=dict)
    paid: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """By purchase the redemptions that paid for it."""


def partitions_of(program_id: int, size: int) -> list[tuple[int, int]]:
    """First and last ids of members, by so many persons; what is read and replayed at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT min(id), max(id) FROM (
                SELECT id, (row_number() OVER (ORDER BY id) - 1) / %s AS part
                FROM loyalty_member WHERE program_id = %s AND led_by_id IS NULL
            ) lead GROUP BY part ORDER BY 1
            """,
            [size, program_id],
        )
        return [(first, last) for first, last in cursor.fetchall()]


def stories_of(reading: Reading, first: int, last: int) -> list[Story]:
    """The stories of the persons whose leading members lie between two ids, both included.

    The number of statements does not depend on how many they are.
    """
    members = _rows(MEMBERS, [reading.program_id, first, last])
    persons = {lead: _Person(lead) for _, lead, *_ in members}
    person_of = {id_: persons[lead] for id_, lead, *_ in members}
    ids = int_array(person_of)
    _read_sales(person_of, ids, with_lines="lines" in reading.needs, with_posted=reading.asks_when)
    rows = _transfers(person_of, ids)
    _read_joining(members, person_of, rows)
    _read_moves(persons, rows)
    _read_spendings(person_of, ids, rows)
    _read_backs(person_of, ids, rows)
    _read_backs_of_others(person_of, ids, rows)
    for member_id, purchase_id, at in _rows(
        ACTIVATED, [ids, reading.waits_days, reading.waits_days]
    ):
        person_of[member_id].loose.append((at, Activated(purchase_id, at)))
    mixed = [one for one in persons.values() if one.loose or one.placed]
    places = _places_of_sales(mixed)
    known = _known_of(
        reading, {lead: customer for id_, lead, customer, _ in members if id_ == lead}
    )
    gifts = _given(ids) if reading.has_ladders else {}
    return [
        Story(
            one.id,
            _in_order(one, places),
            *known.get(one.id, (frozenset(), None, False)),
            joined_at=one.joined_at,
            posted=one.posted,
            given=gifts.get(one.id, NOTHING),
        )
        for one in persons.values()
    ]


GIVEN = """
    SELECT coalesce(member.led_by_id, member.id), ladder.code, tier.code, given.since, given.to
    FROM loyalty_giventier given JOIN loyalty_member member ON member.id = given.member_id
    JOIN loyalty_tier tier ON tier.id = given.tier_id
    JOIN loyalty_ladder ladder ON ladder.id = tier.ladder_id
    WHERE given.member_id = ANY(%s::bigint[]) ORDER BY given.since, given.id
"""


def _given(ids: str) -> dict[int, dict[str, list[Given]]]:
    """By person and code of ladder the tiers that were given by hand."""
    found: dict[int, dict[str, list[Given]]] = defaultdict(lambda: defaultdict(list))
    for lead, ladder, *gift in _rows(GIVEN, [ids]):
        found[lead][ladder].append(Given(*gift))
    return found


REFERRED = """
    SELECT coalesce(friend.led_by_id, friend.id) FROM loyalty_referral referral
    JOIN loyalty_member friend ON friend.id = referral.friend_id
    WHERE friend.id = ANY(%s::bigint[])
"""


def _known_of(
    reading: Reading, customers: Mapping[int, int]
) -> dict[int, tuple[frozenset[str], date | None, bool]]:
    """By person what profiles say today, where rules ask for it."""
    needs, ids = reading.needs, list(customers.values())
    segments = segments_of(ids) if "segments" in needs else {}
    birthdays = birthdays_of(ids) if "birthday" in needs else {}
    brought = set()
    if "referral" in needs:
        brought = {row[0] for row in _rows(REFERRED, [int_array(customers)])}
    if not needs & {"segments", "birthday", "referral"}:
        return {}
    return {
        lead: (segments.get(one, frozenset()), birthdays.get(one), lead in brought)
        for lead, one in customers.items()
    }


def _rows(query: str, parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


def _read_sales(
    person_of: Mapping[int, _Person], ids: str, *, with_lines: bool, with_posted: bool
) -> None:
    rows = _rows(SALES, [ids])
    lines = lines_of([row[2] for row in rows]) if with_lines else {}
    for member_id, accrual_id, purchase_id, at, total, discount, store, paid, posted_at in rows:
        sold = tuple(lines.get(purchase_id, ()))
        person = person_of[member_id]
        sale = Sale(
            purchase_id, person.id, at, total, discount, sold, store, tenders=tenders_of(paid)
        )
        person.sales.append((accrual_id, posted_at, sale))
        if with_posted:
            person.posted[purchase_id] = posted_at


def _transfers(person_of: Mapping[int, _Person], ids: str) -> dict[int, list[_Row]]:
    """By person the transfers that came or went otherwise than by earning for a sale."""
    rows: dict[int, list[_Row]] = defaultdict(list)
    for member_id, *row in _rows(TRANSFERS, [ids]):
        rows[person_of[member_id].id].append(_Row(*row))
    return rows


def _read_joining(
    members: Sequence[tuple[Any, ...]],
    person_of: Mapping[int, _Person],
    rows: Mapping[int, list[_Row]],
) -> None:
    """A person joins with the first card; with another where the books gave a gift for that too."""
    for id_, lead, customer_id, joined_at in members:
        person = person_of[id_]
        person.joined_at = min(person.joined_at or joined_at, joined_at)
        gift = f"joined:{id_}:"
        if not person.joined or any(row.key.startswith(gift) for row in rows.get(lead, ())):
            person.joined.append(Joined(customer_id, joined_at))


def _read_moves(persons: Mapping[int, _Person], rows: Mapping[int, list[_Row]]) -> None:
    for lead, moved in rows.items():
        for row in moved:
            if _is_move(row, lead):
                amount = row.amount if row.is_in else -row.amount
                is_of_lot = row.mate_id is not None
                step = Moved(row.unit, amount, row.at, row.expires_at, is_of_lot=is_of_lot)
                persons[lead].placed.append((row.place, row.recorded_at, step))


KNOWN = (
    "joined:",
    "payout:",
    "redemption:",
    "hold:",
    "restoration:",
    "reversal:",
    "expiry:",
    "reinstating:",
)
"""Beginnings of keys of transfers that follow from other steps."""


def _is_move(row: _Row, lead: int) -> bool:
    return row.mate_id != lead and not row.key.startswith(KNOWN)


def _read_spendings(
    person_of: Mapping[int, _Person], ids: str, rows: Mapping[int, list[_Row]]
) -> None:
    for row in (_Spending(*one) for one in _rows(SPENDINGS, {"members": ids})):
        person = person_of[row.member_id]
        places = {one.key: one.place for one in rows.get(person.id, ())}
        spent = Spent(row.id, row.unit, row.amount, row.at, row.purchase_id)
        _put(person, spent, row.at, place=places.get(row.key))
        if row.purchase_id and row.redemption_id:
            person.paid[row.purchase_id].append(row.redemption_id)
        if row.freed and row.freed_at:
            step = Unspent(row.id, row.freed_at, row.freed)
            _put(person, step, row.freed_at, place=places.get(f"{row.key}:back"))
        if row.undone_at:
            key = f"redemption:{row.redemption_id}:undo"
            _put(person, Unspent(row.id, row.undone_at), row.undone_at, place=places.get(key))


def _read_backs(person_of: Mapping[int, _Person], ids: str, rows: Mapping[int, list[_Row]]) -> None:
    for member_id, accrual_id, purchase_id, cause, back, total, at, returned_at in _rows(
        BACKS, {"members": ids}
    ):
        person = person_of[member_id]
        restored = {f"restoration:{one}:{cause}" for one in person.paid.get(purchase_id, ())}
        found = [
            row
            for row in rows.get(person.id, ())
            if row.key.startswith(f"reversal:{accrual_id}:{cause}:") or row.key in restored
        ]
        when = found[0].recorded_at if found else at
        is_undone = not cause.startswith("return:")
        step = Returned(purchase_id, back, total, when, is_undone, returned_at)
        _put(person, step, when, place=found[0].place if found else None)


def _read_backs_of_others(
    person_of: Mapping[int, _Person], ids: str, rows: Mapping[int, list[_Row]]
) -> None:
    """What came back of purchases of somebody else that a person's points paid for."""
    bought = {
        person.id: {sale.purchase_id for *_, sale in person.sales} for person in person_of.values()
    }
    for member_id, redemption_id, purchase_id, cause, back, total, at, returned_at in _rows(
        PAID_BACKS, {"members": ids}
    ):
        person = person_of[member_id]
        if purchase_id in bought[person.id]:
            continue
        begins = f"restoration:{redemption_id}:{cause}"
        found = [
            row
            for row in rows.get(person.id, ())
            if row.key.startswith(begins) and (cause or ":return:" not in row.key)
        ]
        when = found[0].recorded_at if found else at
        step = Returned(purchase_id, back, total, when, not cause, returned_at, is_anothers=True)
        _put(person, step, when, place=found[0].place if found else None)


def _put(person: _Person, step: Step, at: datetime, *, place: int | None) -> None:
    if place is None:
        person.loose.append((at, step))
    else:
        person.placed.append((place, at, step))


def _places_of_sales(persons: Sequence[_Person]) -> dict[int, int]:
    """The place in the ledger of each accrual that earned something."""
    ids = [accrual_id for one in persons for accrual_id, *_ in one.sales]
    return {row[0]: row[1] for row in _rows(PLACES, [int_array(ids)])} if ids else {}


def _place_at(person: _Person, at: datetime) -> int:
    """The place of the last transfer before a moment that no sale left."""
    return max((place for place, recorded_at, _ in person.placed if recorded_at < at), default=0)


def _in_order(person: _Person, places: Mapping[int, int]) -> list[Step]:
    """The steps as they came on the books: by the ids of their transfers, or else by time."""
    if not person.placed and not person.loose:
        return [*person.joined, *(sale for *_, sale in person.sales)]
    placed, last = list(person.placed), 0
    for accrual_id, posted_at, sale in person.sales:
        last = places.get(accrual_id) or max(last, _place_at(person, posted_at))
        placed.append((last, posted_at, sale))
    placed.sort(key=lambda one: one[0])
    for when, step in sorted(person.loose, key=lambda one: one[0]):
        upto = max((index for index, (_, at, _) in enumerate(placed, 1) if at <= when), default=0)
        placed.insert(upto, (0, when, step))
    return [*person.joined, *(step for *_, step in placed)]
