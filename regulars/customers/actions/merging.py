"""What people and sources say of who is one person: same, different, later, and parting again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction

from regulars.company.models import Employee
from regulars.core.errors import Refused
from regulars.core.events import publish
from regulars.core.sql import int_array
from regulars.customers.actions.clustering import recluster
from regulars.customers.actions.identities import known_owners
from regulars.customers.actions.projection import project_profiles
from regulars.customers.acts import Act, acts_upon
from regulars.customers.events import CustomersChanged
from regulars.customers.models import Evidence, Merging
from regulars.customers.models.evidence import CANNOT_LINK, PROBABLE, STATED
from regulars.customers.queries.persons import persons_of
from regulars.customers.rules.identities import normal_value
from regulars.customers.rules.merging import Pair
from regulars.customers.rules.purchases import BY_ID, CustomerRef

SAME, DIFFERENT, LATER = "same", "different", "later"


class Word(NamedTuple):
    """What somebody says of two records: `same`, `different` or `later`."""

    left: int
    right: int
    says: str


@dataclass
class _Changes:
    """What words change in the evidence: stated or not any more, by pair; the later word counts."""

    stated: dict[Pair, str] = field(default_factory=dict)
    withdrawn: dict[Pair, str] = field(default_factory=dict)
    put_off: set[Pair] = field(default_factory=set)

    def hear(self, word: Word, one: Sequence[int], other: Sequence[int]) -> None:
        """Take in a word of two records, of which one belongs to each of these persons."""
        pair = _ordered(word.left, word.right)
        across = [pair] if one == other else _across(one, other)
        if word.says == SAME:
            for each in across:
                self._drop(each, CANNOT_LINK)
            self.stated[pair] = STATED
        elif word.says == DIFFERENT:
            for each in across:
                self._drop(each, STATED)
                self.stated[each] = CANNOT_LINK
        else:
            self.put_off.add(pair)

    def _drop(self, pair: Pair, kind: str) -> None:
        self.withdrawn[pair] = kind
        if self.stated.get(pair) == kind:
            del self.stated[pair]


@transaction.atomic
def decide_pairs(
    words: Sequence[Word], *, by: Employee | None, now: datetime, source: str = ""
) -> list[Refused | None]:
    """Take what was said of pairs of records; gives for each what was wrong with it, or None.

    Same: the two are one person, and an earlier word that they differ is taken back for all records
    of both. Different: never again, whatever evidence comes; of two persons it holds for all
    records of both. Later: the pair goes to the end of the list. The number of statements does not
    depend on how many words there are; persons are those of the beginning.
    """
    persons = persons_of({id_ for word in words for id_ in word[:2]})
    person = {id_: records for records in persons.values() for id_ in records}
    problems = [_problem_of(word, person) for word in words]
    changes = _Changes()
    for word, problem in zip(words, problems, strict=True):
        if problem is None:
            changes.hear(word, person[word.left], person[word.right])
    for kind in (CANNOT_LINK, STATED):
        _withdraw([pair for pair, one in changes.withdrawn.items() if one == kind], kind, now=now)
        pairs = sorted(pair for pair, one in changes.stated.items() if one == kind)
        _state(pairs, kind, by=by, now=now, source=source)
    _put_off(sorted(changes.put_off), now=now)
    touched = changes.stated.keys() | changes.withdrawn.keys()
    _settled({id_ for pair in touched for id_ in pair}, by=by, now=now)
    return problems


def _problem_of(word: Word, known: Collection[int]) -> Refused | None:
    if word.says not in (SAME, DIFFERENT, LATER):
        return Refused("unknown_word", "one of same, different, later", "decision")
    for name, id_ in (("left", word.left), ("right", word.right)):
        if id_ not in known:
            return Refused("unknown_customer", f"no customer has the id {id_}", name)
    if word.left == word.right:
        return Refused("same_record", "two records are needed", "right")
    return None


def _decide(word: Word, *, by: Employee | None, now: datetime, source: str = "") -> None:
    (problem,) = decide_pairs([word], by=by, now=now, source=source)
    if problem is not None:
        raise problem


def say_same(
    left: int, right: int, *, by: Employee | None, now: datetime, source: str = ""
) -> None:
    """Hold two records to be one person because somebody said so; see `decide_pairs`."""
    _decide(Word(left, right, SAME), by=by, now=now, source=source)


def say_different(
    left: int, right: int, *, by: Employee | None, now: datetime, source: str = ""
) -> None:
    """Keep two records apart for good, whatever evidence comes; see `decide_pairs`."""
    _decide(Word(left, right, DIFFERENT), by=by, now=now, source=source)


def say_later(left: int, right: int, *, now: datetime) -> None:
    """Put a doubtful pair at the end of the list; see `decide_pairs`."""
    _decide(Word(left, right, LATER), by=None, now=now)


@transaction.atomic
def take_back(evidence_id: int, *, by: Employee | None, now: datetime) -> tuple[int, int]:
    """Take back what somebody said of two records; gives the two. What else is known counts again."""
    said = Evidence.objects.filter(pk=evidence_id, withdrawn_at=None).exclude(kind=PROBABLE)
    found = said.select_for_update().first()
    if found is None:
        raise Refused("nothing_to_take_back", "nobody said this, or it is taken back", "id")
    pair = (found.left_id, found.right_id)
    _withdraw([pair], found.kind, now=now)
    _settled(set(pair), by=by, now=now)
    return pair


@transaction.atomic
def unmerge(customer_id: int, *, by: Employee | None, now: datetime) -> list[Act]:
    """Part a record from the rest of its person, for good; gives what was really done meanwhile.

    Everything goes back to where it came in, since it never moved. What was sent or spent while
    they were held to be one cannot be taken back: it is listed.
    """
    rest = set(_records(customer_id)) - {customer_id}
    if not rest:
        raise Refused("not_merged", "this record is not merged with another", "customer_id")
    pairs = [_ordered(customer_id, other) for other in sorted(rest)]
    acts = acts_of(customer_id, until=now)
    _withdraw(pairs, STATED, now=now)
    _state(pairs, CANNOT_LINK, by=by, now=now, source="")
    _settled({customer_id, *rest}, by=by, now=now)
    return acts


def acts_of(customer_id: int, *, until: datetime) -> list[Act]:
    """What was really done with the records of a person since this record became part of it."""
    entries = Merging.objects.filter(kind="merge")
    own = entries.filter(customer=customer_id) | entries.filter(lead=customer_id)
    since = own.order_by("-id").values_list("at", flat=True).first()
    return acts_upon(_records(customer_id), since, until) if since else []


@transaction.atomic
def say_alias(
    pairs: Sequence[tuple[CustomerRef, CustomerRef]], *, source: str, now: datetime
) -> set[int]:
    """Hold the owners of each two identities to be one person, as a source says; gives all that moved.

    Identities that nobody has say nothing. The number of statements does not depend on how many.
    """
    normal = {
        ref: CustomerRef(ref.kind, value)
        for pair in pairs
        for ref in pair
        if (value := normal_value(ref.kind, ref.value)) is not None
    }
    owners = known_owners(set(normal.values()))
    found: set[Pair] = set()
    for one, other in pairs:
        left, right = (owners.get(normal.get(ref, ref)) for ref in (one, other))
        if left is not None and right is not None and left != right:
            found.add(_ordered(left, right))
    _state(sorted(found), STATED, by=None, now=now, source=source)
    return _settled({id_ for pair in found for id_ in pair}, by=None, now=now)


def _settled(customer_ids: Collection[int], *, by: Employee | None, now: datetime) -> set[int]:
    moved = recluster(customer_ids, now=now, by=by.pk if by else None) if customer_ids else set()
    if moved:
        project_profiles(moved)
        publish(CustomersChanged(customer_ids=tuple(sorted(moved))))
    return moved


def _records(customer_id: int) -> tuple[int, ...]:
    """All records of the person a record belongs to."""
    for records in persons_of([customer_id]).values():
        return records
    raise Refused("unknown_customer", f"no customer has the id {customer_id}", BY_ID)


def _ordered(left: int, right: int) -> Pair:
    return (left, right) if left < right else (right, left)


def _across(one: Sequence[int], other: Sequence[int]) -> list[Pair]:
    return sorted({_ordered(left, right) for left in one for right in other if left != right})


def _sides(pairs: Sequence[Pair]) -> list[str]:
    return [int_array([pair[0] for pair in pairs]), int_array([pair[1] for pair in pairs])]


def _put_off(pairs: Sequence[Pair], *, now: datetime) -> None:
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE customers_evidence SET put_off_at = %s::timestamptz
            FROM unnest(%s::bigint[], %s::bigint[]) AS given (l, r)
            WHERE left_id = l AND right_id = r AND kind = %s""",
            [now, *_sides(pairs), PROBABLE],
        )


def _withdraw(pairs: Sequence[Pair], kind: str, *, now: datetime) -> None:
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE customers_evidence SET withdrawn_at = %s::timestamptz
            FROM unnest(%s::bigint[], %s::bigint[]) AS given (l, r)
            WHERE left_id = l AND right_id = r AND kind = %s AND withdrawn_at IS NULL""",
            [now, *_sides(pairs), kind],
        )


def _state(
    pairs: Sequence[Pair], kind: str, *, by: Employee | None, now: datetime, source: str
) -> None:
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_evidence AS evidence (left_id, right_id, kind, probability,
                weight, steps, model, source, by_id, at)
            SELECT l, r, %s, 1, 0, '[]', '', %s, %s::bigint, %s::timestamptz
            FROM unnest(%s::bigint[], %s::bigint[]) AS given (l, r) ORDER BY 1, 2
            ON CONFLICT (left_id, right_id, kind) DO UPDATE SET withdrawn_at = NULL,
                by_id = EXCLUDED.by_id, source = EXCLUDED.source, at = EXCLUDED.at""",
            [kind, source, by.pk if by else None, now, *_sides(pairs)],
        )
