"""Judging by the clock: periods that end, grace that runs out, ladders that have changed."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.timezone import now as moment_of_now

from regulars.core.jobs import job
from regulars.core.sql import int_array
from regulars.loyalty.actions.members import lock_members
from regulars.loyalty.actions.tiering import judge_members
from regulars.loyalty.actions.writing import Movements, write_movements
from regulars.loyalty.models import Member, Program
from regulars.loyalty.queries.books import Book, book_of
from regulars.loyalty.queries.ladders import tier_due

BATCH = 500

DUE = """
    SELECT standing.member_id FROM loyalty_ladderstanding standing
    JOIN loyalty_ladder ladder ON ladder.id = standing.ladder_id AND ladder.is_tracked
    WHERE standing.turns_at <= %(now)s AND ladder.program_id = %(program)s
    UNION
    (SELECT member.id FROM loyalty_member member
    JOIN loyalty_ladder ladder ON ladder.program_id = member.program_id AND ladder.is_tracked
    WHERE member.program_id = %(program)s AND member.led_by_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM loyalty_ladderstanding standing
            WHERE standing.member_id = member.id AND standing.ladder_id = ladder.id)
    LIMIT %(limit)s)
    UNION
    SELECT coalesce(member.led_by_id, member.id) FROM customers_timelineentry entry
    JOIN loyalty_member member ON member.customer_id = entry.customer_id
        AND member.program_id = %(program)s
    JOIN loyalty_ladderstanding standing
        ON standing.member_id = coalesce(member.led_by_id, member.id)
        AND standing.ladder_id = ANY(%(acts_of)s::bigint[])
    WHERE entry.kind = ANY(%(acts)s::text[]) AND entry.at <= %(now)s
        AND entry.at > (standing.state->>'at')::timestamptz
    ORDER BY 1 LIMIT %(limit)s
"""

MISPLACED = f"""
    SELECT member.id FROM loyalty_member member
    JOIN loyalty_account account ON account.member_id = member.id
    JOIN loyalty_unit unit ON unit.id = account.unit_id AND unit.kind = 'qualifying'
    JOIN loyalty_ladder ladder ON ladder.program_id = member.program_id AND ladder.position = 0
        AND NOT ladder.is_tracked
    {tier_due("account.balance")}
    WHERE member.program_id = %(program)s AND member.led_by_id IS NULL
        AND member.tier_id IS DISTINCT FROM due.id
    ORDER BY member.id LIMIT %(limit)s
"""


def judge_due_members(*, now: datetime) -> int:
    """Judge everybody for whom the clock brings something by now; gives how many members.

    In batches, each of which stands once it is done: interrupted, late or repeated, the job leaves
    what a punctual one would have left, because changes carry the moment they are due.
    """
    return sum(judge_program(program, now=now) for program in Program.objects.order_by("id"))


def judge_program(program: Program, *, now: datetime) -> int:
    """Judge the members of a program whom the clock, or a new version of a ladder, concerns."""
    judged = 0
    program = Program.objects.get(pk=program.pk)
    while members := _judge_some(book_of(program), now=now):
        judged += members
    while members := _place_some(book_of(program), now=now):
        judged += members
    return judged


@job(attempts=5)
def judge_program_soon(program_id: int) -> None:
    """What a new version of a ladder brings, outside the request that made it."""
    judge_program(Program.objects.get(pk=program_id), now=moment_of_now())


def judge_soon(program_id: int) -> None:
    """Have the members of a program judged once the present transaction is through."""
    judge_program_soon.enqueue(program_id=program_id)


@transaction.atomic
def judge_again(member: Member, *, now: datetime) -> None:
    """Judge one person on every tracked ladder, from the first day on."""
    program = Program.objects.get(pk=member.program_id)
    _judge(book_of(program), [member.led_by_id or member.pk], now=now)


def judge_in_hand(program: Program, causes: Mapping[int, str], *, now: datetime) -> None:
    """Judge leading members, locked before, on ladders of what they have in hand."""
    judge_members(book_of(program), causes, now=now, only_in_hand=True)


@transaction.atomic
def _judge_some(book: Book, *, now: datetime) -> int:
    if not book.tracked:
        return 0
    by_acts = [ladder for ladder in book.tracked if ladder.rules.basis == "acts"]
    asked: dict[str, Any] = {
        "now": now,
        "program": book.program_id,
        "limit": BATCH,
        "acts_of": int_array([ladder.id for ladder in by_acts]),
        "acts": [act for ladder in by_acts for act in ladder.rules.acts],
    }
    with connection.cursor() as cursor:
        cursor.execute(DUE, asked)
        due = [row[0] for row in cursor.fetchall()]
    _judge(book, due, now=now)
    return len(due)


def _judge(book: Book, leader_ids: Collection[int], *, now: datetime) -> None:
    """Lock these members and judge them; who is led by another now is left to its leader."""
    rows = Member.objects.filter(pk__in=leader_ids).values_list("customer_id", flat=True)
    locked = lock_members(book, list(rows)).values() if leader_ids else ()
    moment = f"{now:%Y%m%d%H%M%S%f}"
    causes = {one.id: f"clock:{one.id}:{moment}" for one in locked if one.leader is None}
    judge_members(book, causes, now=now)


@transaction.atomic
def _place_some(book: Book, *, now: datetime) -> int:
    """Members of a plain ladder whose balance leads to another tier by the newest version."""
    if not book.is_plain:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(MISPLACED, {"program": book.program_id, "limit": BATCH})
        misplaced = [row[0] for row in cursor.fetchall()]
    rows = Member.objects.filter(pk__in=misplaced).values_list("customer_id", flat=True)
    movements = Movements()
    states = list(lock_members(book, list(rows)).values()) if misplaced else []
    for state in states:
        if state.leader is None:
            cause = f"ladder:{state.id}:{now:%Y%m%d%H%M%S%f}"
            movements.climb(book, state, cause=cause, at=now)
    if not movements.tiers:
        return 0
    for move in movements.tiers:
        move.reason = "rules"
    write_movements(book, movements, states, now=now)
    return len(movements.tiers)
