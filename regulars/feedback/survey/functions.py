"""The functions that survey expressions may call, by their names in lower case."""

from collections.abc import Callable
from typing import Any

from regulars.feedback.survey.operators import is_true, number_in, plus


def _numbers(*parts: Any) -> list[float]:
    """The numbers among values and lists of values, in order."""
    found: list[float] = []
    for part in parts:
        for one in part if isinstance(part, list) else [part]:
            number = number_in(one)
            if number is not None:
                found.append(number)
    return found


def _iif(condition: Any = None, then: Any = None, otherwise: Any = None, *_: Any) -> Any:
    return then if is_true(condition) else otherwise


def _total(*parts: Any) -> Any:
    total: Any = 0
    for number in _numbers(*parts):
        total = plus(total, number)
    return total


def _average(*parts: Any) -> float:
    numbers = _numbers(*parts)
    return sum(numbers) / len(numbers) if numbers else 0


def _least(*parts: Any) -> float | None:
    return min(_numbers(*parts), default=None)


def _greatest(*parts: Any) -> float | None:
    return max(_numbers(*parts), default=None)


def _rounded(value: Any = None, digits: Any = 0, *_: Any) -> float | None:
    number = number_in(value)
    places = number_in(digits) or 0
    return None if number is None else round(number, int(max(-15, min(15, places))))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "iif": _iif,
    "sum": _total,
    "avg": _average,
    "min": _least,
    "max": _greatest,
    "round": _rounded,
}
