"""Facts that other programs name, such as traits and properties of events, in one text column.

JSON holds what people's programs put there: any name, any type, numbers of any length. Engines read
JSON differently, so it is written down once, by PostgreSQL (`customers.queries.notes`), and only ever
searched after that: each value is a mark, its name, a gap, the letter of its type and the value, and
a last mark ends it all. A value that is neither text, number nor yes or no has a name and no value.
A text that is a date stands twice, as a text and as a day.
"""

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from regulars.core.conditions.fields import Field

MARK, GAP = "\x1e", "\x1f"
LETTERS = {"text": "t", "decimal": "n", "boolean": "b", "date": "d", "anything": ""}
NAME_MAX = 100
DIGITS_MAX = 400
"""Of numbers longer than that, before or after the point, only the name is noted."""

_EXPONENT = 5_000
_COMPLEMENT = str.maketrans("0123456789", "9876543210")


def beginning(field: Field) -> str:
    """What stands before the value of an open field.

    >>> beginning(Field("traits", "text", "", key="plan"))
    '\\x1eplan\\x1ft'
    """
    return f"{MARK}{field.key}{GAP}{LETTERS[field.type]}"


def noted(notes: str | None, field: Field) -> Any:
    """The value of an open field, or None where there is none of its type; numbers as `sortable`.

    >>> noted("\\x1eplan\\x1ftgold\\x1e", Field("traits", "text", "", key="plan"))
    'gold'
    """
    begins = beginning(field)
    start = notes.find(begins) if notes else -1
    if notes is None or start < 0:
        return None
    start += len(begins)
    return _read(LETTERS[field.type], notes[start : notes.index(MARK, start)])


def readable(notes: str | None) -> dict[str, Any]:
    """All that is noted by name, for people; dots stand for what is no plain value.

    >>> readable("\\x1echildren\\x1fn250012\\x1eplan\\x1ftgold\\x1etags\\x1fo\\x1e")
    {'children': 2, 'plan': 'gold', 'tags': '…'}
    """
    found: dict[str, Any] = {}
    for entry in (notes or "").strip(MARK).split(MARK):
        name, gap, told = entry.partition(GAP)
        if gap and not told.startswith("d"):
            found[name] = _told(told[:1], told[1:])
    return found


def _told(letter: str, text: str) -> Any:
    match letter:
        case "n":
            number = number_of(text)
            return int(number) if number == number.to_integral_value() else float(number)
        case "o":
            return "…"
        case _:
            return _read(letter, text)


def _read(letter: str, text: str) -> Any:
    match letter:
        case "b":
            return text == "yes"
        case "d":
            return date.fromisoformat(text)
        case "":
            return True
        case _:
            return text


@lru_cache(maxsize=10_000)
def sortable(number: float | Decimal) -> str:
    """A text for each number, in the order of the numbers, however many digits they have.

    So every engine compares numbers exactly: it compares texts. A positive number is `2`, its
    exponent and its digits; a negative one is `0` with both turned over and a `~` after all digits.

    >>> [sortable(one) for one in (2, 12.5, -0.012)]
    ['250012', '25002125', '0500087~']
    >>> sortable(9007199254740993) > sortable(9007199254740992), sortable(50) == sortable(50.00)
    (True, True)
    """
    sign, digits, exponent = Decimal(str(number)).as_tuple()
    assert isinstance(exponent, int), f"{number} is no number that JSON has"
    plain = "".join(map(str, digits)).lstrip("0")
    exponent += len(plain)
    plain = plain.rstrip("0")
    if not plain:
        return "1"
    if sign:
        return f"0{_EXPONENT - 1 - exponent:04d}{plain.translate(_COMPLEMENT)}~"
    return f"2{_EXPONENT + exponent:04d}{plain}"


def number_of(text: str) -> Decimal:
    """The number that `sortable` wrote.

    >>> number_of(sortable(-0.012)), number_of("1")
    (Decimal('-0.012'), Decimal('0'))
    """
    if text == "1":
        return Decimal(0)
    digits, exponent = text[5:], int(text[1:5]) - _EXPONENT
    is_negative = text.startswith("0")
    if is_negative:
        digits, exponent = digits.rstrip("~").translate(_COMPLEMENT), -1 - exponent
    # The sign is set, not turned over: arithmetic would round to 28 digits.
    return Decimal((int(is_negative), tuple(map(int, digits)), exponent - len(digits)))
