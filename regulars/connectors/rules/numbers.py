"""Reading amounts and quantities as people and machines write them, exactly."""

import re
from decimal import ROUND_HALF_EVEN, Decimal

from regulars.connectors.rules.unreadable import Unreadable

AMOUNT_MAX = 10**14
_PLAIN = re.compile(r"[+-]?\d+(?:\.\d{0,3})?")
_SPACES = re.compile(r"[\s'’_]")
_CURRENCY = re.compile(
    r"^(?:[$€£¥₽₸₴]|[A-Z]{3}(?=[-\d]))|(?:[$€£¥₽₸₴]|руб\.?|р\.?|[A-Z]{3})$", re.IGNORECASE
)
_NUMBER = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?")
_DUST = Decimal("0.000001")
"""What computers add to an amount by keeping it in binary; anything above is a real digit."""


def decimal_mark_of(text: str) -> str | None:
    """The mark before the decimals, as one value shows it; None where it may be either.

    `1,234` alone decides nothing. Where a value has both marks, the last one is the decimal mark;
    a single mark with other than three digits behind it is one, too.

    >>> decimal_mark_of("1,234"), decimal_mark_of("1 234,56"), decimal_mark_of("1,234.5")
    (None, ',', '.')
    """
    comma, point = text.rfind(","), text.rfind(".")
    if comma >= 0 and point >= 0:
        return "," if comma > point else "."
    mark = "," if comma >= 0 else "."
    whole, found, behind = text.partition(mark)
    if not found or mark in behind:
        return None
    digits = len(behind) - len(behind.lstrip("0123456789"))
    return mark if digits != 3 or whole.strip(" -+") in {"0", ""} else None


def number_from(text: str, *, decimal_mark: str = ".") -> Decimal:
    """The number that a text says; `Unreadable` where it says none.

    >>> number_from("1 234,56", decimal_mark=",")
    Decimal('1234.56')
    >>> number_from("$1,234.50")
    Decimal('1234.50')
    """
    if _PLAIN.fullmatch(text) and (decimal_mark == "." or "." not in text):
        return _bounded(Decimal(text))
    bare = _SPACES.sub("", text).replace("−", "-")
    if bare.startswith("(") and bare.endswith(")"):
        bare = f"-{bare[1:-1]}"
    bare = _CURRENCY.sub("", _CURRENCY.sub("", bare, count=1), count=1)
    other = "." if decimal_mark == "," else ","
    if other in bare:
        bare = _without_grouping(bare, other, decimal_mark)
    found = _NUMBER.fullmatch(bare.replace(decimal_mark, "."))
    if not found or not (found[2] or found[3]) or not bare.isascii():
        raise Unreadable("not_a_number")
    if found[4] and abs(int(found[4])) > 30:
        raise Unreadable("too_large")
    return _bounded(Decimal(found[0]))


def _without_grouping(text: str, group: str, decimal_mark: str) -> str:
    """The text without its thousands marks, which must stand before every third digit."""
    whole, _, decimals = text.partition(decimal_mark)
    if group in decimals or not re.fullmatch(
        rf"[+-]?\d{{1,3}}(?:{re.escape(group)}\d{{3}})+", whole
    ):
        # A lone mark that groups nothing can only stand before decimals.
        if text.count(group) == 1 and decimal_mark not in text:
            return text.replace(group, decimal_mark)
        raise Unreadable("not_a_number")
    return text.replace(group, "")


def _bounded(number: Decimal) -> Decimal:
    if abs(number) > AMOUNT_MAX:
        raise Unreadable("too_large")
    return number


def minor_from(text: str, *, decimal_mark: str = ".", digits: int = 2) -> int:
    """An amount in minor units, exactly; more digits than the currency has are refused.

    >>> minor_from("1,234.56")
    123456
    >>> minor_from("1 234,5 ₽", decimal_mark=",")
    123450
    """
    return _whole(number_from(text, decimal_mark=decimal_mark).scaleb(digits), "too_many_decimals")


def milli_from(text: str, *, decimal_mark: str = ".") -> int:
    """A quantity in thousandths; finer weights are rounded to the nearest, half to even.

    >>> milli_from("0,3455", decimal_mark=",")
    346
    """
    scaled = number_from(text, decimal_mark=decimal_mark).scaleb(3)
    return int(scaled.to_integral_value(ROUND_HALF_EVEN))


def whole_from(text: str) -> int:
    """A whole number.

    >>> whole_from("12.0")
    12
    """
    return _whole(number_from(text), "not_whole")


def _whole(number: Decimal, code: str) -> int:
    nearest = number.to_integral_value(ROUND_HALF_EVEN)
    if abs(number - nearest) > _DUST:
        raise Unreadable(code)
    return int(nearest)
