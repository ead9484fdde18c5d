"""Which anonymous answers may be shown, and together with whom.

Answers that were promised anonymity wait in a box and are taken out in groups only: at least `least`
of one kind that came from one store, or, once their month is over, from stores that had too few. All
that is ever told of an answer besides what was said is its group, so whatever is counted, by store or
days or both, today or again tomorrow, is made of whole groups. Adding and subtracting such figures
gives whole groups again: nobody is found by taking one table from another. A group that is too small
is in no total either, which is what complementary suppression is for.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

LEAST_MIN = 5
"""With fewer than five people a group tells who said what to anybody who knows them."""

LEAST_MAX = 1000


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answer in the box: which one, of which kind, from which store, cast in which month.

    Answers of different kinds can be told apart by other things than what was said, such as the
    version of the survey, so they never make a group together.
    """

    key: Hashable
    kind: Hashable
    store_id: int | None
    month: date


@dataclass(frozen=True, slots=True)
class Group:
    """Answers that are taken out together; `store_id` is None where the store is not told."""

    store_id: int | None
    keys: tuple[Hashable, ...]


def groups_to_open(waiting: Iterable[Waiting], *, least: int, month: date) -> list[Group]:
    """The groups that may be taken out of the box in this month; whoever is in none waits on.

    >>> march, april = date(2026, 3, 1), date(2026, 4, 1)
    >>> box = [Waiting(n, "v1", 7 if n < 6 else 10 + n, march) for n in range(10)]
    >>> groups_to_open(box, least=5, month=march)
    [Group(store_id=7, keys=(0, 1, 2, 3, 4, 5))]
    >>> groups_to_open(box[1:], least=5, month=april)
    [Group(store_id=7, keys=(1, 2, 3, 4, 5))]
    >>> groups_to_open(box[2:], least=5, month=april)
    [Group(store_id=None, keys=(2, 3, 4, 5, 6, 7, 8, 9))]
    """
    by_store: dict[tuple[Hashable, int | None], list[Waiting]] = defaultdict(list)
    for one in waiting:
        by_store[one.kind, one.store_id].append(one)
    groups = []
    left: dict[Hashable, list[Hashable]] = defaultdict(list)
    for (kind, store_id), found in by_store.items():
        if len(found) >= least:
            groups.append(Group(store_id, tuple(one.key for one in found)))
        else:
            left[kind] += [one.key for one in found if one.month < month]
    groups += [Group(None, tuple(keys)) for keys in left.values() if len(keys) >= least]
    return groups


def told_measures(measures: Iterable[Collection[str]], *, least: int) -> frozenset[str]:
    """The measures that are told of a group, given what each of its answers measures.

    A measure that too few of a group answered is told of none of it.

    >>> told_measures([{"nps"}] * 6 + [{"nps", "csat"}] * 4, least=5)
    frozenset({'nps'})
    """
    counts = Counter(name for each in measures for name in each)
    return frozenset(name for name, count in counts.items() if count >= least)


def whole_enough(groups: Sequence[Hashable], is_in: Sequence[bool], *, least: int) -> list[bool]:
    """Which of the rows that are `in` may be counted apart from the others of their group.

    Only where they and the rest of their group are each nobody or enough: otherwise a figure of the
    whole group less one of those who are in would be about too few.

    >>> whole_enough(["a"] * 6, [True] * 5 + [False], least=5)
    [False, False, False, False, False, False]
    >>> whole_enough(["a"] * 5, [True] * 5, least=5)
    [True, True, True, True, True]
    """
    inside, outside = Counter[Hashable](), Counter[Hashable]()
    for group, one in zip(groups, is_in, strict=True):
        (inside if one else outside)[group] += 1
    return [
        one and inside[group] >= least and (not outside[group] or outside[group] >= least)
        for group, one in zip(groups, is_in, strict=True)
    ]
