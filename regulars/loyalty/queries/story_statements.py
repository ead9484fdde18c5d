"""The statements that stories are read with: each for all members of a partition at once."""

MEMBERS = """
    SELECT id, coalesce(led_by_id, id), customer_id, joined_at FROM loyalty_member
    WHERE program_id = %s AND coalesce(led_by_id, id) BETWEEN %s AND %s ORDER BY id
"""

SALES = """
    SELECT accrual.member_id, accrual.id, purchase.id, accrual.at, purchase.total_minor,
        purchase.discount_minor, coalesce(store.code, ''), purchase.tenders,
        accrual.posted_at
    FROM loyalty_accrual accrual
    JOIN customers_purchase purchase ON purchase.id = accrual.purchase_id
    LEFT JOIN company_store store ON store.id = purchase.store_id
    WHERE accrual.member_id = ANY(%s::bigint[]) ORDER BY accrual.id
"""

BACKS = """
    SELECT accrual.member_id, accrual.id, back.purchase_id, 'return:' || back.id,
        sum(back.total_minor) OVER (PARTITION BY back.purchase_id ORDER BY back.id)::bigint,
        (SELECT sum(line.total_minor)::bigint FROM customers_line line
            WHERE line.purchase_id = back.purchase_id),
        coalesce((SELECT min(at) FROM loyalty_reversal WHERE accrual_id = accrual.id
            AND cause = 'return:' || back.id), back.recorded_at), back.returned_at
    FROM loyalty_accrual accrual JOIN customers_return back
        ON back.purchase_id = accrual.purchase_id
    WHERE accrual.member_id = ANY(%(members)s::bigint[])
    UNION ALL
    SELECT accrual.member_id, accrual.id, accrual.purchase_id,
        coalesce(reversal.cause, 'voided'), 0, 0,
        coalesce(min(reversal.at), min(purchase.voided_at)), NULL
    FROM loyalty_accrual accrual JOIN customers_purchase purchase
        ON purchase.id = accrual.purchase_id
    LEFT JOIN loyalty_reversal reversal ON reversal.accrual_id = accrual.id
        AND reversal.cause NOT LIKE 'return:%%'
    WHERE accrual.member_id = ANY(%(members)s::bigint[]) AND accrual.reversed_at IS NOT NULL
        AND (purchase.voided_at IS NOT NULL OR reversal.id IS NOT NULL)
    GROUP BY 1, 2, 3, 4
"""

PAID_BACKS = """
    SELECT redemption.member_id, redemption.id, back.purchase_id, 'return:' || back.id,
        sum(back.total_minor) OVER (PARTITION BY redemption.id ORDER BY back.id)::bigint,
        (SELECT sum(line.total_minor)::bigint FROM customers_line line
            WHERE line.purchase_id = back.purchase_id), back.recorded_at, back.returned_at
    FROM loyalty_redemption redemption JOIN customers_return back
        ON back.purchase_id = redemption.purchase_id
    WHERE redemption.member_id = ANY(%(members)s::bigint[])
    UNION ALL
    SELECT redemption.member_id, redemption.id, purchase.id, '', 0, 0, purchase.voided_at, NULL
    FROM loyalty_redemption redemption JOIN customers_purchase purchase
        ON purchase.id = redemption.purchase_id
    WHERE redemption.member_id = ANY(%(members)s::bigint[]) AND purchase.voided_at IS NOT NULL
"""

ACTIVATED = """
    SELECT member_id, purchase_id, active_from FROM loyalty_accrual
    WHERE member_id = ANY(%s::bigint[]) AND active_from > at AND (%s::int IS NULL
        OR active_from < at + make_interval(days => %s))
"""

TRANSFERS = """
    SELECT account.member_id, transfer.id, transfer.key, transfer.recorded_at, transfer.at,
        unit.code, transfer.amount, transfer.target_id = account.id, lot.expires_at,
        other.pot, coalesce(mate.led_by_id, mate.id)
    FROM loyalty_account account
    JOIN loyalty_unit unit ON unit.id = account.unit_id
    CROSS JOIN LATERAL (
        SELECT * FROM loyalty_transfer WHERE source_id = account.id
        UNION ALL
        SELECT * FROM loyalty_transfer WHERE target_id = account.id AND accrual_id IS NULL
    ) transfer
    JOIN loyalty_account other
        ON other.id = transfer.source_id + transfer.target_id - account.id
    LEFT JOIN loyalty_member mate ON mate.id = other.member_id
    LEFT JOIN loyalty_lot lot ON lot.id = transfer.id
    WHERE account.member_id = ANY(%s::bigint[]) ORDER BY transfer.id
"""

SPENDINGS = """
    SELECT member_id, redemption.id, 'redemption:' || redemption.id, unit.code, amount,
        redeemed_at, purchase_id, NULL::bigint, NULL::timestamptz, redemption.id, undone_at
    FROM loyalty_redemption redemption JOIN loyalty_unit unit ON unit.id = redemption.unit_id
    WHERE member_id = ANY(%(members)s::bigint[]) AND hold_id IS NULL
    UNION ALL
    SELECT hold.member_id, -hold.id, 'hold:' || hold.id, unit.code, hold.amount, hold.held_at,
        redemption.purchase_id, CASE WHEN hold.outcome <> '' THEN hold.amount - hold.captured END,
        hold.ended_at, redemption.id, redemption.undone_at
    FROM loyalty_hold hold JOIN loyalty_unit unit ON unit.id = hold.unit_id
    LEFT JOIN loyalty_redemption redemption ON redemption.hold_id = hold.id
    WHERE hold.member_id = ANY(%(members)s::bigint[]) ORDER BY 2
"""

PLACES = """
    SELECT accrual_id, min(id) FROM loyalty_transfer
    WHERE accrual_id = ANY(%s::bigint[]) AND key LIKE 'accrual:%%' GROUP BY 1
"""
