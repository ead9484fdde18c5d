"""Sums with random weights outside the database, equal to those that its statements make.

The weights are PostgreSQL's `hashint8extended`: Bob Jenkins' lookup3 (2006) over the two halves of a
number folded into one, with a seed of 64 bits. PostgreSQL divides tables into partitions by it, so no
release may change it; were another one used, no sums would agree, and all would be done the long way.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.loyalty.queries.auditing_passes import BITS

if TYPE_CHECKING:
    Numbers = np.ndarray[Any, np.dtype[np.int64]]
    Halves = np.ndarray[Any, np.dtype[np.uint32]]
    Bits = np.ndarray[Any, np.dtype[np.uint8]]

ROWS_MAX = 2**14
"""So many products are added up at once: 31 bits by 16 in 2^14 rows stay below 2^62."""

LIMB = 16
"""Amounts are weighed by so many bits at a time."""

START = 0x9E3779B9 + 4 + 3923095
MIXING = ((0, 2, 1, 4), (1, 0, 2, 6), (2, 1, 0, 8), (0, 2, 1, 16), (1, 0, 2, 19), (2, 1, 0, 4))
ENDING = ((2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24))
"""The steps of lookup3's `mix` and `final` on its three words, each with how far it turns a word."""


def columns_of(content: bytes, count: int) -> "Numbers":
    """So many columns of numbers from rows of them, 8 bytes each, the highest byte first.

    >>> columns_of(bytes(15) + b"\\x07", 2).tolist()
    [[0], [7]]
    """
    return np.frombuffer(content, ">i8").reshape(-1, count).T.astype(np.int64, order="C")


def weighed(amounts: "Numbers", ids: "Numbers", seed: "int | Numbers") -> tuple[int, int]:
    """Two exact sums of at most `ROWS_MAX` amounts, with the weights of their ids under a seed."""
    upper, lower = hashed(ids, seed)
    return _sum(amounts, lower), _sum(amounts, upper)


def _sum(amounts: "Numbers", hashes: "Halves") -> int:
    weights = (hashes & np.uint32(BITS)).astype(np.int64)
    total, turned = 0, 0
    while amounts.size and (amounts.max() >> LIMB or amounts.min() < 0):
        total += int(np.dot(amounts & (2**LIMB - 1), weights)) << turned
        amounts, turned = amounts >> LIMB, turned + LIMB
        if turned == 64 - LIMB:
            break
    return total + (int(np.dot(amounts, weights)) << turned)


def hashed(ids: "Numbers", seed: "int | Numbers") -> tuple["Halves", "Halves"]:
    """The upper and the lower half of what `hashint8extended(id, seed)` gives; the seed is not 0.

    >>> [int(half[0]) for half in hashed(np.array([7]), 1)]
    [3455706335, 2731007688]
    """
    folded = (ids ^ ((ids ^ (ids >> 63)) >> 32)).astype(np.uint32)
    seeds = np.asarray(seed, np.int64).reshape(-1)
    words = [np.full(seeds.size, START & 0xFFFFFFFF, np.uint32) for _ in range(3)]
    words[0] += (seeds >> 32).astype(np.uint32)
    words[1] += seeds.astype(np.uint32)
    for one, other, third, far in MIXING:
        words[one] -= words[other]
        words[one] ^= _turned(words[other], far)
        words[other] += words[third]
    words[0] = words[0] + folded
    words[1], words[2] = (np.broadcast_to(word, folded.shape).copy() for word in words[1:])
    for one, other, far in ENDING:
        words[one] ^= words[other]
        words[one] -= _turned(words[other], far)
    return words[1], words[2]


def _turned(word: "Halves", far: int) -> "Halves":
    return (word << np.uint32(far)) | (word >> np.uint32(32 - far))
