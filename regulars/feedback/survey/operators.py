"""How values compare and combine in survey expressions: loosely, exactly as SurveyJS does it."""

import math
import operator
from collections.abc import Callable
from datetime import datetime

from regulars.feedback.survey.scalars import (
    Ordered,
    Value,
    coerced,
    decimals,
    fixed,
    moment_in,
    number_in,
    plain,
    spells_number,
    text_of,
    tidy,
)

__all__ = ["BINARY", "Value", "filled", "is_empty", "is_true", "number_in", "plain"]


def is_empty(value: Value) -> bool:
    """Whether nothing was answered: None, an empty text or list; zero and false are answers."""
    if isinstance(value, dict):
        return all(is_empty(part) for part in value.values())
    if isinstance(value, float) and math.isnan(value):
        return True
    return value is None or (isinstance(value, str | list) and not value)


def is_true(value: Value) -> bool:
    """Whether a value counts as true; an empty list does, as it does in a browser."""
    if isinstance(value, float) and math.isnan(value):
        return False
    return isinstance(value, list | dict) or bool(value)


def equal(left: Value, right: Value) -> bool:
    """Whether two values mean the same: letter case, order in lists and 5 or "5" do not matter."""
    left, right = _moments(left, right)
    is_ordered = isinstance(left, Ordered) or isinstance(right, Ordered)
    return same(left, right, any_order=not is_ordered)


def same(left: Value, right: Value, *, any_order: bool = False, case: bool = False) -> bool:
    """Whether two values mean the same; order in lists and letter case count when asked for."""
    if (left is None or left == "") and (right is None or right == ""):
        return True
    if isinstance(left, str) and isinstance(right, str):
        left, right = left.strip(), right.strip()
        return bool(left == right) if case else left.lower() == right.lower()
    if isinstance(left, datetime) and isinstance(right, datetime):
        return left == right
    if _equal_numbers(left, right):
        return True
    if is_empty(left) is not is_empty(right):
        return False
    return _same_kinds(left, right, any_order=any_order, case=case)


def unchanged(left: Value, right: Value) -> bool:
    """Whether an answer is the one that was there: 5 and "5", "a" and "A" are two answers.

    >>> unchanged([1, "a"], [1.0, "a"]), unchanged(1, "1"), unchanged(None, "")
    (True, False, True)
    """
    if is_empty(left) or is_empty(right):
        return is_empty(left) and is_empty(right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(unchanged, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(unchanged(left[k], right[k]) for k in left)
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    return bool(left == right)


def _same_kinds(left: Value, right: Value, *, any_order: bool, case: bool) -> bool:
    for truth, text in ((left, right), (right, left)):
        if isinstance(truth, bool) and isinstance(text, str):
            return text_of(truth) == text.lower()
    if isinstance(left, list) and isinstance(right, list):
        return _same_members(left, right, any_order=any_order, case=case)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            same(left[key], right[key], any_order=any_order, case=case) for key in left
        )
    if isinstance(left, list | dict | datetime) or isinstance(right, list | dict | datetime):
        return left in ([], {}) and right in ([], {})
    return None not in (left, right) and coerced(left) == coerced(right)


def _equal_numbers(left: Value, right: Value) -> bool:
    for one in (left, right):
        if one is None or one == "" or isinstance(one, list | dict | bool | datetime):
            return False
    return coerced(left) == coerced(right)


def _same_members(left: list[Value], right: list[Value], *, any_order: bool, case: bool) -> bool:
    if len(left) != len(right):
        return False
    if any_order:
        left, right = sorted(left, key=_order), sorted(right, key=_order)
    pairs = zip(left, right, strict=True)
    return all(same(one, two, any_order=any_order, case=case) for one, two in pairs)


def _order(member: Value) -> tuple[bool, bytes]:
    return member is None, text_of(member).encode("utf-16-be")


def _moments(left: Value, right: Value) -> tuple[Value, Value]:
    """A text beside a moment becomes one, as precise as the text is written."""
    if isinstance(right, datetime) and isinstance(left, str):
        return _moment_beside(left, right)
    if isinstance(left, datetime) and isinstance(right, str):
        found, moment = _moment_beside(right, left, coarse=True)
        return moment, found
    return left, right


def _moment_beside(text: str, moment: datetime, *, coarse: bool = False) -> tuple[Value, datetime]:
    moment = moment.replace(microsecond=0)
    if coarse:
        moment = _as_precise_as(text, moment)
    found = moment_in(text)
    if found is None:
        return math.nan, moment
    if moment.hour or moment.minute or moment.second:
        return found, moment
    return found.replace(hour=0, minute=0, second=0), moment


def _as_precise_as(text: str, moment: datetime) -> datetime:
    if len(text) < 17:
        moment = moment.replace(second=0)
    if len(text) < 14:
        moment = moment.replace(minute=0)
    return moment.replace(hour=0) if len(text) < 11 else moment


def greater(left: Value, right: Value) -> bool:
    """Whether left lies above right; never when one is missing or they cannot be compared."""
    return _ordered(left, right, operator.gt)


def less(left: Value, right: Value) -> bool:
    """Whether left lies below right; never when one is missing or they cannot be compared."""
    return _ordered(left, right, operator.lt)


def _ordered(left: Value, right: Value, compare: Callable[[Value, Value], bool]) -> bool:
    if left is None or right is None:
        return False
    return _compared(*_moments(left, right), compare)


def above(left: Value, right: Value) -> bool:
    """Whether left lies above right where no text is taken for a date: beside a moment it has no place."""
    return _compared(left, right, operator.gt)


def below(left: Value, right: Value) -> bool:
    """Whether left lies below right where no text is taken for a date."""
    return _compared(left, right, operator.lt)


def _compared(left: Value, right: Value, compare: Callable[[Value, Value], bool]) -> bool:
    left, right = (text_of(one) if isinstance(one, list | dict) else one for one in (left, right))
    if isinstance(left, str) and isinstance(right, str):
        return compare(left.encode("utf-16-be"), right.encode("utf-16-be"))
    return compare(coerced(left), coerced(right))


def contains(left: Value, right: Value) -> bool:
    """Whether a list holds the value (or all values of a list), or a text holds the text."""
    return _contains(left, right, wanted=True)


def not_contains(left: Value, right: Value) -> bool:
    """The opposite; what is missing does not contain anything."""
    if not is_true(left) and not is_empty(right):
        return True
    return _contains(left, right, wanted=False)


def _contains(left: Value, right: Value, *, wanted: bool) -> bool:
    if left == [] and isinstance(left, list):
        return not wanted
    if left is None or left == "" or (is_empty(left) and not isinstance(left, dict)):
        return False
    if not isinstance(left, list):
        return _text_contains(text_of(left), right, wanted=wanted)
    for one in right if isinstance(right, list) else [right]:
        if not any(same(member, one) for member in left):
            return not wanted
    return wanted


def _text_contains(text: str, right: Value, *, wanted: bool) -> bool:
    if not is_true(right):
        return False
    return (text_of(right).lower() in text.lower()) is wanted


def any_of(left: Value, right: Value) -> bool:
    """Whether left has at least one of right; two empty sides agree."""
    if is_empty(left):
        return is_empty(right)
    if is_empty(right):
        return True
    if not isinstance(left, list):
        return contains(right, left)
    if not isinstance(right, list):
        return contains(left, right)
    return any(contains(left, one) for one in right)


def all_of(left: Value, right: Value) -> bool:
    """Whether left has everything of right."""
    if not is_true(left) and not is_empty(right):
        return False
    if not isinstance(right, list):
        return contains(left, right)
    return all(contains(left, one) for one in right)


def plus(left: Value, right: Value) -> Value:
    """The sum of numbers, the joined lists, or the joined texts."""
    if spells_number(left) and spells_number(right):
        if isinstance(left, str | list) or isinstance(right, str | list):
            return text_of(left) + text_of(right)
        return exact_sum(left, right)
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    if isinstance(left, list) or isinstance(right, list):
        return _list_and_other(left, right)
    return _joined(left, right)


def added(left: Value, right: Value) -> Value:
    """What a bare plus gives, the dust of binary fractions taken off."""
    result = _joined(left, right)
    digits = max(decimals(left), decimals(right))
    return fixed(result, digits) if digits and not isinstance(result, str) else result


def _joined(left: Value, right: Value) -> Value:
    """What a plus gives between values that are not both numbers."""
    for one in (left, right):
        if isinstance(one, str | list | dict | datetime):
            return _word(left) + _word(right)
    return tidy(coerced(left) + coerced(right))


def _word(value: Value) -> str:
    return "null" if value is None else text_of(value)


def _list_and_other(left: Value, right: Value) -> Value:
    members, other = (left, right) if isinstance(left, list) else (right, left)
    if isinstance(other, str):
        joined = ", ".join(text_of(member) for member in members)
        return joined + other if members is left else other + joined
    if isinstance(other, int | float) and not isinstance(other, bool):
        total: float = 0
        for member in members:
            if isinstance(member, int | float) and not isinstance(member, bool):
                total = exact_sum(total, member)
        return exact_sum(total, other)
    return _word(left) + _word(right)


def exact_sum(left: float, right: float) -> float:
    """A sum without the dust of binary fractions.

    >>> exact_sum(0.1, 0.2)
    0.3
    """
    total = tidy(left + right)
    digits = max(decimals(left), decimals(right))
    return fixed(total, digits) if digits else total


def _minus(left: Value, right: Value) -> Value:
    difference = tidy(coerced(left) - coerced(right))
    digits = max(decimals(_seen(left)), decimals(_seen(right)))
    return fixed(difference, digits) if digits else difference


def _times(left: Value, right: Value) -> Value:
    product = tidy(coerced(left) * coerced(right))
    digits = decimals(_seen(left)) + decimals(_seen(right))
    return fixed(product, digits) if digits else product


def _seen(value: Value) -> Value:
    """A number, or what a text or list spells as one, for counting its decimals."""
    return coerced(value) if spells_number(value) else value


def _quotient(left: Value, right: Value) -> Value:
    if not is_true(right):
        return None
    number, divisor = coerced(left), coerced(right)
    if divisor == 0:
        return math.nan if math.isnan(number) or not number else math.copysign(math.inf, number)
    return tidy(number / divisor)


def _remainder(left: Value, right: Value) -> Value:
    if not is_true(right):
        return None
    number, divisor = coerced(left), coerced(right)
    if divisor == 0 or not math.isfinite(number):
        return math.nan
    return tidy(math.fmod(number, divisor))


def _power(left: Value, right: Value) -> Value:
    base, exponent = coerced(left), coerced(right)
    if math.isnan(exponent):
        return math.nan
    try:
        return tidy(math.pow(base, exponent))
    except OverflowError:
        return math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan


def _arithmetic(calculate: Callable[[Value, Value], Value]) -> Callable[[Value, Value], Value]:
    """An operator whose missing sides become what goes with the other side."""

    def apply(left: Value, right: Value) -> Value:
        left = filled(left, right)
        return calculate(left, filled(right, left))

    return apply


def filled(value: Value, other: Value) -> Value:
    """A value, or what a missing one counts as beside the other: 0, an empty text or list."""
    if not is_empty(value):
        return value
    if isinstance(other, int | float) and not isinstance(other, bool):
        return 0
    if isinstance(value, str):
        return value
    if isinstance(other, str):
        return ""
    return [] if isinstance(other, list) else 0


BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "equal": equal,
    "notequal": lambda left, right: not equal(left, right),
    "greater": greater,
    "less": less,
    "greaterorequal": lambda left, right: equal(left, right) or greater(left, right),
    "lessorequal": lambda left, right: equal(left, right) or less(left, right),
    "contains": contains,
    "notcontains": not_contains,
    "anyof": any_of,
    "noneof": lambda left, right: not any_of(left, right),
    "allof": all_of,
    "plus": _arithmetic(plus),
    "minus": _arithmetic(_minus),
    "mul": _arithmetic(_times),
    "div": _arithmetic(_quotient),
    "mod": _arithmetic(_remainder),
    "power": _arithmetic(_power),
}
