"""Members take on what they owe: live lots pay at once, the rest is a debt."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from regulars.core.sql import int_array, text_array
from regulars.loyalty.queries.reversals import live_lots_of
from regulars.loyalty.rules.lots import Use, taken_in_order

Owed = tuple[int, int, int]
"""The account that owes, the pot it owes to, and the amount."""

CHARGE = """
    WITH given AS (
        SELECT nextval('loyalty_transfer_id_seq') AS id, given.*
        FROM unnest(%(keys)s::text[], %(accounts)s::bigint[], %(pots)s::bigint[],
            %(amounts)s::bigint[], %(debts)s::bigint[])
            AS given (key, account_id, pot_id, amount, debt)
    ), transfers AS (
        INSERT INTO loyalty_transfer (id, key, source_id, target_id, amount, at, recorded_at)
        SELECT id, key, account_id, pot_id, amount, %(now)s, %(now)s FROM given
    ), parts AS (
        SELECT given.id, part.lot_id, part.amount
        FROM unnest(%(payers)s::bigint[], %(lots)s::bigint[], %(parts)s::bigint[])
            AS part (account_id, lot_id, amount)
        JOIN given ON given.account_id = part.account_id
    ), uses AS (
        INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount) SELECT lot_id, id, amount FROM parts
    ), emptied AS (
        UPDATE loyalty_lot lot SET remaining = lot.remaining - parts.amount
        FROM parts WHERE lot.id = parts.lot_id
    )
    UPDATE loyalty_account account
    SET balance = account.balance - given.amount, debt = account.debt + given.debt
    FROM given WHERE account.id = given.account_id
"""


def charge(owed: Sequence[Owed], *, cause: str, now: datetime) -> None:
    """Take what is owed off locked accounts, each named once; 2 statements.

    Live lots pay first, pending ones too, soonest expiring first; what they lack becomes a debt.
    """
    if not owed:
        return
    lots = live_lots_of([account for account, _, _ in owed], now=now)
    uses: list[tuple[int, Use]] = []
    debts = []
    for account, _, amount in owed:
        taken = taken_in_order([(lot.id, lot.remaining) for lot in lots.get(account, ())], amount)
        uses += [(account, use) for use in taken]
        debts.append(amount - sum(use.amount for use in taken))
    with connection.cursor() as cursor:
        cursor.execute(
            CHARGE,
            {
                "keys": text_array(f"{cause}:owes:{account}" for account, _, _ in owed),
                "accounts": int_array(account for account, _, _ in owed),
                "pots": int_array(pot for _, pot, _ in owed),
                "amounts": int_array(amount for _, _, amount in owed),
                "debts": int_array(debts),
                "payers": int_array(account for account, _ in uses),
                "lots": int_array(use.lot_id for _, use in uses),
                "parts": int_array(use.amount for _, use in uses),
                "now": now,
            },
        )
