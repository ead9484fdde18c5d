"""The chain of seals: what a block's hash is made of, and whether every block still has it."""

LEAF = """record_send(ROW(t.id, t.source_id, t.target_id, t.amount, t.accrual_id, t.rule_id,
    t.redemption_id, t.at, t.recorded_at))"""
"""The bytes of one transfer `t`: what moved, when and why. Its key may name a person, and is left out."""

CONTENT = f"""sha256(coalesce(string_agg({LEAF}, ''::bytea ORDER BY t.id), ''::bytea))"""
"""The hash of a block's transfers in the order of their ids."""

PARTS = 2
"""In how many parts the chain is looked at, one beside the other."""

CHAIN = f"""
    SELECT seal.number, seal.digest, made.digest
    FROM (
        SELECT number, digest, before, from_id, upto_id, transfers,
            lag(digest, 1, '') OVER (ORDER BY number) AS digest_before,
            lag(upto_id, 1, 0::bigint) OVER (ORDER BY number) AS upto_before,
            lag(number, 1, 0::bigint) OVER (ORDER BY number) AS number_before
        FROM loyalty_seal
    ) seal
    CROSS JOIN LATERAL (
        SELECT count(*) AS transfers, encode(
            sha256(convert_to(seal.before, 'UTF8') || {CONTENT}), 'hex') AS digest
        FROM loyalty_transfer t WHERE t.id BETWEEN seal.from_id AND seal.upto_id
    ) made
    WHERE seal.number %% {{parts}} = {{part}} AND (made.digest <> seal.digest OR made.transfers <> seal.transfers
        OR seal.before <> seal.digest_before OR seal.from_id <> seal.upto_before + 1
        OR seal.number <> seal.number_before + 1)
    ORDER BY seal.number
"""
"""Of each so many blocks one: those whose hash is not what their transfers give, or that do not follow the block before."""
