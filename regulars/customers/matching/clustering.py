"""From pairs to people: clusters of records by the constant Potts model, equal for every order.

A chain of chance agreements must not join two people, so connected components are only the
beginning. Each is split by Leiden's algorithm (Traag, Waltman, van Eck 2019) for the constant
Potts model: a group stays together where its records support each other, with more than
`RESOLUTION` of the highest possible weight between any two parts.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from graspologic_native import leiden

from regulars.customers.matching.scoring import MERGE_FROM

RESOLUTION = 0.3
"""Support that two groups need to be one, as a share of all possible pairs between them."""

_SEED = 20_240_229

Pair = tuple[int, int]


class Edge(NamedTuple):
    """Evidence that two records are one person; 1 where it was stated or is an exact identity."""

    left: int
    right: int
    probability: float


def partition(
    nodes: Iterable[int], edges: Iterable[Edge], cannot: Iterable[Pair] = ()
) -> dict[int, int]:
    """For each node the smallest node of its cluster; the same for every order of the inputs.

    Edges below `MERGE_FROM` do not join. Nodes of a `cannot` pair never share a cluster. Numbers
    of nodes must be the records' own, not those of arrival, for arrival not to matter.

    >>> partition([1, 2, 3, 4], [Edge(3, 2, 0.99), Edge(4, 3, 0.99)], cannot=[(2, 4)])
    {1: 1, 2: 2, 3: 2, 4: 4}
    """
    apart = {ordered(left, right) for left, right in cannot}
    weights = joining_weights(edges, apart)
    leaders = {node: node for node in nodes}
    leaders |= {node: node for pair in weights for node in pair}
    for group, inside in _components(weights):
        for cluster in clusters_of(group, inside, apart):
            leaders.update(dict.fromkeys(cluster, cluster[0]))
    return dict(sorted(leaders.items()))


def joining_weights(edges: Iterable[Edge], apart: set[Pair]) -> dict[Pair, float]:
    """The highest probability of each pair that may join, smaller node first."""
    weights: dict[Pair, float] = {}
    for left, right, probability in edges:
        pair = ordered(left, right)
        if probability >= MERGE_FROM and left != right and pair not in apart:
            weights[pair] = max(probability, weights.get(pair, 0.0))
    return weights


def clusters_of(
    group: Sequence[int], weights: Mapping[Pair, float], apart: set[Pair]
) -> list[list[int]]:
    """The clusters, each sorted, of one connected group (sorted) with the weights inside it."""
    found = [list(group)] if _holds_together(group, weights) else _leiden(group, weights)
    if not apart:
        return found
    return [part for cluster in found for part in _kept_apart(cluster, weights, apart)]


def _holds_together(group: Sequence[int], weights: Mapping[Pair, float]) -> bool:
    """Whether no split can be better: every two records support each other, or two pairs of three."""
    size = len(group)
    return len(weights) == size * (size - 1) // 2 or (
        size == 3 and min(weights.values()) > 2 * RESOLUTION
    )


def _leiden(group: Sequence[int], weights: Mapping[Pair, float]) -> list[list[int]]:
    number = {node: str(index) for index, node in enumerate(group)}
    edges = [
        (number[left], number[right], weight) for (left, right), weight in sorted(weights.items())
    ]
    _, communities = leiden(
        edges, resolution=RESOLUTION, use_modularity=False, seed=_SEED, iterations=4
    )
    clusters: dict[int, list[int]] = defaultdict(list)
    for node in group:
        clusters[communities[number[node]]].append(node)
    return sorted(clusters.values())


def _kept_apart(
    cluster: list[int], weights: Mapping[Pair, float], apart: set[Pair]
) -> list[list[int]]:
    """Joins the strongest pairs first, and none that would bring a cannot-pair together."""
    enemies: dict[int, set[int]] = defaultdict(set)
    members = set(cluster)
    for left, right in apart:
        if left in members and right in members:
            enemies[left].add(right)
            enemies[right].add(left)
    if not enemies:
        return [cluster]
    group_of = {node: {node} for node in cluster}
    inside = [pair for pair in weights if members.issuperset(pair)]
    for left, right in sorted(inside, key=lambda pair: (-weights[pair], pair)):
        one, other = group_of[left], group_of[right]
        if one is not other and not any(enemies[node] & other for node in one):
            one |= other
            group_of.update(dict.fromkeys(other, one))
    return sorted({min(group): sorted(group) for group in group_of.values()}.values())


def _components(weights: Mapping[Pair, float]) -> list[tuple[list[int], dict[Pair, float]]]:
    """Connected groups with the weights inside each."""
    leader: dict[int, int] = {}

    def find(node: int) -> int:
        root = node
        while leader.setdefault(root, root) != root:
            root = leader[root]
        while leader[node] != root:
            leader[node], node = root, leader[node]
        return root

    for left, right in weights:
        one, other = find(left), find(right)
        if one != other:
            leader[max(one, other)] = min(one, other)
    groups: dict[int, list[int]] = defaultdict(list)
    for node in sorted(leader):
        groups[find(node)].append(node)
    inside: dict[int, dict[Pair, float]] = defaultdict(dict)
    for pair, weight in weights.items():
        inside[find(pair[0])][pair] = weight
    return [(groups[root], inside[root]) for root in sorted(groups)]


def ordered(left: int, right: int) -> Pair:
    """The pair with the smaller node first."""
    return (left, right) if left < right else (right, left)
