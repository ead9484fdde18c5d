"""Members join a program, and are locked while their accounts change."""

from collections.abc import Collection, Mapping
from datetime import datetime
from secrets import token_urlsafe

from django.db import connection, transaction

from regulars.core.events import publish
from regulars.core.sql import int_array, text_array, time_array
from regulars.customers.actions import CustomerRef
from regulars.customers.actions.identities import add_identities
from regulars.customers.actions.timeline import TimelineNote, note_on_timeline
from regulars.loyalty.actions.writing import MemberState, Movements, write_movements
from regulars.loyalty.events import MembersEnrolled
from regulars.loyalty.models import Program
from regulars.loyalty.queries.books import Book, book_of
from regulars.loyalty.rules.cards import card_number
from regulars.loyalty.rules.sales import Sale


@transaction.atomic
def enrol_members(*, program: Program, joining: Mapping[int, datetime], now: datetime) -> list[int]:
    """Make customers members, each once, with card, accounts and welcome gift.

    `joining` says when each customer joined. Gives the ids of members that are new; customers who
    are members already are left as they are. The number of statements does not depend on the size.
    """
    missing = sorted(joining.keys() - member_ids_of(program, joining).keys())
    if not missing:
        return []
    joined = _insert_members(program, {customer: joining[customer] for customer in missing})
    if not joined:
        return []
    book = book_of(program)
    _open_accounts(program, joined)
    publish(MembersEnrolled(program_id=program.pk, member_ids=tuple(joined)))
    members = lock_members(book, missing)
    _issue_cards(members, joined)
    new = [member for member in members.values() if member.id in joined]
    _welcome(book, new, joining=joining, now=now)
    _note_joining(book, new, joining=joining)
    return list(joined)


def member_ids_of(program: Program, customer_ids: Collection[int]) -> dict[int, int]:
    """The ids of members by customer, for those who are members; 1 statement, no lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id, id FROM loyalty_member"
            " WHERE program_id = %s AND customer_id = ANY(%s::bigint[])",
            [program.pk, int_array(customer_ids)],
        )
        return dict(cursor.fetchall())


def lock_members(book: Book, customer_ids: Collection[int]) -> dict[int, MemberState]:
    """The members among these customers, locked in the order of their ids, with balances.

    Whoever changes an account holds its member's lock. The order makes concurrent batches wait
    for each other instead of deadlocking. Balances are read after the lock, by a statement of
    their own, because the first one saw the world before it waited.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, customer_id, number, visits, tier_id FROM loyalty_member"
            " WHERE program_id = %s AND customer_id = ANY(%s::bigint[])"
            " ORDER BY id FOR NO KEY UPDATE",
            [book.program_id, int_array(customer_ids)],
        )
        codes = {tier_id: code for code, tier_id in book.tier_ids.items()}
        members = {
            row[0]: MemberState(row[0], row[1], row[2], row[3], codes.get(row[4], ""))
            for row in cursor.fetchall()
        }
        cursor.execute(
            "SELECT member_id, unit_id, id, balance FROM loyalty_account"
            " WHERE member_id = ANY(%s::bigint[])",
            [int_array(members)],
        )
        units = {unit.id: unit.code for unit in book.units.values()}
        for member_id, unit_id, account_id, balance in cursor.fetchall():
            member = members[member_id]
            member.accounts[units[unit_id]] = account_id
            member.balances[units[unit_id]] = balance
    return {member.customer_id: member for member in members.values()}


def _insert_members(program: Program, joining: Mapping[int, datetime]) -> dict[int, int]:
    """New members by id, with their customer; in the order of customers, against deadlocks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval('loyalty_member_id_seq') FROM generate_series(1, %s)",
            [len(joining)],
        )
        ids = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            """
            INSERT INTO loyalty_member
                (id, program_id, customer_id, number, token, visits, joined_at)
            SELECT id, %s, customer_id, number, token, 0, joined_at
            FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[])
                AS given (id, customer_id, number, token, joined_at)
            ORDER BY customer_id
            ON CONFLICT (program_id, customer_id) DO NOTHING
            RETURNING id, customer_id
            """,
            [
                program.pk,
                int_array(ids),
                int_array(joining),
                text_array([card_number(new, program.card_prefix) for new in ids]),
                text_array([token_urlsafe(16) for _ in ids]),
                time_array(joining.values()),
            ],
        )
        return dict(cursor.fetchall())


def _open_accounts(program: Program, member_ids: Collection[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO loyalty_account (unit_id, member_id, pot, balance)
            SELECT unit.id, given.id, '', 0
            FROM unnest(%s::bigint[]) AS given (id)
            CROSS JOIN loyalty_unit unit WHERE unit.program_id = %s
            """,
            [int_array(member_ids), program.pk],
        )


def _issue_cards(members: Mapping[int, MemberState], joined: Mapping[int, int]) -> None:
    """Card numbers point to their customers, so that a purchase with the card finds its member."""
    cards = {
        CustomerRef("card", member.number): member.customer_id
        for member in members.values()
        if member.id in joined
    }
    add_identities(cards, work_id=None)


def _welcome(
    book: Book, members: Collection[MemberState], *, joining: Mapping[int, datetime], now: datetime
) -> None:
    movements = Movements()
    for member in members:
        at = joining[member.customer_id]
        gift = book.history.at(at).welcome(Sale(0, member.customer_id, at, 0))
        movements.climb(book, member, cause=f"joined:{member.id}", at=at)
        movements.grant(book, member, gift, cause=f"joined:{member.id}", at=at)
    if movements.keys or movements.tiers:
        write_movements(book, movements, list(members), now=now)


def _note_joining(
    book: Book, members: Collection[MemberState], *, joining: Mapping[int, datetime]
) -> None:
    note_on_timeline(
        [
            TimelineNote(
                customer_id=member.customer_id,
                at=joining[member.customer_id],
                kind="loyalty.joined",
                cause=f"member:{member.id}",
                body={"program": book.code, "number": member.number},
            )
            for member in members
        ]
    )
