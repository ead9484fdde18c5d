"""Limits on spending, one-time codes above an amount, and cards that are frozen or employees'."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext, override
from pydantic import ValidationError

from regulars.channels.actions.sending import OutgoingMessage, send
from regulars.core.errors import Conflict, Refused
from regulars.core.events import publish
from regulars.core.sql import int_array
from regulars.loyalty.actions.locking import lock_all, lock_leader, refuse_frozen
from regulars.loyalty.events import MembersFrozen, MembersThawed
from regulars.loyalty.models import Member, Program, SpendingCode, Unit
from regulars.loyalty.queries.rooms import lately_of
from regulars.loyalty.rules.guarding import Lately, SpendingLimits, check_limits

CODE_LIVES = timedelta(minutes=10)
TRIES_MAX = 5
CODES_MAX = 5
"""Codes a card may be sent within an hour."""

USE_CODE = """
    UPDATE loyalty_spendingcode SET used_for = %(key)s WHERE id = (
        SELECT code.id FROM loyalty_spendingcode code
        JOIN loyalty_member member ON member.id = code.member_id
        WHERE (member.id = %(leader)s OR member.led_by_id = %(leader)s)
            AND code.confirmed_at > %(since)s AND code.used_for IS NULL AND code.amount >= %(amount)s
        ORDER BY code.id LIMIT 1)
"""


@transaction.atomic
def set_spending_limits(program: Program, **limits: int | None) -> Program:
    """The program with other limits on spending, from now on; see `rules.guarding.SpendingLimits`.

    `Refused` names the limit that makes no sense.
    """
    try:
        checked = SpendingLimits(**limits)
    except ValidationError as error:
        first = error.errors()[0]
        raise Refused("bad_limit", first["msg"], str(first["loc"][0])) from error
    program.spending_limits = checked.model_dump(exclude_none=True)
    program.save(update_fields=["spending_limits"])
    return program


def guard_spending(
    member: Member,
    leader_id: int,
    unit: Unit,
    *,
    amount: int,
    key: str,
    now: datetime,
    by: int | None = None,
) -> None:
    """Nothing, or `Refused` where a locked member may not spend so much now; the reason says why.

    `by` is the employee who serves the member: nobody serves their own card. From the program's `code_from` on, a code that the
    member confirmed within ten minutes is used up by it.
    """
    refuse_frozen([member.pk, leader_id])
    if by is not None and member.employee_id == by:
        raise Refused("serves_oneself", "nobody serves their own card: ask a colleague", "member")
    if not unit.program.spending_limits:
        return
    limits = SpendingLimits.model_validate(unit.program.spending_limits)
    lately = lately_of([leader_id], now=now) if limits.look_back else {}
    check_limits(limits, amount, lately.get((leader_id, unit.pk), Lately()))
    if limits.code_from is None or amount < limits.code_from:
        return
    with connection.cursor() as cursor:
        told: dict[str, str | int | datetime]
        told = {"key": key, "leader": leader_id, "since": now - CODE_LIVES, "amount": amount}
        cursor.execute(USE_CODE, told)
        if not cursor.rowcount:
            words = f"from {limits.code_from} points on, the member confirms with a code"
            raise Refused("code_is_needed", words, "amount")


@transaction.atomic
def send_code(member: Member, amount: int, *, now: datetime) -> SpendingCode:
    """Send a member a code for spending up to an amount; it lives ten minutes.

    `Refused` where nothing may be sent to them or there is no address, or after five in an hour.
    """
    if amount <= 0:
        raise Refused("nothing_to_redeem", "the amount must be above zero", "amount")
    lock_leader(member.pk)
    rows = SpendingCode.objects.filter(member=member, sent_at__gt=now - timedelta(hours=1))
    if rows.count() >= CODES_MAX:
        raise Refused("too_many_codes", f"{CODES_MAX} codes were sent within an hour", "member")
    digits = f"{secrets.randbelow(10**6):06d}"
    code = SpendingCode.objects.create(
        member=member, amount=amount, digest="", sent_at=now, ends_at=now + CODE_LIVES
    )
    code.digest = _digest(code.pk, digits)
    code.save(update_fields=["digest"])
    (sent,) = send([_message(code, digits)], now=now)
    if not sent.is_accepted:
        raise Refused("code_cannot_be_sent", sent.reason, "member")
    return code


def _message(code: SpendingCode, digits: str) -> OutgoingMessage:
    language = code.member.customer.language or "en"
    with override(language):
        words = gettext(
            "%(code)s is your code for spending %(points)d points. It is valid for 10 minutes. "
            "If you are not at a till now, tell nobody and ignore it."
        )
        text = words % {"code": digits, "points": code.amount}
        subject = gettext("Your code: %(code)s") % {"code": digits}
    return OutgoingMessage(
        key=f"spending-code:{code.pk}",
        purpose="service",
        text=text,
        subject=subject,
        customer_id=code.member.customer_id,
        language=language,
    )


def confirm_code(code: SpendingCode, digits: str, *, now: datetime) -> SpendingCode:
    """The code with one try more, confirmed where the digits are right.

    A wrong try is no error, so that it counts whatever becomes of the request; after five wrong
    ones, or when its time is over, nothing confirms it any more.
    """
    with transaction.atomic():
        row = SpendingCode.objects.select_for_update().get(pk=code.pk)
        if row.confirmed_at is None and row.tries < TRIES_MAX and now < row.ends_at:
            row.tries += 1
            if constant_time_compare(row.digest, _digest(row.pk, digits.strip())):
                row.confirmed_at = now
            row.save(update_fields=["tries", "confirmed_at"])
    return row


def _digest(code_id: int, digits: str) -> str:
    return salted_hmac(f"spending-code:{code_id}", digits, algorithm="sha256").hexdigest()


@transaction.atomic
def freeze_members(member_ids: Collection[int], *, reason: str, now: datetime) -> int:
    """Freeze cards: their points are neither spent nor moved until they are thawed; gives how many.

    They still earn. Who is frozen already keeps the first reason.
    """
    lock_all(member_ids)
    return _set_frozen(
        "UPDATE loyalty_member SET frozen_at = %s, frozen_reason = %s"
        " WHERE id = ANY(%s::bigint[]) AND frozen_at IS NULL RETURNING id",
        [now, reason[:200], int_array(member_ids)],
        event=MembersFrozen,
    )


@transaction.atomic
def thaw_members(member_ids: Collection[int]) -> int:
    """Let frozen cards spend again; gives how many were frozen."""
    lock_all(member_ids)
    return _set_frozen(
        "UPDATE loyalty_member SET frozen_at = NULL, frozen_reason = ''"
        " WHERE id = ANY(%s::bigint[]) AND frozen_at IS NOT NULL RETURNING id",
        [int_array(member_ids)],
        event=MembersThawed,
    )


def _set_frozen(
    statement: str,
    told: Sequence[str | datetime],
    *,
    event: type[MembersFrozen] | type[MembersThawed],
) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, told)
        ids = tuple(row[0] for row in cursor.fetchall())
    if ids:
        publish(event(member_ids=ids))
    return len(ids)


@transaction.atomic
def mark_as_employees(member: Member, employee_id: int | None) -> Member:
    """Say whose card it is among the employees, or with None that it is nobody's.

    A second card in the same program is a `Conflict`.
    """
    if employee_id is not None:
        others = Member.objects.filter(program=member.program_id, employee=employee_id)
        if others.exclude(pk=member.pk).exists():
            raise Conflict("has_a_card", "this employee has another card here", "employee")
    member.employee_id = employee_id
    member.save(update_fields=["employee"])
    return member
