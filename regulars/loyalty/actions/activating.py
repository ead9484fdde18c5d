"""Pending points become usable: by the clock without anybody's doing, or by an event."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from regulars.core.events import publish
from regulars.core.sql import int_array
from regulars.loyalty.events import PointsActivated

ACTIVATE = """
    WITH accruals AS (
        UPDATE loyalty_accrual SET active_from = %(now)s
        WHERE id = ANY(%(accruals)s::bigint[])
    ), granted AS (
        SELECT lot.id FROM loyalty_transfer transfer
        JOIN loyalty_lot lot ON lot.id = transfer.id
        WHERE transfer.accrual_id = ANY(%(accruals)s::bigint[])
    )
    UPDATE loyalty_lot lot SET activates_at = %(now)s
    WHERE lot.id IN (
        SELECT id FROM granted UNION ALL
        SELECT moved.id FROM granted JOIN loyalty_lot moved
            ON moved.origin_id = granted.id AND moved.origin_id IS NOT NULL
    ) AND (lot.activates_at IS NULL OR lot.activates_at > %(now)s)
"""


TURN = """
    UPDATE loyalty_ladderstanding standing SET turns_at = least(standing.turns_at, %(now)s)
    FROM loyalty_ladder ladder, loyalty_accrual accrual
    JOIN loyalty_member member ON member.id = accrual.member_id
    WHERE accrual.id = ANY(%(accruals)s::bigint[]) AND ladder.id = standing.ladder_id
        AND ladder.is_tracked AND standing.member_id = coalesce(member.led_by_id, member.id)
"""


@transaction.atomic
def activate_points(purchase_ids: Collection[int], *, now: datetime) -> list[int]:
    """Make the pending points of purchases usable now, in every program; gives the accruals' ids.

    Goods were delivered, or the time to return them is over. What is usable already stays as it
    is, so a repeat changes nothing. The number of statements does not depend on the size.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id FROM loyalty_member WHERE id IN (
                SELECT coalesce(member.led_by_id, member.id) FROM loyalty_accrual accrual
                JOIN loyalty_member member ON member.id = accrual.member_id
                WHERE accrual.purchase_id = ANY(%s::bigint[])
            ) ORDER BY id FOR NO KEY UPDATE
            """,
            [int_array(purchase_ids)],
        )
        cursor.execute(
            "SELECT id FROM loyalty_accrual WHERE purchase_id = ANY(%s::bigint[])"
            " AND (active_from IS NULL OR active_from > %s) ORDER BY id",
            [int_array(purchase_ids), now],
        )
        ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return []
        done: dict[str, Any] = {"accruals": int_array(ids), "now": now}
        cursor.execute(ACTIVATE, done)
        cursor.execute(TURN, done)
    publish(PointsActivated(accrual_ids=tuple(ids)))
    return ids
