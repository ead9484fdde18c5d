"""When an identity belongs to one person, and when many people share it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import combinations
from typing import NamedTuple

from regulars.customers.matching.comparisons import COMPARISONS, DIFFERENT
from regulars.customers.matching.traits import Traits

LIMIT, CONTRADICTION, WEAK, BLOCKED = "limit", "contradiction", "weak", "blocked"
"""Why an identity joins nobody: too many people have it; those who have it contradict each other;
sources that tell people apart name it, as families share phones; the company blocked it."""

CARRIED = frozenset({"device", "anonymous", "advertising", "push"})
"""Kinds that a machine carries, not a person: sharing one makes users of a device."""

HOUSEHOLD_MAX = 12


class Limit(NamedTuple):
    """How many people may have one identity within so many days; None is ever."""

    people: int
    days: int | None = None


LIMITS: dict[str, Limit] = {
    "id": Limit(1),
    "card": Limit(1),
    "phone": Limit(1),
    "email": Limit(5, 365),
    "device": Limit(5, 365),
    "anonymous": Limit(5, 7),
}
"""The limits a company starts with; `id` is the person's number in a source."""

OTHER = Limit(5, 365)
"""The limit of kinds that have none of their own."""


class Claimant(NamedTuple):
    """A record that claims an identity.

    `source` tells people apart by ids of its own and is empty where the record has no such id;
    `said_at` is None for a record that only the identity itself made.
    """

    customer_id: int
    source: str
    said_at: datetime | None
    traits: Traits


def limit_of(kind: str, limits: Mapping[str, Limit]) -> Limit:
    """The limit of a kind; numbers in sources (`id@crm`) have one together."""
    name = kind.partition("@")[0]
    return limits.get(name) or LIMITS.get(name, OTHER)


def why_shared(kind: str, claimants: Sequence[Claimant], limits: Mapping[str, Limit]) -> str:
    """Why the claimants of an identity are not one person by it; empty where they are.

    The same for every order of the claimants.
    """
    if len(claimants) < 2:
        return ""
    limit = limit_of(kind, limits)
    if people_at_once(claimants, days=limit.days) > limit.people:
        return LIMIT
    if any_contradict([one.traits for one in claimants]):
        return CONTRADICTION
    if kind == "phone" and all(one.source for one in claimants):
        return WEAK
    return ""


def people_at_once(claimants: Iterable[Claimant], *, days: int | None) -> int:
    """The most people that one source told apart and that began with the identity within `days`."""
    moments: dict[str, list[datetime]] = defaultdict(list)
    for one in claimants:
        if one.source and one.said_at is not None:
            moments[one.source].append(one.said_at)
    return max((_most_within(sorted(told), days) for told in moments.values()), default=0)


def _most_within(moments: Sequence[datetime], days: int | None) -> int:
    if days is None:
        return len(moments)
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= timedelta(days=days):
            first += 1
        most = max(most, last - first + 1)
    return most


_LEVELS = {compared.name: compared for compared in COMPARISONS}


def _level(name: str, left: Traits, right: Traits) -> str:
    index = _LEVELS[name].level(left, right)
    return _LEVELS[name].names()[index] if index >= 0 else ""


def other_birthday(left: Traits, right: Traits) -> bool:
    """Whether both birthdays are known, and differ by more than a slip of the pen."""
    if left.birthday is None or right.birthday is None:
        return False
    return _level("birthday", left, right) in {"same year", DIFFERENT}


def other_name(left: Traits, right: Traits) -> bool:
    """Whether both first names are known, and neither is a form or an initial of the other."""
    names = [left.formal, right.formal]
    if None in names or (names[0][:1] == names[1][:1] and 1 in {len(name) for name in names}):  # type: ignore[index,arg-type]
        return False
    return _level("first name", left, right) == DIFFERENT


def contradict(left: Traits, right: Traits) -> bool:
    """Whether two records that share an identity are plainly two people.

    >>> ann = Traits(given="ann", formal="ann", birthday="19900101")
    >>> bob = Traits(given="bob", formal="robert")
    >>> contradict(ann, bob), contradict(ann, Traits(given="ann", formal="ann"))
    (True, False)
    """
    if other_birthday(left, right):
        return True
    same_day = left.birthday is not None and left.birthday == right.birthday
    return other_name(left, right) and not same_day


def cannot_be_one(left: Traits, right: Traits) -> bool:
    """Whether nothing but a person's word may join two records: other first name, other birthday."""
    return other_name(left, right) and other_birthday(left, right)


class _Sign(NamedTuple):
    """What of a record can contradict another."""

    given: str | None
    formal: str | None
    surname: str | None
    names: str | None
    birthday: str | None


def _sign(traits: Traits) -> _Sign:
    return _Sign(*(getattr(traits, field) for field in _Sign._fields))


def any_contradict(all_traits: Iterable[Traits]) -> bool:
    """Whether any two of these contradict each other."""
    signs = {_sign(traits): traits for traits in all_traits}
    return any(contradict(left, right) for left, right in combinations(signs.values(), 2))


def pairs_apart(traits: Mapping[int, Traits]) -> set[tuple[int, int]]:
    """The pairs of records, smaller first, that only a person's word may join."""
    having: dict[_Sign, list[int]] = defaultdict(list)
    for node, one in traits.items():
        having[_sign(one)].append(node)
    return {
        (min(left, right), max(left, right))
        for one, other in combinations(having.values(), 2)
        if cannot_be_one(traits[one[0]], traits[other[0]])
        for left in one
        for right in other
    }


def household_of(claimants: Sequence[Claimant]) -> list[int]:
    """Those of the claimants who are one household: same surname, no other address, other first names.

    Empty where fewer than two are, or where so many share the identity that it is no family's.
    """
    if len(claimants) > HOUSEHOLD_MAX:
        return []
    members: set[int] = set()
    for one, other in combinations(claimants, 2):
        left, right = one.traits, other.traits
        same_name = left.surname is not None and left.surname == right.surname
        moved = _level("street", left, right) == DIFFERENT
        if same_name and not moved and contradict(left, right):
            members |= {one.customer_id, other.customer_id}
    return sorted(members)
