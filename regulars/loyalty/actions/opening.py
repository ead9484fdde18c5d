"""Opening balances: what members of an old program had, brought in by an import and taken out again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from regulars.core.errors import Refused
from regulars.loyalty.actions.adjusting import AdjustmentInput, Asker, adjust_points, wrong_dates
from regulars.loyalty.actions.members import enrol_members
from regulars.loyalty.models import Adjustment, Member, Program
from regulars.loyalty.queries.books import Book, book_of

UNDONE = ":undone"

LEFT = """
    SELECT adjustment.key, adjustment.member_id, unit.program_id, unit.code,
        least(coalesce(lot.remaining, account.balance), adjustment.amount)::bigint
    FROM loyalty_adjustment adjustment
    JOIN loyalty_unit unit ON unit.id = adjustment.unit_id
    JOIN loyalty_transfer transfer ON transfer.id = adjustment.transfer_id
    JOIN loyalty_account account ON account.id = transfer.target_id
    LEFT JOIN loyalty_lot lot ON lot.id = transfer.id
    WHERE adjustment.work_id = %s AND adjustment.reason = 'opening' AND adjustment.amount > 0
        AND NOT EXISTS (SELECT 1 FROM loyalty_adjustment undone
            WHERE undone.key = adjustment.key || %s)
    ORDER BY adjustment.id
"""


@dataclass(frozen=True)
class OpeningInput:
    """What a customer had of a unit, in whole units of it; `key` names the row for ever.

    What is given lives as the unit's rule says, counted from `earned_at`, or up to `ends_at`.
    """

    key: str
    customer_id: int
    unit: str
    amount: int
    joined_at: datetime | None = None
    earned_at: datetime | None = None
    ends_at: datetime | None = None


@transaction.atomic
def open_balances(
    program: Program, entries: Sequence[OpeningInput], *, work_id: int, now: datetime
) -> list[bool | Refused]:
    """Make customers members and give them what they had, each row once by its key.

    Gives for each row whether it is new, or why it is refused. Whoever is no member yet joins as
    of `joined_at`, with the gift that the program has for that. The number of statements does not
    depend on how many rows there are.
    """
    book = book_of(program)
    wrong = [_wrong(book, one, now=now) for one in entries]
    good = [one for one, refused in zip(entries, wrong, strict=True) if refused is None]
    given = iter(_open(program, good, work_id=work_id, now=now))
    return [next(given) if refused is None else refused for refused in wrong]


def _wrong(book: Book, entry: OpeningInput, *, now: datetime) -> Refused | None:
    """Why a row cannot be opened, found before its customer becomes a member for it."""
    return wrong_dates(book, book.units[entry.unit], _adjustment(entry, 0), now=now)


def _open(
    program: Program, entries: Sequence[OpeningInput], *, work_id: int, now: datetime
) -> list[bool | Refused]:
    joining: dict[int, datetime] = {}
    for one in entries:
        joined = one.joined_at or now
        joining[one.customer_id] = min(joining.get(one.customer_id, joined), joined)
    enrol_members(program=program, joining=joining, now=now)
    rows = Member.objects.filter(program=program, customer_id__in=joining)
    members = dict(rows.values_list("customer_id", "pk"))
    keys = [one.key for one in entries]
    known = set(Adjustment.objects.filter(key__in=keys).values_list("key", flat=True))
    wanted = [_adjustment(one, members[one.customer_id]) for one in entries if one.amount]
    made = iter(adjust_points(program, wanted, asker=Asker(work_id=work_id), now=now))
    answers: list[bool | Refused] = []
    for one in entries:
        given = next(made) if one.amount else None
        answers.append(given if isinstance(given, Refused) else one.key not in known)
    return answers


def _adjustment(entry: OpeningInput, member_id: int) -> AdjustmentInput:
    return AdjustmentInput(
        key=entry.key,
        member_id=member_id,
        unit=entry.unit,
        amount=entry.amount,
        reason="opening",
        ends_at=entry.ends_at,
        earned_at=entry.earned_at,
    )


@transaction.atomic
def close_balances(work_id: int, *, count: int, now: datetime) -> tuple[int, int, bool]:
    """Take back what is left of at most so many balances that an import opened.

    Gives how many were taken back, how many stay because their points are spent, and whether that
    was all. Members stay members.
    """
    with connection.cursor() as cursor:
        cursor.execute(LEFT, [work_id, UNDONE])
        rows = cursor.fetchall()
    open_ones = [row for row in rows if row[4] > 0][:count]
    taken = 0
    for program in Program.objects.filter(pk__in={row[2] for row in open_ones}).order_by("id"):
        wanted = [
            AdjustmentInput(f"{key}{UNDONE}", member_id, unit, -left, "opening")
            for key, member_id, program_id, unit, left in open_ones
            if program_id == program.pk
        ]
        made = adjust_points(program, wanted, asker=Asker(work_id=work_id), now=now)
        taken += sum(isinstance(one, Adjustment) for one in made)
    is_last = len(open_ones) < count or not taken
    return taken, len(rows) - taken if is_last else 0, is_last
