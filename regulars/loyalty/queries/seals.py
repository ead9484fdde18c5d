"""The chain of seals: what a block's hash is made of, and whether every block still has it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db import connection

from regulars.core.sql import int_array
from regulars.loyalty.models import Seal

FORM = 2
"""The form in which blocks are sealed now; each seal says in which form it was made."""

COLUMNS, COUNTS = 9, 3
"""So many numbers of 8 bytes, the highest byte first, are a transfer's leaf; counts end a block."""

NOTHING = -1
"""Stands in a leaf for no receipt, rule or redemption; a block says beside how many there are."""

RECORD = """record_send(ROW(t.id, t.source_id, t.target_id, t.amount, t.accrual_id, t.rule_id,
    t.redemption_id, t.at, t.recorded_at))"""

LEAF = f"""int8send(t.id) || int8send(t.source_id) || int8send(t.target_id)
    || int8send(t.amount) || int8send(coalesce(t.accrual_id, {NOTHING}))
    || int8send(coalesce(t.rule_id, {NOTHING})) || int8send(coalesce(t.redemption_id, {NOTHING}))
    || timestamptz_send(t.at) || timestamptz_send(t.recorded_at)"""


def _in_order(leaf: str) -> str:
    return f"coalesce(string_agg({leaf}, ''::bytea ORDER BY t.id), ''::bytea)"


CONTENT = {
    1: _in_order(RECORD),
    2: f"""{_in_order(LEAF)} || int8send(count(t.accrual_id)) || int8send(count(t.rule_id))
        || int8send(count(t.redemption_id))""",
}
"""The bytes of a block's transfers `t` in the order of their ids, by the seal's form: what moved, when
and why. Keys may name a person, and are left out. In the second form all leaves are equally long, so
that the audit takes the numbers it adds up from the very bytes it hashes."""

SPANS = """
    SELECT array_agg(id ORDER BY id) FROM (
        SELECT id, row_number() OVER (ORDER BY id) AS place FROM {table} WHERE id > %(after)s
    ) numbered WHERE place %% %(rows)s = 0
"""
LEAST, MOST = -(2**63), 2**63 - 1

BLOCKS = f"""
    SELECT span.place, made.content, CASE WHEN span.form = 1 THEN (
        SELECT {CONTENT[1]} FROM loyalty_transfer t WHERE t.id BETWEEN span.from_id AND span.upto_id
    ) END
    FROM unnest('{{from_ids}}'::bigint[], '{{upto_ids}}'::bigint[], '{{forms}}'::int[])
        WITH ORDINALITY AS span(from_id, upto_id, form, place)
    CROSS JOIN LATERAL (
        SELECT {CONTENT[FORM]} AS content
        FROM loyalty_transfer t WHERE t.id BETWEEN span.from_id AND span.upto_id
    ) made
"""
"""Blocks by their place among those asked for: their bytes as they are now, also in the old form for
those that were sealed in it."""


@dataclass(frozen=True)
class Block:
    """Transfers whose ids lie between two numbers, sealed or, without a seal, not yet."""

    from_id: int
    upto_id: int
    seal: Seal | None = None
    follows: bool = True

    @property
    def form(self) -> int:
        """In which form its bytes are hashed."""
        return self.seal.form if self.seal else FORM


def chain_of_blocks(rows: int) -> list[Block]:
    """All transfers in blocks: as they were sealed, and so many rows each where they are not yet.

    Where every block follows the one before, each transfer lies in one block and in no other.
    """
    sealed = list(_sealed_blocks())
    upto = max((block.upto_id for block in sealed), default=0)
    return [
        Block(LEAST, 0),
        *sealed,
        *(Block(*span) for span in spans("loyalty_transfer", upto, rows)),
    ]


def _sealed_blocks() -> Iterator[Block]:
    number, upto, digest = 0, 0, ""
    for seal in Seal.objects.order_by("number"):
        follows = (seal.number, seal.from_id, seal.before) == (number + 1, upto + 1, digest)
        yield Block(seal.from_id, seal.upto_id, seal, follows)
        number, upto, digest = seal.number, seal.upto_id, seal.digest


def spans(table: str, after: int, rows: int) -> list[tuple[int, int]]:
    """All ids of a table after one, in spans of so many rows: first and last number of each."""
    with connection.cursor() as cursor:
        cursor.execute(SPANS.format(table=table), {"after": after, "rows": rows})
        ends = cursor.fetchone()[0] or []
    return list(zip((after + 1, *(end + 1 for end in ends)), (*ends, MOST), strict=True))


def asked_for(blocks: Sequence[Block]) -> str:
    """The statement that gives the bytes of blocks."""
    return BLOCKS.format(
        from_ids=int_array(block.from_id for block in blocks),
        upto_ids=int_array(block.upto_id for block in blocks),
        forms=int_array(block.form for block in blocks),
    )


def broken_blocks(
    blocks: Sequence[Block], rows: Iterable[tuple[Any, ...]], *, take: Callable[[bytes], None]
) -> list[tuple[int, str, str]]:
    """Those blocks that are not as sealed, as number, digest and digest now, by rows of `BLOCKS`.

    The numbers of each go on to `take`. They are hashed here: the processor's own instructions are
    several times as fast as the database's portable code, and another connection goes on meanwhile.
    """
    broken = []
    for place, content, old_content in rows:
        take(content)
        block = blocks[place - 1]
        if block.seal is None:
            continue
        made = digest_of(block.seal.before, content if old_content is None else old_content)
        is_complete = len(content) == 8 * (COLUMNS * block.seal.transfers + COUNTS)
        if made != block.seal.digest or not is_complete or not block.follows:
            broken.append((block.seal.number, block.seal.digest, made))
    return broken


def digest_of(before: str, content: bytes) -> str:
    """The digest of a block, by that of the block before and its own bytes."""
    return sha256(before.encode() + sha256(content).digest()).hexdigest()
