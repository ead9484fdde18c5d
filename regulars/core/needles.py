r"""How to find a person's identifiers in any text: as PostgreSQL, Python and JSON spell them.

One pattern serves PostgreSQL and Python: both know `\w`, `\s` and looking around.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

TEXT_MIN = 6
DIGITS_MIN = 9
"""Shorter identifiers stand for too many things to be looked for in texts."""

_NUMBER = re.compile(r"\+?[\d\s().-]+")
_SPECIAL = re.compile(r"([\\.^$*+?()\[\]{}|/-])")


@dataclass(frozen=True)
class Needles:
    """Identifiers fit to be looked for: `texts` (mails, names, ids with letters) and `numbers`.

    A number is kept as its digits; of a phone in E.164 only what follows the country matters, for
    people write the beginning in many ways.
    """

    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    left_out: int = field(default=0, compare=False)

    def __bool__(self) -> bool:
        return bool(self.texts or self.numbers)

    @cached_property
    def text_pattern(self) -> str:
        r"""A pattern for the texts, to be used without regard to case.

        >>> bool(re.search(Needles(("ann@x.com",)).text_pattern, "To: ANN@x.com", re.I))
        True
        >>> bool(re.search(Needles(("ann@x.com",)).text_pattern, "joann@x.com", re.I))
        False
        """
        spellings = [rf"(?<![\w.+-]){_spelled(text)}(?!\w)" for text in self.texts]
        spellings += [_escaped(one) for text in self.texts for one in _as_json(text)]
        return "|".join(spellings)

    @cached_property
    def number_pattern(self) -> str:
        r"""A pattern for the numbers, however their digits are set apart.

        >>> phone = needles_of(["+79161234567"]).number_pattern
        >>> [bool(re.search(phone, text)) for text in ("8 (916) 123-45-67", "99161234567890")]
        [True, False]
        """
        return "|".join(
            r"(?<![0-9])[+]?[0-9]{0,3}[ ().-]{0,2}" + "[ ().-]{0,2}".join(number) + r"(?![0-9])"
            for number in self.numbers
        )

    @cached_property
    def pattern(self) -> str:
        """Either of them; empty when there is nothing to look for."""
        return "|".join(part for part in (self.text_pattern, self.number_pattern) if part)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern or r"(?!)", re.IGNORECASE)

    def found_in(self, text: str) -> bool:
        """Whether a text names the person."""
        return bool(self._compiled.search(text))

    def redacted(self, text: str) -> str:
        """The text with stars in the place of what names the person."""
        return self._compiled.sub("***", text)


def needles_of(values: Iterable[str]) -> Needles:
    """What of these identifiers can be looked for; the others are only counted.

    >>> needles_of(["Ann@X.com", "17", "+79161234567", "Anna  Lee", "Anna"])
    Needles(texts=('anna lee', 'ann@x.com'), numbers=('9161234567',), left_out=2)
    """
    texts: set[str] = set()
    numbers: set[str] = set()
    given = {" ".join(str(value).split()).lower() for value in values} - {""}
    for value in given:
        digits = re.sub(r"\D", "", value)
        if _NUMBER.fullmatch(value):
            if len(digits) >= DIGITS_MIN:
                numbers.add(digits[-10:] if value.startswith("+") else digits)
        elif len(value) >= TEXT_MIN and (" " in value or not value.isalpha()):
            texts.add(value)
    longest = sorted(texts, key=lambda text: (" " not in text, len(text), text))
    return Needles(tuple(longest), tuple(sorted(numbers)), len(given) - len(texts) - len(numbers))


def _spelled(text: str) -> str:
    return r"\s+".join(_escaped(word) for word in text.split())


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _as_json(text: str) -> list[str]:
    r"""The spellings of a text outside ASCII where JSON was written with escapes.

    >>> _as_json("Ян")
    ['\\u044f\\u043d', '\\u042f\\u043d', '\\u042f\\u041d']
    """
    spellings = dict.fromkeys((text.lower(), text.title(), text.upper()))
    return [json.dumps(one)[1:-1] for one in spellings if not one.isascii()]
