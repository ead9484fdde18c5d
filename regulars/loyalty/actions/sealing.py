"""Sealing: blocks of transfers are hashed together with the block before, some minutes later."""

from datetime import datetime

from django.db import connection, transaction

from regulars.loyalty.queries.seals import CONTENT, FORM

BLOCK = 20_000
"""At most so many numbers of transfers in a block."""

LOCK = 5_710_001
"""The advisory lock under which blocks are sealed one after the other."""

HORIZON = """
    SELECT CASE WHEN EXISTS (
        SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND xact_start <= %(marked)s
    ) THEN NULL ELSE %(upto)s END
"""

SEAL = """
    INSERT INTO loyalty_seal (number, from_id, upto_id, transfers, before, digest, form, sealed_at)
    SELECT %(number)s, %(from)s, %(upto)s, count(*), %(before)s,
        encode(sha256(convert_to(%(before)s, 'UTF8') || sha256({content})), 'hex'),
        {form}, %(now)s
    FROM loyalty_transfer t WHERE t.id BETWEEN %(from)s AND %(upto)s
    RETURNING digest
"""


@transaction.atomic
def seal_transfers(*, now: datetime, block: int = BLOCK) -> int:
    """Seal all transfers that are safe to seal; gives the number of new blocks.

    Safe are the numbers that were given out before the oldest transaction which is still open
    began: nothing can appear among them any more. While a long import runs, sealing waits, and
    nobody ever waits for sealing. Sealing twice at once seals everything once.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        upto = _horizon()
        cursor.execute(
            "SELECT number, upto_id, digest FROM loyalty_seal ORDER BY number DESC LIMIT 1"
        )
        number, sealed, before = cursor.fetchone() or (0, 0, "")
        seal, made = SEAL.format(content=CONTENT[FORM], form=FORM), 0
        while sealed < upto:
            end = min(sealed + block, upto)
            told = {"number": number + 1, "from": sealed + 1, "upto": end, "before": before}
            cursor.execute(seal, {**told, "now": now})
            number, sealed, before, made = number + 1, end, cursor.fetchone()[0], made + 1
        return made


def _horizon() -> int:
    """The highest number below which no transfer can appear any more; 0 where that is not known.

    Numbers are given out in transactions; one that began before the mark may still hold some.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT clock_timestamp(), CASE WHEN is_called THEN last_value ELSE 0 END"
            " FROM loyalty_transfer_id_seq"
        )
        marked, upto = cursor.fetchone()
        cursor.execute(HORIZON, {"marked": marked, "upto": upto})
        return int(cursor.fetchone()[0] or 0)
