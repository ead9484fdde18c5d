"""Which records are compared at all: those that share a block key.

A key is a short text made of parts of a record. Keys of many kinds complement each other, since
each part may be mistyped or missing. A key that more records share than `block_max` allows brings
nobody together: it is a common name, not a sign of one person.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from regulars.customers.matching.traits import Traits

BLOCK_MAX = 60
"""Records that may share a key of a strong kind for it to count."""

WEAK_MAX = 15
"""The same for weak kinds, which say little of one person where many share them."""

_LETTERS, _CODES = "bfpvcgjkqsxzdtlmnr", "111122222222334556"
_SILENT = "aeiouyhw 0123456789"
_SOUNDS = str.maketrans(_LETTERS, _CODES, _SILENT)


@dataclass(frozen=True, slots=True)
class Part:
    """Characters of a field (`start` from 0, `length`; 0 for all), or how its rest sounds."""

    field: str
    start: int = 0
    length: int = 0
    sound: bool = False

    def of(self, traits: Traits) -> str | None:
        """The text of the part, or None where the record does not tell it."""
        value: str | None = getattr(traits, self.field)
        if value is None:
            return None
        if self.sound:
            return value[:1] + value[1:].translate(_SOUNDS)[:SOUND_LENGTH]
        value = value[self.start : self.start + self.length] if self.length else value
        return value or None

    def sql(self) -> str:
        """The same as an SQL expression over the fields of one record and `sound_<field>`."""
        if self.sound:
            return f"sound_{self.field}"
        if self.length:
            return f"nullif(substr({self.field}, {self.start + 1}, {self.length}), '')"
        return self.field


SOUND_LENGTH = 3


def sound_sql(field: str) -> str:
    """How a field sounds, as an SQL expression: slow, so it is worked out once a distinct value."""
    coded = f"translate(substr({field}, 2), '{_LETTERS}{_SILENT}', '{_CODES}')"
    return f"substr({field}, 1, 1) || substr({coded}, 1, {SOUND_LENGTH})"


GIVEN, GIVEN_1, GIVEN_3 = Part("formal"), Part("formal", 0, 1), Part("formal", 0, 3)
SURNAME, SURNAME_1, SURNAME_4 = Part("surname"), Part("surname", 0, 1), Part("surname", 0, 4)
GIVEN_SOUND, SURNAME_SOUND = Part("formal", sound=True), Part("surname", sound=True)
DAY, MONTH_DAY, YEAR = Part("birthday"), Part("birthday", 4, 4), Part("birth_year")
POSTCODE, CITY_4, STREET = Part("postcode"), Part("city", 0, 4), Part("street")
BORN_4 = Part("birth_place", 0, 4)

KINDS: tuple[tuple[str, tuple[Part, ...]], ...] = (
    ("e", (Part("email"),)),
    ("p", (Part("phone"),)),
    ("c", (Part("card"),)),
    ("i", (Part("document"),)),
    ("d", (DAY, GIVEN_1)),
    ("d", (DAY, SURNAME_1)),
    ("dp", (DAY, POSTCODE)),
    ("dc", (DAY, CITY_4)),
    ("ny", (GIVEN_SOUND, SURNAME_SOUND, YEAR)),
    ("nm", (GIVEN_SOUND, SURNAME_SOUND, MONTH_DAY)),
    ("n", (SURNAME, GIVEN)),
    ("n", (GIVEN, SURNAME)),
    ("np", (SURNAME_SOUND, POSTCODE)),
    ("gp", (GIVEN_SOUND, POSTCODE)),
    ("py", (POSTCODE, YEAR)),
    ("sg", (STREET, GIVEN_1)),
    ("sy", (STREET, YEAR)),
    ("pl", (Part("phone", 4, 8),)),
    ("wnc", (SURNAME_SOUND, GIVEN_1, CITY_4)),
    ("wsm", (SURNAME_SOUND, MONTH_DAY)),
    ("wel", (Part("email", 0, 7),)),
    ("wda", (DAY,)),
    ("wpo", (POSTCODE,)),
    ("ws", (SURNAME,)),
    ("wss", (SURNAME_SOUND, GIVEN_SOUND)),
    ("wyn", (YEAR, SURNAME_1, GIVEN_1)),
    ("wys", (YEAR, SURNAME_SOUND)),
    ("wyg", (YEAR, GIVEN_3, CITY_4)),
    ("wmg", (MONTH_DAY, GIVEN_3)),
    ("wbs", (BORN_4, SURNAME_SOUND)),
    ("wbg", (BORN_4, GIVEN_3, YEAR)),
    ("wbm", (BORN_4, MONTH_DAY)),
    ("wbp", (BORN_4, Part("postcode", 0, 4), GIVEN_1)),
    ("wog", (Part("occupation"), GIVEN, SURNAME_1)),
    ("woy", (Part("occupation"), GIVEN_1, YEAR)),
    ("wo", (Part("others"),)),
)
"""Every kind of key: a letter code and the parts. Kinds of the same code meet each other.

A code that begins with w is weak.
"""


def block_max(key: str) -> int:
    """Records that may share a key, or a kind of key, for it to count."""
    return WEAK_MAX if key.startswith("w") else BLOCK_MAX


HASH_MAX_SQL = f"CASE WHEN {{0}} & 1 = 1 THEN {WEAK_MAX} ELSE {BLOCK_MAX} END"
"""`block_max` of a key that only its hash is known of, as an SQL expression."""


def key_hash(key: str) -> int:
    """Sixty-four bits of a block key, signed, as the database keeps it; odd where the key is weak.

    >>> key_hash("e:ann@example.com") % 2, key_hash("ws:cooper") % 2
    (0, 1)
    """
    bits = int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), signed=True)
    return bits | 1 if block_max(key) == WEAK_MAX else bits & ~1


def block_keys(traits: Traits) -> tuple[str, ...]:
    """The keys of a record, sorted; it is compared with every record that shares one of them."""
    return tuple(sorted(set(_keys(traits))))


def _keys(traits: Traits) -> Iterator[str]:
    for code, parts in KINDS:
        texts = [part.of(traits) for part in parts]
        if None not in texts:
            yield f"{code}:{'|'.join(text for text in texts if text)}"
