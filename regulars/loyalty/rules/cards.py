"""Card numbers: digits only, because scanners type and a Russian layout turns letters Cyrillic."""

import re

CARD_DIGITS = 12
"""A card number: a prefix, a running number padded with zeros, and the check digit."""


def check_digit(digits: str) -> str:
    """The digit that makes the number pass the Luhn test (ISO/IEC 7812-1, annex B).

    >>> check_digit("7992739871")
    '3'
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return str(-total % 10)


def card_number(running: int, prefix: str = "7") -> str:
    """The card number of the running number: unique for each, with a check digit at the end.

    >>> card_number(1)
    '700000000013'
    """
    digits = prefix + str(running).zfill(CARD_DIGITS - 1 - len(prefix))
    return digits + check_digit(digits)


def is_card_number(text: str) -> bool:
    """Whether the text is digits with a right check digit; one mistyped digit is always noticed.

    >>> is_card_number("700000000013"), is_card_number("700000000031")
    (True, False)
    """
    return (
        re.fullmatch(r"[0-9]{2,19}", text) is not None
        and len(text) == CARD_DIGITS
        and check_digit(text[:-1]) == text[-1]
    )


def grouped(number: str) -> str:
    """The number in groups of four, as people read it aloud.

    >>> grouped("700000000013")
    '7000 0000 0013'
    """
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def end_of_card(number: str) -> str:
    """The last digits of a card, enough to tell it from others.

    >>> end_of_card("7000000000013")
    '…0013'
    """
    return f"…{number[-4:]}"
