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
FEW, SEVERAL = 4, 12
"""So many parts with many ways each, or with two or three ways each, are soon tried."""

ATOM = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:P?<\w+>|P=|<?[=!]|[aiLmsux-]*:?|>))?|.", re.DOTALL
)
REPEAT = re.compile(r"(?P<sign>[*+?])|\{(?!\})(?P<low>\d*)(?P<comma>,?)(?P<high>\d*)\}")
SPECIAL = re.compile(r"[\\\[(.^$]")


@dataclass(frozen=True, slots=True)
class _Times:
    """How often a part may come."""

    low: int = 1
    high: float = 1

    @property
    def is_open(self) -> bool:
        """Whether it may come many or few times."""
        return self.low != self.high and self.high > SEVERAL


@dataclass(slots=True)
class _Group:
    """What lies between two brackets: whether parts of it may be met in several ways."""

    is_open: bool = False
    is_loose: bool = False
    heads: list[str] = field(default_factory=lambda: [""])
    """What each alternative begins with."""

    def take(self, atom: str, times: _Times) -> None:
        """One more part."""
        if atom == "|":
            self.heads.append("")
            return
        self.heads[-1] = self.heads[-1] or atom.lower()
        self.is_open |= times.is_open
        self.is_loose |= times.low != times.high

    @property
    def is_choice(self) -> bool:
        """Whether a text may meet two of its alternatives; surely not if each has a first letter."""
        if len(self.heads) == 1:
            return False
        has_letters = all(head and not SPECIAL.match(head) for head in self.heads)
        return not has_letters or len(set(self.heads)) < len(self.heads)

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
    if repeats_in(pattern) > REPEATS_MAX:
        return f"more than {REPEATS_MAX} repeats"
    return _nested(pattern)


def repeats_in(pattern: str) -> int:
    """How many parts of a pattern may come many or few times."""
    return sum(times.is_open for _, times in _parts(pattern))


def longest_for(pattern: str) -> int:
    """The length of the longest text that is looked at with a pattern, in characters."""
    return LOOKED_AT[min(repeats_in(pattern), REPEATS_MAX)]


def _nested(pattern: str) -> str:
    """The fault of a repeat that holds something which can be met in several ways."""
    groups = [_Group()]
    for atom, times in _parts(pattern):
        if atom.startswith("("):
            groups.append(_Group())
        elif atom == ")" and len(groups) > 1:
            inner = groups.pop()
            if fault := inner.fault(times):
                return fault
            groups[-1].take("(", times)
            groups[-1].is_open |= inner.is_open
            groups[-1].is_loose |= inner.is_loose or inner.is_choice
        else:
            groups[-1].take(atom, times)
    return ""


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
