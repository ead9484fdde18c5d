"""Running worked cases: each through the adapter of its policy, and undone afterwards."""

import importlib
import importlib.util
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from django.db import transaction

from regulars.core.errors import Refused
from regulars.loyalty.verify.meeting import is_met
from regulars.loyalty.verify.reading import Given, NotOffered, Told

AREAS = ("accrual", "discounts", "tiers", "expiry", "returns", "liability")
COMMITTING = {"double_reversal"}
"""Policies that are tried by concurrent workers, so that their rows have to be committed."""

Policies = Mapping[str, Callable[[Given], Given]]


class Adapters(NamedTuple):
    """The adapters of an area by policy, and fields of its cases that are not part of any rule.

    An area may list its fields by policy instead: where a rule looks at some of them at times only.
    """

    policies: Policies
    beside: Collection[str] | None = None
    fields: Mapping[str, str] | None = None


class Checked(NamedTuple):
    """What became of one case. `passed` is None where the product does not offer what it asks for.

    `reason` says what that is. `unread` are given fields that no adapter looked at, so that the
    figures obtained do not depend on them.
    """

    id: str
    policy: str
    expected: Given
    obtained: Any = None
    passed: bool | None = None
    reason: str = ""
    unread: tuple[str, ...] = ()


def adapters_of(area: str, *, package: str = "regulars.loyalty.verify") -> Adapters | None:
    """The adapters of an area; None where nobody has written them yet."""
    name = f"{package}.{area}"
    if importlib.util.find_spec(name) is None:
        return None
    module = importlib.import_module(name)
    beside, fields = (getattr(module, name, None) for name in ("BESIDE", "FIELDS"))
    return Adapters(module.POLICIES, beside, fields)


def check_area(path: Path, adapters: Adapters) -> Iterator[Checked]:
    """Each case of a file; what a case writes is taken back, but for that of `COMMITTING` policies."""
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))["cases"] or ():
        yield check(case, adapters)


def check(case: Given, adapters: Adapters) -> Checked:
    """What becomes of one case."""
    given, expected = Told(case.get("given") or {}), case.get("expect") or {}
    policy = str(given.get("policy"))
    checked = Checked(str(case.get("id")), policy, expected)
    if policy not in adapters.policies:
        return checked._replace(reason=f"no policy {policy}")
    try:
        obtained = _obtained(adapters.policies[policy], given, is_undone=policy not in COMMITTING)
    except NotOffered as lacking:
        return checked._replace(reason=str(lacking))
    is_read = isinstance(obtained, dict)
    return checked._replace(
        obtained=_asked(obtained, expected),
        passed=is_read and is_met(obtained, expected),
        unread=_unread(given, adapters) if is_read else (),
    )


def _obtained(adapter: Callable[[Given], Given], given: Given, *, is_undone: bool) -> Any:
    with transaction.atomic() if is_undone else nullcontext():
        try:
            return adapter(given)
        except NotOffered:
            raise
        except Refused as refused:
            return f"refused: {refused.code}"
        except Exception as error:  # noqa: BLE001 (one case that cannot be read must not end all)
            return f"failed: {error!r}"
        finally:
            if is_undone:
                transaction.set_rollback(True)


def _unread(given: Told, adapters: Adapters) -> tuple[str, ...]:
    """Fields nobody looked at; nothing is said of areas that do not tell what stands beside."""
    if adapters.fields is not None:
        return unknown_fields(given, adapters.fields.get(given["policy"], ""))
    if adapters.beside is None:
        return ()
    return tuple(way for way in given.unread() if way.rpartition(".")[2] not in adapters.beside)


def unknown_fields(given: Given, known: str) -> tuple[str, ...]:
    """The fields of a case that are not among the known ones, told with what they stand in.

    >>> unknown_fields({"a": {"x": 1, "y": 2}, "rows": [{"z": 3}, {"n": 4}]}, "a a.x rows rows.n")
    ('a.y', 'rows.z')
    >>> unknown_fields({"shares": {"young": 1}}, "shares shares.*")
    ()
    """
    return tuple(dict.fromkeys(_unknown(given, frozenset(("policy", *known.split())), "")))


def _unknown(given: Given, known: frozenset[str], within: str) -> Iterator[str]:
    for name, value in given.items():
        field = f"{within}{name}"
        if field not in known and f"{within}*" not in known:
            yield field
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                yield from _unknown(part, known, f"{field}.")


def _asked(obtained: Any, expected: Given) -> Any:
    if not isinstance(obtained, dict):
        return obtained
    return {name: obtained.get(name, NO_SUCH_FIGURE) for name in expected if name != "tolerance"}


NO_SUCH_FIGURE = "the product gives no such figure"
