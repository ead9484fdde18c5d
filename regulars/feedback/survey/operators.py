"""How values compare and combine in survey expressions: loosely, as the SurveyJS library does."""

import math
import operator
from collections.abc import Callable
from typing import Any

Value = Any


def is_empty(value: Value) -> bool:
    """Whether nothing was answered: None, an empty text or list; zero and false are answers."""
    if isinstance(value, dict):
        return all(is_empty(part) for part in value.values())
    return value is None or value in ("", [])


def is_true(value: Value) -> bool:
    """Whether a value counts as true; an empty list does, as it does in a browser."""
    if isinstance(value, float) and math.isnan(value):
        return False
    return isinstance(value, list | dict) or bool(value)


def number_in(value: Value) -> float | None:
    """The number that a value is or spells, or None. True is 1 and a comma may be the point."""
    if isinstance(value, bool | int | float):
        return value if not isinstance(value, float) or math.isfinite(value) else None
    if not isinstance(value, str) or not value.strip():
        return None
    return _number_spelled(value.strip())


def plain(value: Value) -> Value:
    """A text that spells a number or a truth value as that value; anything else unchanged."""
    if not isinstance(value, str):
        return value
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    if len(value) > 1 and value[0] == "0" and value[1] not in ".,x":
        return value
    number = None if value.strip().isdigit() and len(value) > 15 else number_in(value)
    return value if number is None else number


def equal(left: Value, right: Value) -> bool:
    """Whether two values mean the same: letter case, order in lists and 5 or "5" do not matter."""
    if is_empty(left) or is_empty(right):
        return is_empty(left) and is_empty(right)
    if isinstance(left, str) and isinstance(right, str):
        return left.strip().lower() == right.strip().lower()
    if isinstance(left, list) and isinstance(right, list):
        return _same_members(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        return False
    return _scalars_equal(left, right)


def greater(left: Value, right: Value) -> bool:
    """Whether left lies above right; never when one is missing or they cannot be compared."""
    return _ordered(left, right, operator.gt)


def less(left: Value, right: Value) -> bool:
    """Whether left lies below right; never when one is missing or they cannot be compared."""
    return _ordered(left, right, operator.lt)


def contains(left: Value, right: Value) -> bool:
    """Whether a list holds the value (or all values of a list), or a text holds the text."""
    if is_empty(left):
        return False
    if isinstance(left, list):
        wanted = right if isinstance(right, list) else [right]
        return all(any(equal(member, one) for member in left) for one in wanted)
    return not is_empty(right) and _text(right).lower() in _text(left).lower()


def any_of(left: Value, right: Value) -> bool:
    """Whether left has at least one of right; two empty sides agree."""
    if is_empty(left) or is_empty(right):
        return is_empty(right)
    if not isinstance(left, list):
        return contains(right, left)
    if not isinstance(right, list):
        return contains(left, right)
    return any(contains(left, one) for one in right)


def all_of(left: Value, right: Value) -> bool:
    """Whether left has everything of right."""
    if is_empty(left):
        return is_empty(right)
    members = right if isinstance(right, list) else [right]
    return all(contains(left, one) for one in members)


def plus(left: Value, right: Value) -> Value:
    """The sum of numbers, the joined lists, or the joined texts."""
    left, right = _filled(left, right), _filled(right, left)
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    numbers = _numbers(left, right)
    if numbers is None:
        return _text(left) + _text(right)
    return _tidy(numbers[0] + numbers[1])


def arithmetic(calculate: Callable[[float, float], float]) -> Callable[[Value, Value], Value]:
    """An operator over two numbers that gives None when a side is no number or has no result."""

    def apply(left: Value, right: Value) -> Value:
        numbers = _numbers(_filled(left, right), _filled(right, left))
        if numbers is None:
            return None
        try:
            return _tidy(calculate(*numbers))
        except (ZeroDivisionError, OverflowError, ValueError, TypeError):
            return None

    return apply


def _power(base: float, exponent: float) -> float:
    if abs(exponent) > 1000:
        raise OverflowError
    return math.pow(base, exponent)


BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "equal": equal,
    "notequal": lambda left, right: not equal(left, right),
    "greater": greater,
    "less": less,
    "greaterorequal": lambda left, right: equal(left, right) or greater(left, right),
    "lessorequal": lambda left, right: equal(left, right) or less(left, right),
    "contains": contains,
    "notcontains": lambda left, right: not contains(left, right),
    "anyof": any_of,
    "noneof": lambda left, right: not any_of(left, right),
    "allof": all_of,
    "plus": plus,
    "minus": arithmetic(operator.sub),
    "mul": arithmetic(operator.mul),
    "div": arithmetic(operator.truediv),
    "mod": arithmetic(math.fmod),
    "power": arithmetic(_power),
}


def _number_spelled(text: str) -> float | None:
    try:
        if text.lower().startswith("0x"):
            return int(text[:32], 16)
        number = float(text.replace(",", ".", 1))
    except ValueError:
        return None
    if not math.isfinite(number) or "_" in text:
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _same_members(left: list[Value], right: list[Value]) -> bool:
    rest = list(right)
    for member in left:
        found = next((index for index, one in enumerate(rest) if equal(member, one)), None)
        if found is None:
            return False
        del rest[found]
    return not rest


def _scalars_equal(left: Value, right: Value) -> bool:
    for truth, text in ((left, right), (right, left)):
        if isinstance(truth, bool) and isinstance(text, str):
            return str(truth).lower() == text.strip().lower()
    first, second = number_in(left), number_in(right)
    return first is not None and first == second


def _ordered(left: Value, right: Value, compare: Callable[[Any, Any], bool]) -> bool:
    if left is None or right is None:
        return False
    if isinstance(left, str) and isinstance(right, str):
        return compare(left, right)
    first, second = number_in(left), number_in(right)
    return first is not None and second is not None and compare(first, second)


def _filled(value: Value, other: Value) -> Value:
    if not is_empty(value):
        return value
    if isinstance(value, str) or isinstance(other, str):
        return ""
    return [] if isinstance(other, list) else 0


def _numbers(left: Value, right: Value) -> tuple[float, float] | None:
    if isinstance(left, str) and isinstance(right, str) and left == right == "":
        return None
    first, second = number_in(left), number_in(right)
    return None if first is None or second is None else (first, second)


def _tidy(number: float) -> float:
    if isinstance(number, complex) or not math.isfinite(number):
        raise ValueError
    rounded = round(number, 10)
    return int(rounded) if float(rounded).is_integer() and abs(rounded) < 2**53 else rounded


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(_text(member) for member in value)
    return "" if value is None else str(value)
