"""Comparing what was obtained with what a case expects."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

BINARY_NOISE = Decimal("1e-9")
"""How far arithmetic in binary fractions may miss a number, for its size."""


def is_met(obtained: Any, expected: Any, tolerance: float = 0.0) -> bool:
    """Whether every expected entry is obtained; `tolerance` is for numbers that are not whole.

    Moments are compared as instants, whatever their offset, and quoted decimals as numbers.

    >>> is_met({"points": 10, "more": 1}, {"points": 10})
    True
    >>> is_met({"rate": 0.333}, {"rate": 0.3333, "tolerance": 0.001})
    True
    >>> is_met({"list": [1, 2]}, {"list": [1]}), is_met("25.00", "25"), is_met(True, 1)
    (False, True, False)
    >>> is_met({"nps": 28.999999999999996}, {"nps": 29}), is_met({"size": 29}, {"size": 30})
    (True, False)
    """
    return next(differences(obtained, expected, tolerance), None) is None


def differences(
    obtained: Any, expected: Any, tolerance: float = 0.0, where: str = ""
) -> Iterator[str]:
    """A sentence for each expected entry that was not obtained, with the way to it."""
    if isinstance(expected, dict):
        yield from _in_fields(obtained, expected, tolerance, where)
    elif isinstance(expected, list):
        if not isinstance(obtained, list | tuple) or len(obtained) != len(expected):
            yield f"{where}: {obtained!r} instead of {expected!r}"
            return
        for place, value in enumerate(expected):
            yield from differences(obtained[place], value, tolerance, f"{where}[{place}]")
    elif not _is_same(obtained, expected, tolerance):
        yield f"{where}: {obtained!r} instead of {expected!r}"


def _in_fields(
    obtained: Any, expected: dict[str, Any], tolerance: float, where: str
) -> Iterator[str]:
    allowed = float(expected.get("tolerance", tolerance))
    for name, value in expected.items():
        way = f"{where}.{name}" if where else name
        if name == "tolerance":
            continue
        if not isinstance(obtained, dict) or name not in obtained:
            yield f"{way}: the product gives no such figure"
        else:
            yield from differences(obtained[name], value, allowed, way)


def _is_same(obtained: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(expected, str) and isinstance(obtained, datetime):
        return obtained == datetime.fromisoformat(expected)
    if isinstance(obtained, bool) and not isinstance(expected, bool):
        return False
    found, asked = _number(obtained), _number(expected)
    if found is None or asked is None or _are_names(obtained, expected):
        return bool(obtained == expected)
    is_whole = not isinstance(expected, float) and asked == asked.to_integral_value()
    noise = (
        BINARY_NOISE * max(Decimal(1), abs(asked)) if isinstance(obtained, float) else Decimal(0)
    )
    return abs(found - asked) <= max(noise, Decimal(0) if is_whole else Decimal(str(tolerance)))


def _are_names(obtained: Any, expected: Any) -> bool:
    """Whether digits are names, as ids are, rather than numbers: both quoted, without a point."""
    return all(isinstance(one, str) and one.isdecimal() for one in (obtained, expected))


def _number(value: Any) -> Decimal | None:
    """The number that a value is or quotes; None where it is something else."""
    if not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
