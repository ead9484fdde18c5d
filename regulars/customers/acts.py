"""Acts: what was really spent, sent or asked of a person, told by the domain that did it.

Taking a merge back restores everything but these; they are listed, never guessed away.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter


@dataclass(frozen=True)
class Act:
    """Something that cannot be taken back: when, a code for its kind, in words, and where it is seen."""

    at: datetime
    kind: str
    text: str
    url: str = ""


Teller = Callable[[Collection[int], datetime, datetime], list[Act]]
_tellers: dict[str, Teller] = {}


def tells_acts(teller: Teller) -> Teller:
    """A decorator: the function gives the acts upon records of customers, from a moment up to another."""
    _tellers[f"{teller.__module__}.{teller.__qualname__}"] = teller
    return teller


def acts_upon(customer_ids: Collection[int], since: datetime, until: datetime) -> list[Act]:
    """All acts upon these records within a span, the earliest first; a few statements a domain."""
    found = [act for tell in _tellers.values() for act in tell(customer_ids, since, until)]
    return sorted(found, key=attrgetter("at", "kind", "text"))
