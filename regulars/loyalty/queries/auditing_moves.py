"""What the audit checks of adjustments by hand and of handovers between members."""

ADJUSTMENTS = """
    SELECT adjustment.id, adjustment.amount, coalesce(moved.amount, 0)
    FROM loyalty_adjustment adjustment
    LEFT JOIN (
        SELECT transfer.id, transfer.key, source.unit_id, CASE
            WHEN source.pot = 'adjusted' AND target.member_id IS NOT NULL
                THEN transfer.amount::bigint
            WHEN target.pot = 'adjusted' AND source.member_id IS NOT NULL
                THEN -transfer.amount::bigint END AS amount
        FROM loyalty_transfer transfer
        JOIN loyalty_account source ON source.id = transfer.source_id
        JOIN loyalty_account target ON target.id = transfer.target_id
        WHERE transfer.key LIKE 'adjustment:%%'
    ) moved ON moved.key = 'adjustment:' || adjustment.id
    WHERE CASE WHEN adjustment.state = 'done'
        THEN moved.id IS DISTINCT FROM adjustment.transfer_id
            OR moved.amount IS DISTINCT FROM adjustment.amount
            OR moved.unit_id <> adjustment.unit_id
        ELSE moved.id IS NOT NULL END
    UNION ALL
    SELECT transfer.id, transfer.amount, 0 FROM loyalty_transfer transfer
    LEFT JOIN loyalty_adjustment adjustment ON adjustment.transfer_id = transfer.id
    WHERE transfer.key LIKE 'adjustment:%%' AND adjustment.id IS NULL
    ORDER BY 1
"""
"""Every adjustment that is done moved what it says, once; all others, and nobody else, moved nothing."""

HANDOVERS = """
    SELECT handover.id, handover.amount, coalesce(moved.amount, 0)
    FROM loyalty_handover handover
    LEFT JOIN (
        SELECT lot.handover_id, sum(transfer.amount) AS amount, count(*) FILTER (
            WHERE source.member_id IS NULL OR target.member_id IS NULL
                OR transfer.target_id <> lot.account_id OR first.first_id IS NOT NULL) AS odd
        FROM loyalty_lot lot JOIN loyalty_transfer transfer ON transfer.id = lot.id
        JOIN loyalty_account source ON source.id = transfer.source_id
        JOIN loyalty_account target ON target.id = transfer.target_id
        JOIN loyalty_lot first ON first.id = lot.first_id
        WHERE lot.handover_id IS NOT NULL GROUP BY lot.handover_id
    ) moved ON moved.handover_id = handover.id
    WHERE moved.amount IS DISTINCT FROM handover.amount OR moved.odd > 0
    ORDER BY handover.id
"""
"""Every handover moved its amount from member to member, and its lots were issued once, elsewhere."""

DRAWN = """
    SELECT lot.id, lot.remaining, 0 FROM loyalty_lot lot
    JOIN loyalty_handover drew ON drew.id = lot.handover_id AND drew.kind = 'draw'
    JOIN loyalty_member taker ON taker.id = drew.taker_id
    JOIN loyalty_member giver ON giver.id = drew.giver_id
    JOIN loyalty_account account ON account.id = lot.account_id
        AND account.member_id = coalesce(taker.led_by_id, taker.id)
        AND account.member_id <> coalesce(giver.led_by_id, giver.id)
    WHERE lot.remaining > 0 AND (lot.expires_at IS NULL OR lot.expires_at > %(now)s)
    ORDER BY lot.id
"""
"""What one drew of another's points is spent, or has gone back to whose it is."""

HEADS = """
    SELECT household.id, household.head_id, count(seat.id) FROM loyalty_household household
    LEFT JOIN loyalty_seat seat ON seat.household_id = household.id AND seat.state = 'in'
    LEFT JOIN loyalty_member member ON member.id = seat.member_id
    GROUP BY household.id HAVING CASE WHEN household.closed_at IS NULL
        THEN count(*) FILTER (WHERE seat.member_id = household.head_id) <> 1
            OR count(*) FILTER (WHERE member.program_id <> household.program_id) > 0
        ELSE count(seat.id) > 0 END
    ORDER BY household.id
"""
"""The head of an open household is in it, and all are of its program; in a closed one is nobody."""

MOVE_CHECKS = {
    "drawn_points_are_spent_or_back": DRAWN,
    "an_open_household_has_its_head": HEADS,
    "an_adjustment_moves_what_it_says": ADJUSTMENTS,
    "a_handover_moves_what_it_says": HANDOVERS,
}
