"""Records resolved one by one or in small batches: the same people as all at once.

What a record can bring together depends on which records there are, never on which came first. A
key that too many share falls away together with the pairs that only it had brought, and only the
connected groups that were touched are clustered again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from regulars.customers.matching.blocking import block_keys, block_max
from regulars.customers.matching.clustering import clusters_of, ordered
from regulars.customers.matching.model import Model
from regulars.customers.matching.scoring import MERGE_FROM, compare
from regulars.customers.matching.traits import Traits, content_of

Pair = tuple[int, int]


class Resolver:
    """People in memory; numbers of records are the records' own.

    >>> from regulars.customers.matching import default_model, traits_of
    >>> resolver = Resolver(default_model())
    >>> ann = {"name": "Ann Cooper", "birthday": "1988-04-07", "phone": "+442079460018"}
    >>> resolver.add({7: traits_of(ann), 9: traits_of(ann | {"name": "Anne Cooper"})})
    >>> resolver.clusters()
    {7: 7, 9: 7}
    """

    def __init__(self, model: Model, cannot: Iterable[Pair] = ()) -> None:
        self._model = model
        self._apart = {ordered(left, right) for left, right in cannot}
        self._traits: dict[int, Traits] = {}
        self._keys: dict[int, tuple[str, ...]] = {}
        self._blocks: defaultdict[str, set[int]] = defaultdict(set)
        self._joined: defaultdict[int, dict[int, float]] = defaultdict(dict)
        self._leaders: dict[int, int] = {}

    def add(self, records: Mapping[int, Traits]) -> None:
        """Take records that are new; the clusters they touch are found again."""
        touched = set(records)
        for number, traits in records.items():
            self._traits[number] = traits
            self._leaders[number] = number
            self._keys[number] = block_keys(traits)
            candidates: set[int] = set()
            for key in self._keys[number]:
                block = self._blocks[key]
                block.add(number)
                if len(block) <= block_max(key):
                    candidates |= block
                elif len(block) == block_max(key) + 1:
                    touched |= self._drop(block)
            self._join(number, candidates - {number})
        self._cluster(touched)

    def clusters(self) -> dict[int, int]:
        """For each record the smallest record of its cluster."""
        return dict(sorted(self._leaders.items()))

    def _join(self, number: int, candidates: set[int]) -> None:
        for other in candidates:
            if ordered(number, other) in self._apart:
                continue
            # The order of the two must not matter to the last bit of a sum.
            low, high = ordered(number, other)
            found = compare(self._traits[low], self._traits[high], self._model).probability
            if found >= MERGE_FROM:
                self._joined[number][other] = self._joined[other][number] = found

    def _drop(self, block: set[int]) -> set[int]:
        """Take back the pairs that only a key had brought which too many share now."""
        touched = set()
        for one in block:
            for other in block & self._joined[one].keys():
                if not self._meet(one, other):
                    del self._joined[one][other], self._joined[other][one]
                    touched |= {one, other}
        return touched

    def _meet(self, one: int, other: int) -> bool:
        common = set(self._keys[one]).intersection(self._keys[other])
        return any(len(self._blocks[key]) <= block_max(key) for key in common)

    def _cluster(self, touched: set[int]) -> None:
        while touched:
            group = self._group(touched.pop())
            touched -= group
            # As in a batch, what records say orders them, for numbers may come in any order.
            nodes = sorted(group, key=lambda node: (content_of(self._traits[node]), node))
            place = {node: index for index, node in enumerate(nodes)}
            weights = {
                ordered(place[one], place[other]): weight
                for one in group
                for other, weight in self._joined[one].items()
                if one < other
            }
            apart = {
                ordered(place[one], place[other])
                for one, other in self._apart
                if one in group and other in group
            }
            for cluster in clusters_of(range(len(nodes)), weights, apart) if weights else [[0]]:
                members = [nodes[index] for index in cluster]
                self._leaders.update(dict.fromkeys(members, min(members)))

    def _group(self, start: int) -> set[int]:
        group, waiting = {start}, [start]
        while waiting:
            new = self._joined[waiting.pop()].keys() - group
            group |= new
            waiting += new
        return group
