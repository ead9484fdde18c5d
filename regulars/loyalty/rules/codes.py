"""Codes that people type and scanners read: how they are made, and how a typed one is understood."""

import re
from collections.abc import Iterator
from secrets import choice

from regulars.loyalty.rules.cards import check_digit

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Digits and letters nobody mistakes for another: no 0 and O, no 1, I and L. 31 of them, a prime."""

LENGTH_MIN, LENGTH_MAX = 6, 24
VALUE_DIGITS = 16
VALUE_PREFIXES = {"voucher": "5", "gift_card": "6"}

_CYRILLIC = str.maketrans("АВЕКМНОРСТУХ", "ABEKMHOPCTYX")
_CODE = re.compile(r"[^\W_]{3,40}")


def normal_code(text: str) -> str | None:
    """The one spelling of a code; None where it cannot be one.

    Case, spaces and dashes do not matter, and Cyrillic letters that look Latin are taken as such,
    for people type codes from paper in whatever layout is on.

    >>> normal_code(" spring-10 "), normal_code("ВЕСНА10"), normal_code("a?")
    ('SPRING10', 'BECHA10', None)
    """
    code = re.sub(r"[\s\-\u2010-\u2015]", "", text).upper().translate(_CYRILLIC)
    return code if _CODE.fullmatch(code) else None


def check_character(body: str) -> str:
    r"""The last character of a generated code: the weighted sum of the others, modulo 31.

    Weights differ at every place and 31 is a prime, so that one wrong character, or two that
    changed places, never give another valid code (as in ISO/IEC 7064, with a modulus of our own).

    >>> check_character("ABCDEF"), check_character("ABCDFE")
    ('F', 'E')
    """
    weighted = sum(place * ALPHABET.index(letter) for place, letter in enumerate(reversed(body), 2))
    return ALPHABET[-weighted % len(ALPHABET)]


def is_checked(code: str) -> bool:
    """Whether a code is made of our letters and ends with the right check character.

    >>> is_checked("ABCDEF" + check_character("ABCDEF")), is_checked("ABCDEFG")
    (True, False)
    """
    return len(code) > 1 and set(code) <= set(ALPHABET) and check_character(code[:-1]) == code[-1]


def new_codes(count: int, *, length: int = 10, prefix: str = "") -> Iterator[str]:
    """Random codes of a length with their check character, from the system's own randomness.

    Each has `length - 1` random characters of 31, about 5 bits each; the prefix comes on top.
    """
    assert LENGTH_MIN <= length <= LENGTH_MAX, "checked where people say it"
    for _ in range(count):
        body = "".join(choice(ALPHABET) for _ in range(length - 1))
        yield prefix + body + check_character(body)


def new_value_number(kind: str) -> str:
    """A random number of a voucher or gift card: digits only, as scanners type them in any layout."""
    prefix = VALUE_PREFIXES[kind]
    body = prefix + "".join(choice("0123456789") for _ in range(VALUE_DIGITS - len(prefix) - 1))
    return body + check_digit(body)


def masked(code: str) -> str:
    """A code as screens and lists show it: the last four characters.

    >>> masked("6123456789012345")
    '••••2345'
    """
    return "••••" + code[-4:]
