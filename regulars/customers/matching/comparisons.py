"""Which fields are compared, and how near two values can be: the levels of the model.

The levels follow Splink's library of comparisons (same; alike by Jaro-Winkler or edits; different).
The first level that holds counts. A comparison whose fields are not told on both sides says nothing.
"""

import re
from dataclasses import dataclass

from regulars.customers.matching.conditions import (
    Alike,
    Among,
    Both,
    Condition,
    Crossed,
    DayAndMonthSwapped,
    Digits,
    Edits,
    Either,
    Same,
    Shares,
)
from regulars.customers.matching.traits import Traits

DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Level:
    """One nearness. `rare` names the field whose rarity counts where the level holds."""

    name: str
    condition: Condition
    rare: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison: its levels, the nearest first; below them all is "different".

    It says something where both records tell one of the `fields`. What is `shared` by people of
    one household, such as the surname and the address, speaks for a household as well.
    """

    name: str
    fields: tuple[str, ...]
    levels: tuple[Level, ...]
    shared: bool = False

    def level(self, left: Traits, right: Traits) -> int:
        """The index of the level that holds, `len(levels)` for different, -1 for unknown."""
        told = self._told(left, right)
        if not told and self.name not in REACHING:
            return -1
        for index, level in enumerate(self.levels):
            if level.condition.holds(left, right):
                return index
        return len(self.levels) if told else -1

    def _told(self, left: Traits, right: Traits) -> bool:
        for field in self.fields:
            if getattr(left, field) is not None and getattr(right, field) is not None:
                return True
        return False

    def level_name(self, index: int) -> str:
        """The name of a level, "different" for the one below them all."""
        return self.levels[index].name if index < len(self.levels) else DIFFERENT

    def sql(self) -> str:
        """The same as an SQL expression over `<field>_l` and `<field>_r`."""
        cases = " ".join(
            f"WHEN {level.condition.sql()} THEN {index}" for index, level in enumerate(self.levels)
        )
        told = " OR ".join(
            f"({field}_l IS NOT NULL AND {field}_r IS NOT NULL)" for field in self.fields
        )
        return f"CASE {cases} WHEN {told} THEN {len(self.levels)} ELSE -1 END"

    def needed(self) -> set[str]:
        """Every field that its SQL speaks of."""
        return {*self.fields, *self.alike(), *re.findall(r"\b([a-z_]+)_[lr]\b", self.sql())}

    def alike(self) -> set[str]:
        """The fields whose similarity its SQL speaks of."""
        return set(re.findall(r"\balike_([a-z_]+)\b", self.sql()))

    def names(self) -> tuple[str, ...]:
        """The names of all levels, "different" last."""
        return (*(level.name for level in self.levels), DIFFERENT)


COMPARISONS: tuple[Compared, ...] = (
    Compared(
        "first name",
        ("given",),
        (
            Level("same", Same("given"), rare="given"),
            Level("short form", Same("formal"), rare="formal"),
            Level("nearly the same", Alike("given", 0.92)),
            Level("in place of the surname", Crossed("given", "surname", 0.92)),
            Level("similar", Alike("given", 0.8)),
            Level("among the other names", Among("given", "names")),
        ),
    ),
    Compared(
        "surname",
        ("surname",),
        (
            Level("same", Same("surname"), rare="surname"),
            Level("nearly the same", Alike("surname", 0.92)),
            Level("in place of the first name", Crossed("surname", "given", 0.92)),
            Level("similar", Alike("surname", 0.82)),
            Level("among the other names", Among("surname", "names")),
        ),
        shared=True,
    ),
    Compared(
        "other names",
        ("others",),
        (
            Level("same", Same("others"), rare="others"),
            Level("most in common", Shares("others", 0.6)),
            Level("some in common", Shares("others", 0.01)),
        ),
        shared=True,
    ),
    Compared(
        "birthday",
        ("birthday", "birth_year"),
        (
            Level("same", Same("birthday"), rare="birthday"),
            Level("day and month swapped", DayAndMonthSwapped()),
            Level("one digit differs", Digits("birthday", 1)),
            Level(
                "one part differs",
                Either(
                    (
                        Same("birthday", 0, 6),
                        Same("birthday", 4, 4),
                        Both((Same("birthday", 0, 4), Same("birthday", 6, 2))),
                        Digits("birthday", 2),
                    )
                ),
            ),
            Level("same year", Same("birth_year")),
        ),
    ),
    Compared(
        "e-mail",
        ("email",),
        (
            Level("same", Same("email"), rare="email"),
            # No further level: addresses made of the same name are alike by nature.
            Level("one letter differs", Edits("email", 1)),
        ),
    ),
    Compared(
        "phone",
        ("phone",),
        (
            Level("same", Same("phone"), rare="phone"),
            Level("nearly the same", Edits("phone", 2)),
        ),
        shared=True,
    ),
    Compared("card", ("card",), (Level("same", Same("card"), rare="card"),)),
    Compared(
        "document",
        ("document",),
        (
            Level("same", Same("document"), rare="document"),
            Level("nearly the same", Edits("document", 2)),
        ),
    ),
    Compared(
        "street",
        ("street",),
        (
            Level("same", Same("street"), rare="street"),
            Level("nearly the same", Alike("street", 0.92)),
            Level("similar", Alike("street", 0.82)),
        ),
        shared=True,
    ),
    Compared(
        "place",
        ("postcode", "city", "region"),
        (
            Level("same postcode", Same("postcode"), rare="postcode"),
            Level(
                "nearly the same postcode",
                Either((Edits("postcode", 1), Both((Edits("postcode", 2), Same("city"))))),
            ),
            Level("same city", Same("city"), rare="city"),
            Level("similar city", Alike("city", 0.88)),
            Level("same region", Same("region"), rare="region"),
        ),
        shared=True,
    ),
    Compared(
        "place of birth",
        ("birth_place",),
        (
            Level("same", Same("birth_place"), rare="birth_place"),
            Level(
                "similar", Either((Alike("birth_place", 0.88), Among("birth_place", "birth_place")))
            ),
        ),
        shared=True,
    ),
    Compared("gender", ("gender",), (Level("same", Same("gender")),)),
    Compared(
        "occupation",
        ("occupation",),
        (Level("same", Same("occupation"), rare="occupation"),),
    ),
)
"""All comparisons, in the order of a waterfall."""

REACHING = frozenset(one.name for one in COMPARISONS if not one.needed() <= {*one.fields})
"""Comparisons with a level that may hold where their own fields are not told on both sides."""

RARE_FIELDS = tuple(
    sorted({level.rare for compared in COMPARISONS for level in compared.levels if level.rare})
)
"""Fields whose frequent values the model knows."""
