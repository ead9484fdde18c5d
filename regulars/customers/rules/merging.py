"""From evidence to people: which records are one person, which of them leads, and why."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from regulars.customers.matching import Edge, partition

STATED, PROBABLE = "stated", "probable"
EXACT = {"email": "same_email", "phone": "same_phone", "card": "same_card", "id": "same_number"}
SAME_IDENTITY = "same_identity"
"""Reasons for a merge: somebody said so, the model finds it probable, or one identity in common."""

MOVED, SAID_DIFFERENT, NO_EVIDENCE = "moved", "said_different", "no_evidence"
"""Reasons for parting: the person has another leading record now; somebody said they differ; what
held the records together does not hold any more."""

Pair = tuple[int, int]


class Tie(NamedTuple):
    """Certain evidence that two records are one person, with the reason."""

    left: int
    right: int
    reason: str


class Row(NamedTuple):
    """A record as far as it can lead: under which leading record it was, whether it is described."""

    id: int
    lead: int
    described: bool


def reason_of(kind: str) -> str:
    """The reason that an identity of this kind gives for a merge.

    >>> reason_of("id@crm"), reason_of("device")
    ('same_number', 'same_identity')
    """
    return EXACT.get(kind.partition("@")[0], SAME_IDENTITY)


def clusters(
    nodes: Collection[int],
    ties: Iterable[Tie],
    edges: Iterable[Edge],
    apart: Collection[Pair],
) -> list[list[int]]:
    """The records of each person, sorted; the same for every order of the inputs.

    Certain ties join first, what was stated before the rest, but never the two of a pair that is
    apart. What they joined counts as one in weighing probable evidence: a chain of exact
    identities is no chain of chances.
    """
    unit = _units(nodes, ties, apart)
    between = (Edge(unit[left], unit[right], weight) for left, right, weight in edges)
    cannot = {(unit[left], unit[right]) for left, right in apart if unit[left] != unit[right]}
    cluster_of = partition(
        sorted(set(unit.values())), (one for one in between if one.left != one.right), cannot
    )
    members: dict[int, list[int]] = defaultdict(list)
    for node in sorted(nodes):
        members[cluster_of[unit[node]]].append(node)
    return list(members.values())


def linked_groups(nodes: Collection[int], pairs: Iterable[Pair]) -> list[list[int]]:
    """The records that hang together by these pairs, near or far.

    >>> linked_groups([1, 2, 3, 4], [(1, 3), (3, 4)])
    [[1, 3, 4], [2]]
    """
    unit = _units(nodes, (Tie(left, right, "") for left, right in pairs), ())
    members: dict[int, list[int]] = defaultdict(list)
    for node in sorted(nodes):
        members[unit[node]].append(node)
    return list(members.values())


def _units(nodes: Collection[int], ties: Iterable[Tie], apart: Collection[Pair]) -> dict[int, int]:
    enemies: dict[int, set[int]] = defaultdict(set)
    for left, right in apart:
        enemies[left].add(right)
        enemies[right].add(left)
    group_of = {node: {node} for node in nodes}
    order = {(tie.reason != STATED, min(tie[:2]), max(tie[:2])) for tie in ties}
    for _, left, right in sorted(order):
        one, other = sorted((group_of[left], group_of[right]), key=len)
        if one is not other and not any(enemies[node] & other for node in one if node in enemies):
            other |= one
            group_of.update(dict.fromkeys(one, other))
    smallest = {id(group): min(group) for group in group_of.values()}
    return {node: smallest[id(group)] for node, group in group_of.items()}


def leader_of(rows: Sequence[Row]) -> int:
    """The record that leads a cluster: that of the earlier person who has most of its records.

    Records that a source described count before bare ones; of equals the oldest person wins.
    Where the leading record is not in the cluster any more, the oldest of that person's leads.
    """
    having: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        having[row.lead].append(row)
    lead = min(
        having,
        key=lambda one: (-sum(row.described for row in having[one]), -len(having[one]), one),
    )
    ids = {row.id for row in having[lead]}
    if lead in ids:
        return lead
    return min(having[lead], key=lambda row: (not row.described, row.id)).id


def merge_reasons(ties: Iterable[Tie], cluster_of: Mapping[int, int]) -> dict[int, str]:
    """For each record that a certain tie holds in its cluster the reason, a stated one first."""
    reasons: dict[int, str] = {}
    for left, right, reason in sorted(ties, key=lambda tie: (tie.reason != STATED, tie)):
        if cluster_of[left] == cluster_of[right]:
            reasons.setdefault(left, reason)
            reasons.setdefault(right, reason)
    return reasons
