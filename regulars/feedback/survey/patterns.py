"""Patterns that authors write for texts of respondents: which of them are safe to look with.

Python tries every way in which a pattern can be met. A repeat inside a repeat, such as `(a+)+`, has
twice as many ways with every further character, so it is refused when the definition is read; what
is left grows with a power of the length, so the length is bounded.
"""

import math
import re
from dataclasses import dataclass, field
from functools import lru_cache

LOOKED_AT = (4000, 2000, 1000, 250, 125, 64, 40, 32, 26)
"""The longest text that is looked at with no repeat in the pattern, with one, with two and so on.

With r repeats a text of n characters has about n^(r+1) / (r+1)! ways: never more than 200 million.
"""
REPEATS_MAX = len(LOOKED_AT) - 1
WAYS_MAX = 200_000_000
DEAR = 10
"""A way among few, such as with or without a letter, takes so much longer than one more letter."""
SHORTEST = 20
"""A pattern that could not be looked with at a text of so many characters is of no use."""
FEW, SEVERAL = 4, 12
"""So many parts with many ways each, or with two or three ways each, are soon tried."""

ATOM = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:P?<\w+>|P=|<?[=!]|[aiLmsux-]*:?|>))?|.", re.DOTALL
)
REPEAT = re.compile(r"(?P<sign>[*+?])|\{(?!\})(?P<low>\d*)(?P<comma>,?)(?P<high>\d*)\}")
SPECIAL = re.compile(r"[\\\[(.^$]")
REMARK = re.compile(r"\(\?(?:#|[aiLmsu]*x)")
"""Where remarks begin, or may stand from here on: what lies in them looks like a pattern."""


@dataclass(frozen=True, slots=True)
class _Times:
    """How often a part may come."""

    low: int = 1
    high: float = 1

    @property
    def is_open(self) -> bool:
        """Whether it may come many or few times."""
        return self.low != self.high and self.high > SEVERAL

    @property
    def ways(self) -> float:
        """In how many numbers it may come, unless it is open."""
        return 1 if self.is_open else self.high - self.low + 1


@dataclass(slots=True)
class _Branch:
    """An alternative: what it begins with, its repeats, and its ways apart from those."""

    head: str = ""
    repeats: float = 0
    ways: float = 1

    def take(self, repeats: float, ways: float) -> None:
        """One more part; more ways than there may ever be are not told apart."""
        self.repeats += repeats
        self.ways = min(self.ways * ways, WAYS_MAX)


@dataclass(slots=True)
class _Group:
    """What lies between two brackets: whether parts of it may be met in several ways."""

    is_open: bool = False
    is_loose: bool = False
    branches: list[_Branch] = field(default_factory=lambda: [_Branch()])

    def take(self, atom: str, times: _Times) -> None:
        """One more part."""
        if atom == "|":
            self.branches.append(_Branch())
            return
        self._take(atom, times)
        self.branches[-1].take(times.is_open, times.ways)

    def take_group(self, inner: "_Group", times: _Times) -> None:
        """A group inside this one; what comes more than several times has one way to be met."""
        self._take("(", times)
        self.is_open |= inner.is_open
        self.is_loose |= inner.is_loose or inner.is_choice
        again = times.high if times.high <= SEVERAL else 1
        self.branches[-1].take(
            times.is_open + inner.repeats * again, times.ways * inner.ways**again
        )

    def _take(self, atom: str, times: _Times) -> None:
        branch = self.branches[-1]
        branch.head = branch.head or atom.lower()[:1].upper()  # so that ı, İ and ſ are i and s
        self.is_open |= times.is_open
        self.is_loose |= times.low != times.high

    @property
    def is_choice(self) -> bool:
        """Whether a text may meet two of its alternatives; surely not if each has a first letter."""
        if len(self.branches) == 1:
            return False
        heads = [branch.head for branch in self.branches]
        has_letters = all(head and not SPECIAL.match(head) for head in heads)
        return not has_letters or len(set(heads)) < len(heads)

    @property
    def repeats(self) -> float:
        """How many parts may come many or few times, in the alternative with most of them."""
        return max(branch.repeats for branch in self.branches)

    @property
    def ways(self) -> float:
        """In how many ways it can be met apart from its repeats."""
        each = [branch.ways for branch in self.branches]
        return sum(each) if self.is_choice else max(each)

    def fault(self, times: _Times) -> str:
        """What is wrong with having it so often."""
        if (self.is_open and times.high > FEW) or (self.is_loose and times.high > SEVERAL):
            return "a repeat inside a repeat"
        return "a choice inside a repeat" if self.is_choice and times.high > SEVERAL else ""


@lru_cache(maxsize=512)
def fault_of(pattern: str) -> str:
    """What makes a readable pattern unfit for the texts of others; nothing if it is fit.

    >>> fault_of("^(a+)+$"), fault_of(r"^(a|a)*$")
    ('a repeat inside a repeat', 'a choice inside a repeat')
    >>> fault_of(r"^[^@+]+@(\\w{3}\\.)+ru$"), fault_of("^(red|blue) +[(+)]")
    ('', '')
    """
    if REMARK.search(pattern):
        return "a remark"
    whole, fault = _read(pattern)
    if fault:
        return fault
    if whole.repeats > REPEATS_MAX:
        return f"more than {REPEATS_MAX} repeats"
    return "" if _longest(whole) >= SHORTEST else "too many ways to be met"


def longest_for(pattern: str) -> int:
    """The length of the longest text that is looked at with a fit pattern, in characters."""
    return _longest(_read(pattern)[0])


def _longest(whole: _Group) -> int:
    """The longest text, by its repeats and by the ways that are tried for each way of those."""
    power = int(whole.repeats) + 1
    room = WAYS_MAX * math.factorial(power)
    dear = DEAR * whole.ways if whole.ways > 1 else 1
    return min(LOOKED_AT[power - 1], int((room / dear) ** (1 / power)))


@lru_cache(maxsize=512)
def _read(pattern: str) -> tuple[_Group, str]:
    """A pattern as one group; and the fault of a repeat of what can be met in several ways."""
    groups = [_Group()]
    for atom, times in _parts(pattern):
        if atom.startswith("("):
            groups.append(_Group())
        elif atom == ")" and len(groups) > 1:
            inner = groups.pop()
            if fault := inner.fault(times):
                return groups[0], fault
            groups[-1].take_group(inner, times)
        else:
            groups[-1].take(atom, times)
    return groups[0], ""


def _parts(pattern: str) -> list[tuple[str, _Times]]:
    """Every atom of a pattern with how often it may come; brackets stand for themselves."""
    parts, at = [], 0
    while at < len(pattern):
        atom = ATOM.match(pattern, at)
        assert atom is not None, "the last alternative meets every character"
        at, times = atom.end(), _Times()
        repeat = None if atom[0].startswith("(") else REPEAT.match(pattern, at)
        if repeat is not None:
            times, at = _times(repeat), repeat.end()
            at += pattern[at : at + 1] in ("?", "+")
        parts.append((atom[0], times))
    return parts


def _times(repeat: re.Match[str]) -> _Times:
    if sign := repeat["sign"]:
        return _Times(0, 1) if sign == "?" else _Times(int(sign == "+"), math.inf)
    low = int(repeat["low"] or 0)
    if not repeat["comma"]:
        return _Times(low, low)
    return _Times(low, int(repeat["high"]) if repeat["high"] else math.inf)
