"""Reminders: members hear once of points that are about to expire."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from regulars.channels.actions import OutgoingMessage, send
from regulars.core.errors import Refused
from regulars.core.events import publish
from regulars.core.sql import int_array
from regulars.loyalty.events import PointsExpireSoon
from regulars.loyalty.letters import letter_of
from regulars.loyalty.models import ExpiryReminder, Program

BATCH = 1_000
LONGEST = 366

DUE = """
    FROM loyalty_lot lot JOIN loyalty_account account ON account.id = lot.account_id
    JOIN loyalty_unit unit ON unit.id = account.unit_id AND unit.program_id = %(program)s
    WHERE account.member_id IS NOT NULL AND lot.remaining > 0 AND lot.activates_at <= %(now)s
        AND lot.expires_at > %(now)s AND lot.expires_at <= %(upto)s
        AND lot.reminded_for IS DISTINCT FROM lot.expires_at
        AND NOT EXISTS (SELECT 1 FROM loyalty_expiryreminder known
            WHERE known.account_id = account.id AND known.made_at > %(lately)s)
"""

LOCK = f"""
    SELECT id FROM loyalty_member WHERE id IN (
        SELECT DISTINCT account.member_id {DUE} ORDER BY 1 LIMIT %(limit)s
    ) ORDER BY id FOR NO KEY UPDATE
"""

REMIND = f"""
    WITH due AS (
        SELECT lot.id, lot.account_id, lot.remaining, lot.expires_at {DUE}
            AND account.member_id = ANY(%(members)s::bigint[])
    ), marked AS (
        UPDATE loyalty_lot lot SET reminded_for = due.expires_at FROM due WHERE lot.id = due.id
    )
    INSERT INTO loyalty_expiryreminder (account_id, amount, ends_at, made_at)
    SELECT account_id, sum(remaining), min(expires_at), %(now)s FROM due GROUP BY account_id
    ORDER BY account_id RETURNING id
"""


@transaction.atomic
def set_reminders(program: Program, days: int | None) -> Program:
    """Have members hear so many days ahead that points expire; None and 0 send nothing."""
    program.reminds_days = checked_days(days)
    program.save(update_fields=["reminds_days"])
    return program


def checked_days(days: int | None) -> int | None:
    """How many days ahead members are to hear of something; None for none."""
    if days is not None and not 0 <= days <= LONGEST:
        raise Refused("bad_days", f"between 0 and {LONGEST} days", "days")
    return days or None


def remind_of_expiry(*, now: datetime) -> int:
    """Note who hears that points expire soon, in every program that reminds; gives how many.

    All points of an account that expire within the program's days are told of together, each lot
    once for each end it has; within half of these days an account is not told of again. Letters
    follow by the event. Repeated or interrupted, nobody is noted twice.
    """
    programs = Program.objects.filter(reminds_days__gt=0, is_open=True).order_by("id")
    return sum(_remind(program, now=now) for program in programs)


def _remind(program: Program, *, now: datetime) -> int:
    noted = 0
    while made := _remind_some(program, now=now):
        noted += made
    return noted


@transaction.atomic
def _remind_some(program: Program, *, now: datetime) -> int:
    ahead = timedelta(days=program.reminds_days or 0)
    told: dict[str, Any] = {
        "program": program.pk,
        "now": now,
        "upto": now + ahead,
        "lately": now - ahead / 2,
        "limit": BATCH,
    }
    with connection.cursor() as cursor:
        cursor.execute(LOCK, told)
        members = [row[0] for row in cursor.fetchall()]
        if not members:
            return 0
        cursor.execute(REMIND, told | {"members": int_array(members)})
        ids = tuple(row[0] for row in cursor.fetchall())
    if ids:
        publish(PointsExpireSoon(program_id=program.pk, reminder_ids=ids))
    return len(ids)


def write_reminders(reminder_ids: Collection[int], *, now: datetime) -> int:
    """Write to the members of these reminders, through the one door; gives how many letters go out.

    Whoever did not agree to hear of the program, or has heard enough, gets none; the message is
    kept with the reason. Written again, nothing more goes out.
    """
    rows = ExpiryReminder.objects.filter(pk__in=reminder_ids).order_by("pk")
    rows = rows.select_related("account__unit__program", "account__member__customer")
    rows = rows.select_related("account__member__program")
    return send_letters([letter_of(row) for row in rows], now=now)


def send_letters(letters: Sequence[OutgoingMessage], *, now: datetime) -> int:
    """Hand these letters to the one door; gives how many go out."""
    return sum(sent.is_accepted for sent in send(letters, now=now))
