"""The contact budget for a whole crowd at one moment: the decisions of `budget.decide`, set by set.

One contact of the same kind is wanted with each person. What a rule counts depends on the kind of a
contact (purpose, channel, survey, reminder), so each rule is asked once for each kind, by its own
`is_about`, and what is left is counting rows by person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from regulars.channels.rules.budget import DUPLICATE, Contact, Rule

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FREE = -1
"""In the place of a rule's number: nothing stands against the contact."""

SAME = -2
"""In the place of a rule's number: the same message went out a short while ago."""

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True)
class Past:
    """Contacts with a crowd as columns: whose (a number from 0), when (microseconds), which kind.

    `kinds` holds a contact of each kind; its time means nothing.
    """

    person: Ints
    at: Ints
    kind: Ints
    kinds: Sequence[Contact]


@dataclass(frozen=True)
class Crowd:
    """The people of a plan: how many, their contacts, and whom no rule limits.

    `concerned` says for each rule, by its place, which people it concerns; without an entry all.
    """

    size: int
    past: Past
    unlimited: Flags | None = None
    concerned: dict[int, Flags] | None = None


@dataclass(frozen=True)
class Planned:
    """What becomes of a contact with each person of a crowd.

    `blocked_by` is the number of the rule that is broken first, `FREE` or `SAME`; `is_sent` and
    `is_moved` say whether it goes out now, or later by that rule's delay; neither is a skip.
    """

    blocked_by: Ints
    is_sent: Flags
    is_moved: Flags

    def rule_of(self, person: int, rules: Sequence[Rule]) -> str | None:
        """The id of the rule that stands against the contact with a person, as `decide` names it."""
        number = int(self.blocked_by[person])
        return None if number == FREE else DUPLICATE if number == SAME else rules[number].id


def microseconds(moment: datetime) -> int:
    """A moment with an offset as microseconds since 1970, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def past_of(contacts: Sequence[tuple[int, Contact]]) -> Past:
    """The columns of contacts that are given one by one, each with the number of its person."""
    kinds: dict[Any, int] = {}
    number = [kinds.setdefault(_kind(contact), len(kinds)) for _, contact in contacts]
    found = {place: contact for place, (_, contact) in zip(number, contacts, strict=True)}
    return Past(
        np.array([person for person, _ in contacts], dtype=np.int64),
        np.array([microseconds(contact.at) for _, contact in contacts], dtype=np.int64),
        np.array(number, dtype=np.int64),
        [found[place] for place in range(len(kinds))],
    )


def _kind(contact: Contact) -> tuple[Any, ...]:
    return (
        contact.purpose,
        contact.channel,
        contact.survey,
        contact.message,
        contact.is_reminder,
    )


def plan_contacts(
    wanted: Contact,
    crowd: Crowd,
    rules: Sequence[Rule],
    *,
    duplicate_window: timedelta = timedelta(),
) -> Planned:
    """What becomes of the wanted contact with each person of a crowd; people do not touch each other.

    The time is that of counting the contacts once for each rule that is about the wanted contact.
    """
    at = microseconds(wanted.at)
    blocked = _first_blocker(wanted, crowd, rules, at=at, same_for=duplicate_window)
    is_moved = np.zeros(crowd.size, dtype=np.bool_)
    for number, rule in enumerate(rules):
        if rule.on_excess != "delay" or not (mine := blocked == number).any():
            continue
        later = at + rule.delay // timedelta(microseconds=1)
        then = _first_blocker(wanted, crowd, rules, at=later, same_for=duplicate_window, whom=mine)
        is_moved |= mine & (then == FREE)
    return Planned(blocked, blocked == FREE, is_moved)


def _first_blocker(
    wanted: Contact,
    crowd: Crowd,
    rules: Sequence[Rule],
    *,
    at: int,
    same_for: timedelta,
    whom: Flags | None = None,
) -> Ints:
    """What stands first against the contact at a moment, for each person; others than `whom` may err."""
    past = crowd.past
    rows = past.at <= at
    if whom is not None:
        rows &= whom[past.person]
    person, when, kind = past.person[rows], past.at[rows], past.kind[rows]
    blocked = np.full(crowd.size, FREE, dtype=np.int64)
    if wanted.message:
        same = np.array([one.message == wanted.message for one in past.kinds], dtype=np.bool_)
        span = same_for // timedelta(microseconds=1)
        blocked[person[same[kind] & (when + span > at)]] = SAME
    for number, rule in enumerate(rules):
        if not rule.is_about(wanted):
            continue
        about = np.array([rule.is_about(one) for one in past.kinds], dtype=np.bool_)
        counted = about[kind] & (when + rule.window // timedelta(microseconds=1) > at)
        used = np.bincount(person[counted], minlength=crowd.size)
        full = (used >= rule.max) & (blocked == FREE)
        blocked[_held(full, crowd, number)] = number
    return blocked


def _held(full: Flags, crowd: Crowd, number: int) -> Flags:
    """Those whom the rule really stops: it concerns them, and they are not beyond all rules."""
    if crowd.unlimited is not None:
        full = full & ~crowd.unlimited
    concerned = (crowd.concerned or {}).get(number)
    return full if concerned is None else full & concerned
