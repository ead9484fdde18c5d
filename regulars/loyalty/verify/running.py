"""Running worked cases: each through the adapter of its policy, and undone afterwards."""

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from django.db import transaction

from regulars.core.errors import Refused

AREAS = ("accrual", "discounts", "tiers", "expiry", "returns", "liability")
COMMITTING = {"double_reversal"}
"""Policies that are tried by concurrent workers, so that their rows have to be committed."""

Policies = dict[str, Callable[[dict[str, Any]], dict[str, Any]]]


class Checked(NamedTuple):
    """What became of one case. `passed` is None where the product does not offer its policy."""

    id: str
    policy: str
    expected: dict[str, Any]
    obtained: Any
    passed: bool | None


def adapters_of(area: str, *, package: str = "regulars.loyalty.verify") -> Policies | None:
    """The adapters of an area by policy; None where nobody has written them yet."""
    name = f"{package}.{area}"
    if importlib.util.find_spec(name) is None:
        return None
    policies: Policies = importlib.import_module(name).POLICIES
    return policies


def check_area(path: Path, policies: Policies) -> Iterator[Checked]:
    """Each case of a file; what a case writes is taken back, but for that of `COMMITTING` policies."""
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))["cases"]:
        policy, expected = case["given"]["policy"], case["expect"]
        if policy not in policies:
            yield Checked(case["id"], policy, expected, None, None)
            continue
        is_undone = policy not in COMMITTING
        obtained = _obtained(policies[policy], case["given"], is_undone=is_undone)
        found = isinstance(obtained, dict) and is_met(obtained, expected)
        yield Checked(case["id"], policy, expected, _asked(obtained, expected), found)


def _obtained(
    adapter: Callable[[dict[str, Any]], dict[str, Any]], given: dict[str, Any], *, is_undone: bool
) -> Any:
    with transaction.atomic() if is_undone else nullcontext():
        try:
            return adapter(given)
        except Refused as refused:
            return f"refused: {refused.code}"
        except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
            return f"failed: {error!r}"
        finally:
            if is_undone:
                transaction.set_rollback(True)


def _asked(obtained: Any, expected: dict[str, Any]) -> Any:
    if not isinstance(obtained, dict):
        return obtained
    return {name: obtained.get(name) for name in expected if name != "tolerance"}


def is_met(obtained: Any, expected: Any, tolerance: float = 0.0) -> bool:
    """Whether every expected entry is obtained; `tolerance` is for numbers that are not whole.

    Moments are compared as instants, whatever their offset.

    >>> is_met({"points": 10, "more": 1}, {"points": 10})
    True
    >>> is_met({"rate": 0.333}, {"rate": 0.3333, "tolerance": 0.001})
    True
    >>> is_met({"list": [1, 2]}, {"list": [1]})
    False
    """
    if isinstance(expected, dict):
        allowed = float(expected.get("tolerance", tolerance))
        return isinstance(obtained, dict) and all(
            name in obtained and is_met(obtained[name], value, allowed)
            for name, value in expected.items()
            if name != "tolerance"
        )
    if isinstance(expected, list):
        return (
            isinstance(obtained, list | tuple)
            and len(obtained) == len(expected)
            and all(map(is_met, obtained, expected, [tolerance] * len(expected)))
        )
    if isinstance(expected, str) and isinstance(obtained, datetime):
        return obtained == datetime.fromisoformat(expected)
    if isinstance(expected, float) and isinstance(obtained, int | float):
        return abs(obtained - expected) <= tolerance
    return bool(obtained == expected)
