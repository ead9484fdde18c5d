"""The chain of seals: what a block's hash is made of, and whether every block still has it."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

LEAF = """record_send(ROW(t.id, t.source_id, t.target_id, t.amount, t.accrual_id, t.rule_id,
    t.redemption_id, t.at, t.recorded_at))"""
"""The bytes of one transfer `t`: what moved, when and why. Its key may name a person, and is left out."""

CONTENT = f"""sha256(coalesce(string_agg({LEAF}, ''::bytea ORDER BY t.id), ''::bytea))"""
"""The hash of a block's transfers in the order of their ids."""

PARTS = 2
"""In how many parts the chain is looked at, one beside the other."""

CHAIN = f"""
    SELECT seal.number, seal.before, seal.digest, made.content,
        made.transfers = seal.transfers AND seal.before = seal.digest_before
            AND seal.from_id = seal.upto_before + 1 AND seal.number = seal.number_before + 1
    FROM (
        SELECT number, digest, before, from_id, upto_id, transfers,
            lag(digest, 1, '') OVER (ORDER BY number) AS digest_before,
            lag(upto_id, 1, 0::bigint) OVER (ORDER BY number) AS upto_before,
            lag(number, 1, 0::bigint) OVER (ORDER BY number) AS number_before
        FROM loyalty_seal
    ) seal
    CROSS JOIN LATERAL (
        SELECT count(*) AS transfers,
            coalesce(string_agg({LEAF}, ''::bytea ORDER BY t.id), ''::bytea) AS content
        FROM loyalty_transfer t WHERE t.id BETWEEN seal.from_id AND seal.upto_id
    ) made
    WHERE seal.number %% {{parts}} = {{part}} ORDER BY seal.number
"""
"""Of each so many blocks one: its bytes as they are now, and whether it follows the block before."""


def broken_blocks(blocks: Iterable[tuple[Any, ...]]) -> list[tuple[int, str, str]]:
    """Of blocks as `CHAIN` gives them those that are not as sealed: number, digest, digest now.

    They are hashed here: the processor's own instructions are several times as fast as the
    database's portable code, and another connection goes on meanwhile.
    """
    broken = []
    for number, before, digest, content, follows in blocks:
        made = sha256(before.encode() + sha256(content).digest()).hexdigest()
        if made != digest or not follows:
            broken.append((number, digest, made))
    return broken
