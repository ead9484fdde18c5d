"""Conditions on two records, each in two forms that agree: a Python test and an SQL expression.

In SQL the left record's fields end in `_l` and the right one's in `_r`, as in Splink. A condition
on a field that one of the two does not tell does not hold.
"""

from dataclasses import dataclass
from typing import Protocol

from rapidfuzz.distance import Hamming, JaroWinkler, Levenshtein

from regulars.customers.matching.traits import Traits


def _bytes(text: str) -> str | bytes:
    """What DuckDB compares: letters beyond ASCII count as the bytes of their UTF-8."""
    return text if text.isascii() else text.encode()


def _likeness(one: str, other: str) -> float:
    return JaroWinkler.similarity(_bytes(one), _bytes(other))


class Condition(Protocol):
    """What may hold between two records."""

    def holds(self, left: Traits, right: Traits) -> bool:
        """Whether it holds."""
        ...

    def sql(self) -> str:
        """The same as an SQL expression; null counts as false."""
        ...


@dataclass(frozen=True, slots=True)
class Same:
    """The same text, or the same part of it (`start` from 0, `length` characters)."""

    field: str
    start: int = 0
    length: int = 0

    def holds(self, left: Traits, right: Traits) -> bool:
        one, other = getattr(left, self.field), getattr(right, self.field)
        if one is None or other is None:
            return False
        if not self.length:
            return bool(one == other)
        end = self.start + self.length
        return bool(one[self.start : end] == other[self.start : end])

    def sql(self) -> str:
        if not self.length:
            return f"{self.field}_l = {self.field}_r"
        part = "substr({}, {}, {})".format
        left = part(f"{self.field}_l", self.start + 1, self.length)
        return f"{left} = {part(f'{self.field}_r', self.start + 1, self.length)}"


@dataclass(frozen=True, slots=True)
class Alike:
    """Jaro-Winkler similarity of at least so much; in SQL `alike_<field>` is `alike_sql`."""

    field: str
    least: float

    def holds(self, left: Traits, right: Traits) -> bool:
        one, other = getattr(left, self.field), getattr(right, self.field)
        if one is None or other is None:
            return False
        return _likeness(one, other) >= self.least

    def sql(self) -> str:
        return f"alike_{self.field} >= {self.least}"


def alike_sql(field: str) -> str:
    """The similarity of the two sides as an SQL expression, worked out once for all levels."""
    one, other = f"{field}_l", f"{field}_r"
    return f"CASE WHEN {one} = {other} THEN 1.0 ELSE jaro_winkler_similarity({one}, {other}) END"


@dataclass(frozen=True, slots=True)
class Edits:
    """At most so many characters typed wrongly, left out or added; a swap counts as two."""

    field: str
    most: int

    def holds(self, left: Traits, right: Traits) -> bool:
        one, other = getattr(left, self.field), getattr(right, self.field)
        if one is None or other is None:
            return False
        return Levenshtein.distance(_bytes(one), _bytes(other)) <= self.most

    def sql(self) -> str:
        one, other = f"{self.field}_l", f"{self.field}_r"
        return (
            f"(abs(strlen({one}) - strlen({other})) <= {self.most} AND {self._may_hold(one, other)}"
            f" AND levenshtein({one}, {other}) <= {self.most})"
        )

    def _may_hold(self, one: str, other: str) -> str:
        """A quick test before the slow one: a single edit leaves one half as it was."""
        if self.most > 1:
            return "TRUE"
        half = f"length({one}) // 2"
        return (
            f"(left({one}, {half}) = left({other}, {half})"
            f" OR right({one}, length({one}) - {half}) = right({other}, length({one}) - {half}))"
        )


@dataclass(frozen=True, slots=True)
class Digits:
    """At most so many characters differ between two texts of a fixed length."""

    field: str
    most: int

    def holds(self, left: Traits, right: Traits) -> bool:
        one, other = getattr(left, self.field), getattr(right, self.field)
        if one is None or other is None:
            return False
        return Hamming.distance(one, other) <= self.most

    def sql(self) -> str:
        return f"hamming({self.field}_l, {self.field}_r) <= {self.most}"


@dataclass(frozen=True, slots=True)
class Crossed:
    """A field is like another field of the other record, from the first letter: wrong order."""

    field: str
    other: str
    least: float

    def holds(self, left: Traits, right: Traits) -> bool:
        return self._crosses(left, right) or self._crosses(right, left)

    def _crosses(self, one: Traits, other: Traits) -> bool:
        text, crossed = getattr(one, self.field), getattr(other, self.other)
        if text is None or crossed is None or text[:1] != crossed[:1]:
            return False
        return _likeness(text, crossed) >= self.least

    def sql(self) -> str:
        return f"({self._half('l', 'r')} OR {self._half('r', 'l')})"

    def _half(self, side: str, opposite: str) -> str:
        one, two = f"{self.field}_{side}", f"{self.other}_{opposite}"
        return f"(ascii({one}) = ascii({two}) AND jaro_winkler_similarity({one}, {two}) >= {self.least})"


@dataclass(frozen=True, slots=True)
class Among:
    """The text of a field is one of the words of another field of the other record."""

    field: str
    words: str

    def holds(self, left: Traits, right: Traits) -> bool:
        return _among(getattr(left, self.field), getattr(right, self.words)) or _among(
            getattr(right, self.field), getattr(left, self.words)
        )

    def sql(self) -> str:
        return f"({self._half('l', 'r')} OR {self._half('r', 'l')})"

    def _half(self, side: str, opposite: str) -> str:
        text, words = f"{self.field}_{side}", f"{self.words}_{opposite}"
        # Spaces around both are added only where the letters are there at all.
        return (
            f"(contains({words}, {text}) AND contains(' ' || {words} || ' ', ' ' || {text} || ' '))"
        )


def _among(text: str | None, words: str | None) -> bool:
    return text is not None and words is not None and f" {text} " in f" {words} "


@dataclass(frozen=True, slots=True)
class Shares:
    """At least this share of the words of the record that has fewer are words of the other."""

    field: str
    least: float

    def holds(self, left: Traits, right: Traits) -> bool:
        one, other = getattr(left, self.field), getattr(right, self.field)
        if one is None or other is None:
            return False
        words, others = set(one.split(" ")), set(other.split(" "))
        return len(words & others) >= self.least * min(len(words), len(others))

    def sql(self) -> str:
        left = f"list_distinct(string_split({self.field}_l, ' '))"
        right = f"list_distinct(string_split({self.field}_r, ' '))"
        return f"len(list_intersect({left}, {right})) >= {self.least} * least(len({left}), len({right}))"


@dataclass(frozen=True, slots=True)
class DayAndMonthSwapped:
    """The same date of eight digits with day and month in the other order."""

    field: str = "birthday"

    def holds(self, left: Traits, right: Traits) -> bool:
        one, other = getattr(left, self.field), getattr(right, self.field)
        if one is None or other is None:
            return False
        return bool(one == other[:4] + other[6:8] + other[4:6])

    def sql(self) -> str:
        other = f"{self.field}_r"
        turned = f"substr({other}, 1, 4) || substr({other}, 7, 2) || substr({other}, 5, 2)"
        return f"{self.field}_l = ({turned})"


@dataclass(frozen=True, slots=True)
class Both:
    """All of these hold."""

    conditions: tuple[Condition, ...]

    def holds(self, left: Traits, right: Traits) -> bool:
        for condition in self.conditions:  # noqa: SIM110 (a quarter of the time of `all`)
            if not condition.holds(left, right):
                return False
        return True

    def sql(self) -> str:
        return "(" + " AND ".join(condition.sql() for condition in self.conditions) + ")"


@dataclass(frozen=True, slots=True)
class Either:
    """One of these holds."""

    conditions: tuple[Condition, ...]

    def holds(self, left: Traits, right: Traits) -> bool:
        for condition in self.conditions:  # noqa: SIM110 (a quarter of the time of `any`)
            if condition.holds(left, right):
                return True
        return False

    def sql(self) -> str:
        return "(" + " OR ".join(condition.sql() for condition in self.conditions) + ")"
