"""Expiry: points whose lots are dead leave the account. The lots were unusable before that."""

from datetime import datetime

from django.db import connection, transaction

BATCH = 20_000

LOCK = """
    SELECT id FROM loyalty_member WHERE id IN (
        SELECT account.member_id FROM loyalty_lot lot
        JOIN loyalty_account account ON account.id = lot.account_id
        WHERE lot.remaining > 0 AND lot.expires_at <= %s LIMIT %s
    ) ORDER BY id FOR NO KEY UPDATE
"""

EXPIRE = """
    WITH dead AS (
        SELECT lot.id, lot.account_id, lot.remaining, lot.expires_at, pot.id AS pot_id,
            nextval('loyalty_transfer_id_seq') AS transfer_id
        FROM loyalty_lot lot
        JOIN loyalty_account account ON account.id = lot.account_id
        JOIN loyalty_account pot ON pot.unit_id = account.unit_id AND pot.pot = 'expired'
        WHERE lot.remaining > 0 AND lot.expires_at <= %(now)s
            AND account.member_id = ANY(%(members)s)
    ), transfers AS (
        INSERT INTO loyalty_transfer (id, key, source_id, target_id, amount, at, recorded_at)
        SELECT transfer_id, 'expiry:' || id || ':' || transfer_id, account_id, pot_id, remaining,
            expires_at, %(now)s
        FROM dead
    ), uses AS (
        INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount)
        SELECT id, transfer_id, remaining FROM dead
    ), lots AS (
        UPDATE loyalty_lot lot SET remaining = 0 FROM dead WHERE lot.id = dead.id
    ), sums AS (
        SELECT account_id, sum(remaining) AS amount FROM dead GROUP BY account_id
    )
    UPDATE loyalty_account account SET balance = account.balance - sums.amount
    FROM sums WHERE account.id = sums.account_id
"""


def expire_points(*, now: datetime) -> int:
    """Post the expiry of all lots that are dead by then; gives how many accounts changed.

    Run late, twice or after an interruption, it leaves what a punctual run would have left: the
    transfers carry the moment of expiry, and a dead lot was unusable in the meantime.
    """
    changed = 0
    while accounts := _expire_some(now=now):
        changed += accounts
    return changed


@transaction.atomic
def _expire_some(*, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [now, BATCH])
        members = [row[0] for row in cursor.fetchall()]
        if not members:
            return 0
        cursor.execute(EXPIRE, {"now": now, "members": members})
        return int(cursor.rowcount)
