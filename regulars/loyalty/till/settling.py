"""A group of requests from many tills, settled together and answered each alone."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from http import HTTPStatus
from typing import NamedTuple

import psycopg
from django.db import Error, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from regulars.core.api.at_doors import (
    Name,
    Stored,
    answers_stored,
    replayed,
    store_answers,
)
from regulars.core.doors import Answer, Problem
from regulars.loyalty.till.acts import cancel, commit, pay_and_commit, take_back
from regulars.loyalty.till.shapes import Entry, Purchase, Return

TRIES = 4
"""A deadlock, a lost connection or another request of the same name is worth another try."""

Act = Callable[..., list[Answer]]


class Asked(NamedTuple):
    """What a till asks, under the name it gave to it; entries of a batch have none."""

    entry: Entry
    name: Name | None = None


class _Overtaken(Exception):
    """Another process stored an answer under one of our names while we worked."""


class _Sort(Enum):
    """What can be done together, in the order in which it is done.

    Each sort has a transaction of its own, in which locks are taken in one fixed order.
    """

    PLAIN = "plain"
    PAYING = "paying"
    RETURN = "return"
    CANCEL = "cancel"


_ACTS: Mapping[_Sort, Act] = {
    _Sort.PLAIN: commit,
    _Sort.PAYING: pay_and_commit,
    _Sort.RETURN: take_back,
    _Sort.CANCEL: cancel,
}


def settle(group: Sequence[Asked]) -> list[Answer]:
    """The answers to a group, once all of it is durable; in the order of the group.

    What was asked before under the same name gets the answer of the first time. A request that
    the database refuses fails alone.
    """
    answers: dict[int, Answer] = {}
    for sort, act in _ACTS.items():
        places = [place for place, asked in enumerate(group) if _sort_of(asked.entry) is sort]
        told = _settled_apart([group[place] for place in places], act)
        answers |= dict(zip(places, told, strict=True))
    return [answers[place] for place in range(len(group))]


def _sort_of(entry: Entry) -> _Sort:
    if isinstance(entry, Purchase):
        return _Sort.PAYING if entry.redeem else _Sort.PLAIN
    return _Sort.RETURN if isinstance(entry, Return) else _Sort.CANCEL


def _settled_apart(group: Sequence[Asked], act: Act) -> list[Answer]:
    """Settle together what can be; where the database refuses, each half for itself."""
    if not group:
        return []
    try:
        return _tried(group, act)
    except (OperationalError, InterfaceError, psycopg.OperationalError):
        raise
    except (Error, psycopg.Error):
        if len(group) == 1:
            detail = "A value is outside what can be stored."
            return [Problem(422, "out_of_range", detail=detail).answer()]
        half = len(group) // 2
        return [*_settled_apart(group[:half], act), *_settled_apart(group[half:], act)]


def _tried(group: Sequence[Asked], act: Act) -> list[Answer]:
    for attempt in range(TRIES):
        try:
            return _settled(group, act, now=timezone.now())
        except _Overtaken:
            if attempt == TRIES - 1:
                raise OperationalError("others keep using the same names") from None
        except (OperationalError, InterfaceError, psycopg.OperationalError):
            connection.close()
            if attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")


@transaction.atomic
def _settled(group: Sequence[Asked], act: Act, *, now: datetime) -> list[Answer]:
    """One transaction: what is stored is answered from there, the rest is done and stored."""
    stored = answers_stored([asked.name for asked in group if asked.name is not None])
    fresh = _firsts(group, stored)
    answers = act([group[place].entry for place in fresh], now=now) if fresh else []
    done = dict(zip(fresh, answers, strict=True))
    kept = {
        name: answer
        for place, answer in done.items()
        # An error changed nothing, and leaves the name free.
        if (name := group[place].name) is not None and answer.status < HTTPStatus.BAD_REQUEST
    }
    if store_answers(kept) < len(kept):
        raise _Overtaken
    for place, answer in done.items():
        if (name := group[place].name) is not None:
            stored[name.row] = Stored(name.fingerprint, answer.status, answer.body.decode())
    return [
        done[place] if place in done else replayed(asked.name, stored[asked.name.row])  # type: ignore[union-attr,arg-type]
        for place, asked in enumerate(group)
    ]


def _firsts(group: Sequence[Asked], stored: Mapping[tuple[int, str], Stored]) -> list[int]:
    """The places of what is to be done: not stored yet, and the first of its name in the group."""
    seen = set(stored)
    places = []
    for place, asked in enumerate(group):
        if asked.name is None:
            places.append(place)
        elif asked.name.row not in seen:
            seen.add(asked.name.row)
            places.append(place)
    return places
