"""Members join a program, and are locked while their accounts change."""

from collections.abc import Collection, Mapping
from datetime import datetime
from secrets import token_urlsafe

from django.db import connection, transaction

from regulars.core.events import publish
from regulars.core.sql import cursor_for, int_array, text_array, time_array
from regulars.customers.actions import CustomerRef
from regulars.customers.actions.identities import add_identities
from regulars.customers.actions.timeline import TimelineNote, note_on_timeline
from regulars.loyalty.actions.grouping import regroup_members
from regulars.loyalty.actions.welcoming import welcome_members
from regulars.loyalty.actions.writing import MemberState
from regulars.loyalty.events import MembersEnrolled
from regulars.loyalty.models import Program
from regulars.loyalty.queries.books import Book, book_of
from regulars.loyalty.rules.cards import card_number


@transaction.atomic
def enrol_members(*, program: Program, joining: Mapping[int, datetime], now: datetime) -> list[int]:
    """Make customers members, each once, with card, accounts and welcome gift.

    A record that is merged with a member's gets a card and accounts, but no gift: the person has
    joined before.

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
    if mates := mates_of_members(program, missing):
        regroup_members(program, mates, cause=f"merging:member:{min(joined)}", now=now)
    members = lock_members(book, missing)
    _issue_cards(members, joined)
    new = [one for one in members.values() if one.id in joined and _is_first(one, joined)]
    welcome_members(book, new, joined={one.id: joining[one.customer_id] for one in new}, now=now)
    _note_joining(book, new, joining=joining)
    return list(joined)


def member_ids_of(program: Program, customer_ids: Collection[int]) -> dict[int, int]:
    """The ids of members by customer, for those who are members; 1 statement, no lock."""
    return member_ids_of_program(program.pk, customer_ids)


def member_ids_of_program(program_id: int, customer_ids: Collection[int]) -> dict[int, int]:
    """The ids of members by customer in the program of that id; 1 statement, no lock."""
    with cursor_for(len(customer_ids)) as cursor:
        cursor.execute(
            "SELECT customer_id, id FROM loyalty_member"
            " WHERE program_id = %s AND customer_id = ANY(%s::bigint[])",
            [program_id, int_array(customer_ids)],
        )
        return dict(cursor.fetchall())


def mates_of_members(program: Program, customer_ids: Collection[int]) -> set[int]:
    """Those of these records that are merged with a record which is a member; 1 statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH record AS (
                SELECT id, coalesce(merged_into_id, id) AS lead_id FROM customers_customer
                WHERE id = ANY(%s::bigint[])
            ), mates AS (
                SELECT id, lead_id AS mate_id FROM record WHERE lead_id <> id
                UNION ALL
                SELECT record.id, mate.id FROM record JOIN customers_customer mate
                    ON mate.merged_into_id = record.lead_id AND mate.merged_into_id IS NOT NULL
                WHERE mate.id <> record.id
            )
            SELECT DISTINCT mates.id FROM mates JOIN loyalty_member member
                ON member.customer_id = mates.mate_id AND member.program_id = %s
            """,
            [int_array(customer_ids), program.pk],
        )
        return {row[0] for row in cursor.fetchall()}


LOCK = """
    WITH own AS (
        SELECT coalesce(led_by_id, id) AS lead_id FROM loyalty_member
        WHERE program_id = %s AND customer_id = ANY(%s::bigint[])
    )
    SELECT id, customer_id, number, visits, tier_id, led_by_id FROM loyalty_member WHERE id IN (
        SELECT lead_id FROM own UNION ALL
        SELECT mate.id FROM own JOIN loyalty_member mate
            ON mate.led_by_id = own.lead_id AND mate.led_by_id IS NOT NULL
    ) ORDER BY id FOR NO KEY UPDATE
"""


def lock_members(book: Book, customer_ids: Collection[int]) -> dict[int, MemberState]:
    """The members among these customers, locked in the order of their ids, with balances.

    Whoever changes an account holds its member's lock. The order makes concurrent batches wait
    for each other instead of deadlocking. Balances are read after the lock, by a statement of
    their own, because the first one saw the world before it waited. With a member come those it
    leads and the one that leads it; should that have changed while we waited, we look again. So we
    do where a row is left out: one that somebody changed while we waited for it is locked then, but
    the database does not always find it again among the rows it had looked for.
    """
    with cursor_for(len(customer_ids)) as cursor:
        looking = True
        while looking:
            cursor.execute(LOCK, [book.program_id, int_array(customer_ids)])
            rows = cursor.fetchall()
            left_out = set(customer_ids) - {row[1] for row in rows}
            looking = not {row[5] for row in rows} <= {None, *(row[0] for row in rows)} or (
                bool(left_out) and bool(member_ids_of_program(book.program_id, left_out))
            )
        codes = {tier_id: code for code, tier_id in book.tier_ids.items()}
        members = {
            row[0]: MemberState(row[0], row[1], row[2], row[3], codes.get(row[4], ""))
            for row in rows
        }
        for row in rows:
            if row[5] is not None:
                members[row[0]].leader = members[row[5]]
                members[row[5]].led.append(members[row[0]])
        cursor.execute(
            "SELECT member_id, unit_id, id, balance, debt FROM loyalty_account"
            " WHERE member_id = ANY(%s::bigint[])",
            [int_array(members)],
        )
        units = {unit.id: unit.code for unit in book.units.values()}
        for member_id, unit_id, account_id, balance, debt in cursor.fetchall():
            member = members[member_id]
            member.accounts[units[unit_id]] = account_id
            member.balances[units[unit_id]] = balance
            if debt:
                member.debts[units[unit_id]] = debt
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


def _is_first(member: MemberState, joined: Collection[int]) -> bool:
    """Whether the person joins with this member, and was no member by another record before."""
    return member.leader is None and all(one.id in joined for one in member.led)


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
