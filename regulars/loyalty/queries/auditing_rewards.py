"""The audit of rewards, promo codes, vouchers and gift cards: counts and money from single rows."""

BALANCES_OF_VALUES = """
    SELECT value.id, value.balance_minor, coalesce(sums.amount, 0)
    FROM loyalty_storedvalue value
    LEFT JOIN (
        SELECT value_id, sum(CASE WHEN kind IN ('issue', 'load', 'refund')
            THEN amount_minor::bigint ELSE -amount_minor::bigint END) AS amount
        FROM loyalty_valueentry GROUP BY value_id
    ) sums ON sums.value_id = value.id
    WHERE value.balance_minor <> coalesce(sums.amount, 0)
    ORDER BY value.id
"""

HELD_ON_VALUES = """
    SELECT value.id, value.held_minor, coalesce(held.amount, 0)
    FROM loyalty_storedvalue value
    LEFT JOIN (
        SELECT value_id, sum(asked_minor) AS amount FROM loyalty_valuepayment
        WHERE state = 'held' GROUP BY value_id
    ) held ON held.value_id = value.id
    WHERE value.held_minor <> coalesce(held.amount, 0)
    ORDER BY value.id
"""

PAYMENTS = """
    SELECT payment.id, payment.captured_minor - payment.refunded_minor,
        coalesce(sums.captured, 0) - coalesce(sums.refunded, 0)
    FROM loyalty_valuepayment payment
    LEFT JOIN (
        SELECT payment_id, sum(amount_minor) FILTER (WHERE kind = 'capture') AS captured,
            sum(amount_minor) FILTER (WHERE kind = 'refund') AS refunded
        FROM loyalty_valueentry WHERE payment_id IS NOT NULL GROUP BY payment_id
    ) sums ON sums.payment_id = payment.id
    WHERE payment.captured_minor <> coalesce(sums.captured, 0)
        OR payment.refunded_minor <> coalesce(sums.refunded, 0)
    ORDER BY payment.id
"""

USES_OF_CODES = """
    SELECT code.id, code.used, coalesce(uses.times, 0)
    FROM loyalty_promocode code
    LEFT JOIN (
        SELECT code_id, count(*) AS times FROM loyalty_promouse
        WHERE state IN ('reserved', 'redeemed') GROUP BY code_id
    ) uses ON uses.code_id = code.id
    WHERE code.used <> coalesce(uses.times, 0)
    ORDER BY code.id
"""

USES_OF_PROMOTIONS = """
    SELECT promotion.id, promotion.used, coalesce(uses.times, 0)
    FROM loyalty_promotion promotion
    LEFT JOIN (
        SELECT promotion_id, count(*) AS times FROM loyalty_promouse
        WHERE state IN ('reserved', 'redeemed') GROUP BY promotion_id
    ) uses ON uses.promotion_id = promotion.id
    WHERE promotion.used <> coalesce(uses.times, 0)
    ORDER BY promotion.id
"""

STOCKS = """
    SELECT reward.id, reward.taken, coalesce(orders.times, 0)
    FROM loyalty_reward reward
    LEFT JOIN (
        SELECT reward_id, count(*) AS times FROM loyalty_rewardorder
        WHERE state <> 'cancelled' GROUP BY reward_id
    ) orders ON orders.reward_id = reward.id
    WHERE reward.taken <> coalesce(orders.times, 0)
    ORDER BY reward.id
"""

STEPS = """
    SELECT reward_order.id, reward_order.state, latest.state
    FROM loyalty_rewardorder reward_order
    LEFT JOIN LATERAL (
        SELECT state FROM loyalty_rewardstep step WHERE step.order_id = reward_order.id
        ORDER BY id DESC LIMIT 1
    ) latest ON true
    WHERE reward_order.state IS DISTINCT FROM latest.state
    ORDER BY reward_order.id
"""

PRICES = """
    SELECT reward_order.id, reward_order.price,
        CASE WHEN redemption.undone_at IS NULL THEN redemption.amount ELSE 0 END
    FROM loyalty_rewardorder reward_order
    JOIN loyalty_redemption redemption ON redemption.id = reward_order.redemption_id
    WHERE (reward_order.state = 'cancelled') <> (redemption.undone_at IS NOT NULL)
        OR redemption.amount <> reward_order.price
    ORDER BY reward_order.id
"""

REWARD_CHECKS = {
    "stored_value_is_the_sum_of_its_entries": BALANCES_OF_VALUES,
    "held_value_is_the_sum_of_open_holds": HELD_ON_VALUES,
    "payment_is_what_was_captured_and_refunded": PAYMENTS,
    "code_counts_its_uses": USES_OF_CODES,
    "promotion_counts_its_uses": USES_OF_PROMOTIONS,
    "stock_counts_its_orders": STOCKS,
    "order_is_where_its_last_step_led": STEPS,
    "order_is_paid_unless_cancelled": PRICES,
}
"""Each check gives rows of (id, stored, derived) that disagree; none where the books are right."""
