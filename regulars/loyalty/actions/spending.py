"""Taking amounts out of an account: which unit, which lots, and the transfer that says so."""

from datetime import datetime

from django.db import connection

from regulars.core.errors import Refused
from regulars.loyalty.models import Account, Member, Unit

SPEND_LOTS = """
    WITH open AS (
        SELECT id, remaining,
            sum(remaining) OVER (
                ORDER BY expires_at NULLS LAST, coalesce(origin_id, id), id)::bigint AS upto
        FROM loyalty_lot
        WHERE account_id = %(account)s AND remaining > 0 AND activates_at <= %(now)s
            AND (expires_at IS NULL OR expires_at > %(now)s)
    ), taken AS (
        SELECT id, least(remaining, %(amount)s - (upto - remaining)) AS amount
        FROM open WHERE upto - remaining < %(amount)s
    ), uses AS (
        INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount)
        SELECT id, %(transfer)s, amount FROM taken
    ), lots AS (
        UPDATE loyalty_lot lot SET remaining = lot.remaining - taken.amount
        FROM taken WHERE lot.id = taken.id
    )
    SELECT coalesce(sum(amount), 0) FROM taken
"""


def spendable(member: Member, code: str) -> Unit:
    """The unit of that code which members can spend; without a code the program's first."""
    units = (
        Unit.objects.select_related("program")
        .filter(program_id=member.program_id)
        .exclude(kind="qualifying")
    )
    found = units.filter(code=code).first() if code else units.order_by("id").first()
    if found is None:
        raise Refused("unknown_unit", f"nothing spendable is called {code!r}", "unit")
    return found


def pot_of(unit: Unit, pot: str) -> int:
    """The id of one of the program's own accounts."""
    return Account.objects.values_list("pk", flat=True).get(unit=unit, pot=pot)


def write_transfer(
    key: str,
    source_id: int,
    target_id: int,
    *,
    amount: int,
    at: datetime,
    redemption_id: int | None = None,
) -> int:
    """The id of a new transfer; lots and balances of members follow."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO loyalty_transfer"
            " (key, source_id, target_id, amount, redemption_id, at, recorded_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
            [key, source_id, target_id, amount, redemption_id, at, at],
        )
        return int(cursor.fetchone()[0])


def spend_lots(account_id: int, amount: int, *, transfer_id: int, now: datetime) -> None:
    """Consume lots in one statement, however many there are; `Refused` where they do not cover it."""
    parameters: dict[str, int | datetime] = {
        "account": account_id,
        "amount": amount,
        "transfer": transfer_id,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(SPEND_LOTS, parameters)
        covered = int(cursor.fetchone()[0])
        if covered < amount:
            raise Refused("not_enough_points", f"only {covered} can be spent now", "amount")
        cursor.execute(
            "UPDATE loyalty_account SET balance = balance - %s WHERE id = %s", [amount, account_id]
        )
