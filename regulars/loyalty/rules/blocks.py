"""Prepaid blocks: points that a partner bought beforehand, and gives to members."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple


class Block(NamedTuple):
    """A block of points that a partner bought, usable from a day on."""

    id: str
    starts_on: date
    left: int


class Draw(NamedTuple):
    """What an issue took from one block."""

    block_id: str
    amount: int


def drawn(blocks: Sequence[Block], amount: int, *, on: date | None = None) -> list[Draw] | None:
    """What each block gives for an issue: the one that starts first is emptied first.

    None where the blocks do not cover all of it; nothing is issued on credit. With a day, blocks
    that start later give nothing yet.

    >>> drawn([Block("B2", date(2025, 3, 1), 500), Block("B1", date(2025, 1, 1), 100)], 150)
    [Draw(block_id='B1', amount=100), Draw(block_id='B2', amount=50)]
    """
    draws = []
    for block in sorted(blocks, key=lambda one: (one.starts_on, one.id)):
        part = min(block.left, amount) if on is None or block.starts_on <= on else 0
        if part:
            draws.append(Draw(block.id, part))
            amount -= part
    return None if amount else draws


def put_back(blocks: Sequence[Block], draws: Sequence[Draw]) -> list[Block]:
    """The blocks once an issue was cancelled: each has what it gave.

    >>> put_back([Block("B1", date(2025, 1, 1), 0)], [Draw("B1", 100)])[0].left
    100
    """
    back: Mapping[str, int] = {draw.block_id: draw.amount for draw in draws}
    return [block._replace(left=block.left + back.get(block.id, 0)) for block in blocks]
