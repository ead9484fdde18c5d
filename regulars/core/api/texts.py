"""JSON that a database can hold: no NUL, no half of a surrogate pair, no endless number."""

import math
from typing import Any


def storable(value: Any) -> Any:
    """The same JSON value; `ValueError` where something in it cannot be stored."""
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
    is_whole = text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)
    if "\0" in text or not is_whole:
        raise ValueError("a text contains a character that cannot be stored")
