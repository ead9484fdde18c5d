"""How survey values turn into numbers, texts and moments: by the rules that JavaScript has for it."""

import math
import re
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

Value = Any

DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]+")
SAFE_INTEGER = 2**53
INFINITE = 2**1024 - 2**970
"""The first whole number that no double holds."""
BEGINNING = datetime.fromisoformat("1970-01-01")
WIDEST_HEXADECIMAL = 32
LONGEST_NUMBER = 15
"""A longer row of digits is a card or phone number and stays a text."""


class Ordered(list[Value]):
    """A list whose order matters when its variable itself is compared, such as a ranking."""

    def __init__(self, members: list[Value]) -> None:
        super().__init__(members)
        self.members = members


PLANE_END = "\uffff"
"""What stands behind it in Unicode, such as an emoji, counts as two."""


def units_of(text: str) -> int:
    """The length of a text as a browser counts it: in units of UTF-16.

    >>> units_of("абв"), units_of("😀")
    (3, 2)
    """
    return len(text) if text.isascii() else len(text) + sum(one > PLANE_END for one in text)


def unordered(value: Value) -> Value:
    """The list itself, where an expression has seen its order."""
    return value.members if isinstance(value, Ordered) else value


def tidy(number: float) -> float:
    """A whole number as int, so that 2.0 and 2 are one value; NaN and infinities unchanged.

    >>> tidy(2.0), tidy(2.5), tidy(10**400)
    (2, 2.5, inf)
    """
    number = _double(number)
    if isinstance(number, int) or not math.isfinite(number):
        return number
    return int(number) if number.is_integer() and abs(number) < SAFE_INTEGER else number


def number_in(value: Value) -> float | None:
    """The number that a value is or spells, or None. A comma may be the point.

    >>> number_in("12,5"), number_in(" 7 "), number_in("0x10"), number_in("7 apples")
    (12.5, 7, 16, None)
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return value if abs(value) < INFINITE else None
    return _number_spelled(value.strip()) if isinstance(value, str) else None


def spells_number(value: Value) -> bool:
    """Whether a value is a number, a text that spells one, or a list whose text does.

    A list is read as a browser reads it, by the text it makes: with no comma for a point, and
    however many digits there are.

    >>> [spells_number(one) for one in (5, "0,5", [[5]], ["0,5"], ["0x1f"], [1, 2], [], [True])]
    [True, True, True, False, True, False, False, False]
    """
    if not isinstance(value, list):
        return number_in(value) is not None
    text = text_of(value).strip()
    return bool(text) and math.isfinite(_coerced_text(text))


def _number_spelled(text: str) -> float | None:
    if text.startswith("0x"):
        fits = len(text) <= WIDEST_HEXADECIMAL and HEXADECIMAL.fullmatch(text)
        return int(text, 16) if fits else None
    if text.isdigit() and len(text) > LONGEST_NUMBER:
        return None
    if text.count(",") == 1:
        text = text.replace(",", ".")
    if not DECIMAL.fullmatch(text) or not text.isascii():
        return None
    number = float(text)
    return tidy(number) if math.isfinite(number) else None


def coerced(value: Value) -> float:
    """The number that arithmetic sees in any value; NaN where there is none.

    >>> coerced("5"), coerced(True), coerced(None), coerced("five")
    (5, 1, 0, nan)
    """
    if value is None or value in ("", []):
        return 0
    if isinstance(value, bool | int | float):
        return int(value) if isinstance(value, bool) else _double(value)
    if isinstance(value, datetime):
        return tidy(milliseconds(value))
    if isinstance(value, list):
        return _coerced_text(text_of(value))
    return _coerced_text(value) if isinstance(value, str) else math.nan


def _coerced_text(text: str) -> float:
    text = text.strip()
    if not text:
        return 0
    if HEXADECIMAL.fullmatch(text):
        return tidy(int(text, 16))
    if not DECIMAL.fullmatch(text) or not text.isascii():
        return math.nan
    return tidy(float(text))


def plain(value: Value) -> Value:
    """A text that spells a number or a truth value as that value; anything else unchanged.

    >>> plain("5"), plain("007"), plain("True"), plain("'5'")
    (5, '007', True, '5')
    """
    if not isinstance(value, str) or not value:
        return value
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    if len(value) > 1 and value[0] in "'\"" and value[-1] in "'\"":
        return value[1:-1]
    number = number_in(value)
    return value if number is None or _keeps_zero(value) else number


def _keeps_zero(value: str) -> bool:
    """Whether a text begins with a zero that a number would lose, as in a code or a phone."""
    if value[0] != "0" or value.startswith("0x") or len(value) == 1:
        return False
    return value[1] not in ".,"


def text_of(value: Value) -> str:
    """A value as JavaScript writes it into a text.

    >>> text_of(True), text_of(2.5), text_of([1, None, "a"]), text_of(1e21)
    ('true', '2.5', '1,,a', '1e+21')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return _number_text(value)
    if isinstance(value, list):
        return ",".join(text_of(member) for member in value)
    if isinstance(value, datetime):
        return value.strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)")
    return value if isinstance(value, str) else "[object Object]"


def _double(number: float) -> float:
    """The number as a browser holds it: large ones rounded, those beyond its largest infinite."""
    if not isinstance(number, int) or abs(number) <= SAFE_INTEGER:
        return number
    if abs(number) < INFINITE:
        return float(number)
    return math.inf if number > 0 else -math.inf


def _number_text(number: float) -> str:
    number = _double(number)
    if isinstance(number, float) and math.isnan(number):
        return "NaN"
    if isinstance(number, float) and math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    whole = tidy(number)
    if isinstance(whole, int) and abs(whole) < 10**21:
        return str(whole)
    return _shortest(float(number))


def _shortest(number: float) -> str:
    """The shortest decimal that is this number, with JavaScript's bounds for exponents."""
    digits = Decimal(repr(number))
    if 1e-7 <= abs(number) < 1e21:
        return format(digits, "f")
    mantissa, _, exponent = format(digits.normalize(), "e").partition("e")
    return f"{mantissa}e{'-' if exponent.startswith('-') else '+'}{exponent.lstrip('+-')}"


WIDE = Context(prec=130)
"""Digits enough for the largest number with the most decimals."""


def fixed(number: float, digits: int) -> float:
    """The number rounded to so many decimals, halves away from zero in its exact binary value.

    >>> fixed(0.1 + 0.2, 1), fixed(2.5, 0)
    (0.3, 3)
    """
    if not math.isfinite(number) or abs(number) >= 1e21:
        return number
    step = Decimal(1).scaleb(-min(digits, 100))
    return tidy(float(Decimal(number).quantize(step, ROUND_HALF_UP, WIDE)))


def decimals(number: Value) -> int:
    """How many decimals a number is written with.

    >>> decimals(2.125), decimals(3), decimals("0.1")
    (3, 0, 0)
    """
    if not isinstance(number, float) or not math.isfinite(number) or number.is_integer():
        return 0
    _, _, after = _number_text(number).partition(".")
    return len(after)


def moment_in(value: Value) -> datetime | None:
    """The moment that a value names; a day alone is its midnight. None where it names none.

    Moments carry no zone: they are those of the clock on the wall where the survey is answered.

    >>> moment_in("2026-01-31"), moment_in("2026-01-31T10:30")
    (datetime.datetime(2026, 1, 31, 0, 0), datetime.datetime(2026, 1, 31, 10, 30))
    """
    if isinstance(value, datetime):
        return value
    if isinstance(value, int | float):
        return _from_milliseconds(value)
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.strip()).replace(tzinfo=None)
    except ValueError:
        return None


def milliseconds(moment: datetime) -> float:
    """Milliseconds since 1970 on the same clock."""
    return (moment - BEGINNING).total_seconds() * 1000


def _from_milliseconds(value: float) -> datetime | None:
    try:
        return BEGINNING + timedelta(milliseconds=value)
    except (OverflowError, ValueError):
        return None


def as_answer(value: Value) -> Value:
    """A value as an answer keeps it, at every depth: a moment is its day, no number is nothing.

    NaN and infinities have no place in JSON; PostgreSQL refuses a document with one of them.

    >>> as_answer([datetime(2026, 1, 31, 10, 30), {"rate": math.nan}, -math.inf])
    ['2026-01-31', {'rate': None}, None]
    """
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, list):
        return [as_answer(member) for member in value]
    if isinstance(value, dict):
        return {name: as_answer(member) for name, member in value.items()}
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return value if abs(value) < INFINITE else None


def midnight(moment: datetime) -> datetime:
    """The beginning of the day."""
    return datetime.combine(moment.date(), time())
