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
        FROM loyalty_lot lot JOIN loyalty_transfer transfer ON transfer.id = lot.transfer_id
        JOIN loyalty_account source ON source.id = transfer.source_id
        JOIN loyalty_account target ON target.id = transfer.target_id
        JOIN loyalty_lot first ON first.id = lot.first_id
        WHERE lot.handover_id IS NOT NULL GROUP BY lot.handover_id
    ) moved ON moved.handover_id = handover.id
    WHERE moved.amount IS DISTINCT FROM handover.amount OR moved.odd > 0
    ORDER BY handover.id
"""
"""Every handover moved its amount from member to member, and its lots were issued once, elsewhere."""

MOVE_CHECKS = {
    "an_adjustment_moves_what_it_says": ADJUSTMENTS,
    "a_handover_moves_what_it_says": HANDOVERS,
}
