"""Texts and JSON from outside, as the database can keep them."""

import math
from typing import Any


def keepable(text: str) -> str:
    r"""The text without control characters, and without halves of characters, which no UTF-8 holds.

    >>> keepable("one\n\x00two\ud800")
    'one\ntwo'
    """
    return "".join(one for one in text if one in "\n\t" or (one >= " " and not _is_half(one)))


def _is_half(one: str) -> bool:
    return "\ud800" <= one <= "\udfff"


def storable(value: Any) -> Any:
    """The same JSON value; `ValueError` where something in it cannot be stored.

    That is a NUL, half of a surrogate pair, or an endless number.
    """
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is too large")
    elif isinstance(value, dict):
        for name, inner in value.items():
            storable(name)
            storable(inner)
    elif isinstance(value, list):
        for inner in value:
            storable(inner)
    return value


def _check_text(text: str) -> None:
    is_whole = text.isascii() or not any(map(_is_half, text))
    if "\0" in text or not is_whole:
        raise ValueError("a text contains a character that cannot be stored")
