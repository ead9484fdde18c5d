"""What is open with a customer: each domain says what it waits for, or owes them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Opening:
    """One thing that is not settled: what it is, since when, and where it is dealt with."""

    label: str
    text: str
    at: datetime
    url: str = ""
    tone: str = ""


Find = Callable[[Sequence[int], datetime], Iterable[Opening]]
"""Gives what is open for a person by all their records, as of a moment; a constant number of reads."""

_FINDERS: list[tuple[str, Find]] = []


def left_open(*, needs: str) -> Callable[[Find], Find]:
    """A decorator for a function that finds what is open; `needs` is who may see it."""

    def register(find: Find) -> Find:
        _FINDERS.append((needs, find))
        return find

    return register


def openings_of(records: Sequence[int], *, now: datetime, user: Any) -> list[Opening]:
    """Everything open with the person of these records that this user may see, the latest first."""
    found = [one for needs, find in _FINDERS if user.has_perm(needs) for one in find(records, now)]
    return sorted(found, key=lambda one: one.at, reverse=True)
