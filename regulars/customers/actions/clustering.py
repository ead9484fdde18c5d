"""Bringing merges in line with the evidence, and writing every difference into the ledger."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db import connection

from regulars.core.events import publish
from regulars.core.sql import cursor_for, int_array, text_array
from regulars.customers.actions.comparing import traits_from
from regulars.customers.events import CustomersMerged, CustomersUnmerged
from regulars.customers.matching import MERGE_FROM, Edge, Traits
from regulars.customers.models.evidence import CANNOT_LINK
from regulars.customers.rules.merging import (
    MOVED,
    NO_EVIDENCE,
    PROBABLE,
    SAID_DIFFERENT,
    STATED,
    Pair,
    Row,
    Tie,
    clusters,
    leader_of,
    linked_groups,
    merge_reasons,
    reason_of,
)
from regulars.customers.rules.sharing import pairs_apart


@dataclass(frozen=True)
class Group:
    """Records with all that speaks for and against their being one person.

    `number` gives records numbers by what they are, not by when they came, so that the order of
    arrival decides nothing.
    """

    rows: dict[int, Row]
    number: dict[int, int]
    ties: list[Tie]
    edges: list[Edge]
    cannot: set[Pair]
    traits: dict[int, Traits]

    def people(self) -> list[list[int]]:
        """The records of each person."""
        number = self.number
        node = {place: id_ for id_, place in number.items()}
        stated = {(min(one[:2]), max(one[:2])) for one in self.ties if one.reason == STATED}
        linked = [one[:2] for one in (*self.ties, *self.edges)]
        apart = set(self.cannot)
        for group in linked_groups(self.rows, linked):
            apart |= pairs_apart({id_: self.traits[id_] for id_ in group}) - stated
        found = clusters(
            list(node),
            [Tie(number[left], number[right], reason) for left, right, reason in self.ties],
            [Edge(number[left], number[right], weight) for left, right, weight in self.edges],
            {(min(number[a], number[b]), max(number[a], number[b])) for a, b in apart},
        )
        return [sorted(node[place] for place in cluster) for cluster in found]


def recluster(customer_ids: Collection[int], *, now: datetime, by: int | None = None) -> set[int]:
    """Have merges follow from the evidence again, around these records; gives all whose person changed.

    Only what hangs together with them is read. Leading records are locked with the others in the
    order of their ids, then read again: of two transactions the second sees the first one's work.
    """
    locked = _lock_linked(customer_ids)
    if len(locked) < 2:
        return set()
    group = _read_linked(locked)
    if group.rows.keys() - locked:
        group = _read_linked(_lock_linked(group.rows))
    leads = leads_of(group)
    moved = {id_: lead for id_, lead in leads.items() if group.rows[id_].lead != lead}
    if not moved:
        return set()
    _write(group, leads, moved, now=now, by=by)
    before = {group.rows[id_].lead for id_ in moved}
    return moved.keys() | before | set(moved.values())


def leads_of(group: Group) -> dict[int, int]:
    """The record that leads each record's person, by the evidence."""
    leads: dict[int, int] = {}
    for cluster in group.people():
        lead = leader_of([group.rows[id_] for id_ in cluster])
        leads.update(dict.fromkeys(cluster, lead))
    return leads


_LINKED = """WITH RECURSIVE linked (id) AS (
    SELECT unnest(%s::bigint[])
    UNION
    SELECT next.id FROM linked CROSS JOIN LATERAL (
        SELECT other.customer_id AS id FROM customers_claim claim
            JOIN customers_identity identity
                ON identity.id = claim.identity_id AND identity.shared = ''
            JOIN customers_claim other ON other.identity_id = claim.identity_id
            WHERE claim.customer_id = linked.id
        UNION ALL
        SELECT identity.customer_id FROM customers_claim claim
            JOIN customers_identity identity
                ON identity.id = claim.identity_id AND identity.shared = ''
            WHERE claim.customer_id = linked.id
        UNION ALL
        SELECT claim.customer_id FROM customers_identity identity
            JOIN customers_claim claim ON claim.identity_id = identity.id
            WHERE identity.customer_id = linked.id AND identity.shared = ''
        UNION ALL
        SELECT right_id FROM customers_evidence WHERE left_id = linked.id
            AND kind <> 'cannot_link' AND withdrawn_at IS NULL AND probability >= %s
        UNION ALL
        SELECT left_id FROM customers_evidence WHERE right_id = linked.id
            AND kind <> 'cannot_link' AND withdrawn_at IS NULL AND probability >= %s
        UNION ALL
        SELECT id FROM customers_customer WHERE merged_into_id = linked.id
        UNION ALL
        SELECT merged_into_id FROM customers_customer
            WHERE id = linked.id AND merged_into_id IS NOT NULL
    ) next
)"""
"""These records and all that evidence or an earlier merge links to them, near or far."""


def _lock_linked(customer_ids: Collection[int]) -> set[int]:
    """Lock these records and all that hang together with them, in the order of their ids."""
    with cursor_for(len(customer_ids)) as cursor:
        cursor.execute(
            f"""{_LINKED} SELECT id FROM customers_customer
            WHERE id = ANY(ARRAY(SELECT id FROM linked)) ORDER BY id FOR NO KEY UPDATE""",
            [int_array(customer_ids), MERGE_FROM, MERGE_FROM],
        )
        return {row[0] for row in cursor.fetchall()}


def _read_linked(customer_ids: Collection[int]) -> Group:
    """The group that hangs together with these records. Two statements."""
    with cursor_for(len(customer_ids)) as cursor:
        cursor.execute(
            f"{_LINKED} {_ROWS} ANY(ARRAY(SELECT id FROM linked))",
            [int_array(customer_ids), MERGE_FROM, MERGE_FROM],
        )
        return _group(cursor.fetchall())


def read_group(customer_ids: Collection[int]) -> Group:
    """Records with the evidence among them. Two statements; withdrawn records stand alone."""
    with cursor_for(len(customer_ids)) as cursor:
        cursor.execute(f"{_ROWS} ANY(%s::bigint[])", [int_array(customer_ids)])
        return _group(cursor.fetchall())


_ROWS = """SELECT customer.id, coalesce(merged_into_id, customer.id), record.name,
    coalesce(record.name, (SELECT min(kind || ':' || value) FROM customers_identity
        WHERE customer_id = customer.id), ''),
    comparable.traits::text
FROM customers_customer customer
LEFT JOIN LATERAL (SELECT min(source || ':' || outside_id) AS name
    FROM customers_sourcerecord WHERE customer_id = customer.id) record ON true
LEFT JOIN customers_comparable comparable ON comparable.customer_id = customer.id
WHERE customer.id ="""


def _group(told: Sequence[tuple[Any, ...]]) -> Group:
    rows = {row[0]: Row(row[0], row[1], row[2] is not None) for row in told}
    order = sorted(told, key=lambda row: (row[3], row[0]))
    number = {row[0]: place for place, row in enumerate(order)}
    traits = {row[0]: traits_from(row[4]) for row in told}
    having: dict[tuple[int, str], list[int]] = defaultdict(list)
    ties: list[Tie] = []
    edges: list[Edge] = []
    cannot: set[Pair] = set()
    ids = int_array(rows)
    with cursor_for(len(rows)) as cursor:
        cursor.execute(_BETWEEN, [ids, ids, ids, ids, MERGE_FROM])
        for left, kind, right, probability in cursor.fetchall():
            if probability is None:
                having[left, kind].append(right)
            elif kind == CANNOT_LINK:
                cannot.add((left, right))
            elif kind == STATED:
                ties.append(Tie(left, right, STATED))
            else:
                edges.append(Edge(left, right, probability))
    return Group(rows, number, [*_ties(having, number), *ties], edges, cannot, traits)


_BETWEEN = """SELECT identity.id, identity.kind, claim.customer_id, NULL::float8 AS probability
    FROM customers_claim claim
    JOIN customers_identity identity ON identity.id = claim.identity_id
    WHERE claim.customer_id = ANY(%s::bigint[]) AND identity.shared = ''
UNION
SELECT id, kind, customer_id, NULL::float8 FROM customers_identity
    WHERE customer_id = ANY(%s::bigint[]) AND shared = ''
UNION ALL
SELECT left_id, kind, right_id, probability FROM customers_evidence
    WHERE left_id = ANY(%s::bigint[]) AND right_id = ANY(%s::bigint[])
    AND withdrawn_at IS NULL AND probability >= %s"""
"""Identities with each record that has them, and evidence between records with its probability."""


def _ties(having: Mapping[tuple[int, str], list[int]], number: Mapping[int, int]) -> Iterator[Tie]:
    """The ties between records that have one identity."""
    for (_, kind), members in sorted(having.items()):
        for one, other in _all_pairs(sorted(members, key=number.__getitem__)):
            yield Tie(one, other, reason_of(kind))


PAIRS_MAX = 30


def _all_pairs(members: list[int]) -> list[Pair]:
    """All pairs of a few, so that a cut leaves the others tied; of many each with the next."""
    if len(members) > PAIRS_MAX:
        return list(pairwise(members))
    return [(one, other) for place, one in enumerate(members) for other in members[place + 1 :]]


def _write(
    group: Group,
    leads: Mapping[int, int],
    moved: Mapping[int, int],
    *,
    now: datetime,
    by: int | None,
) -> None:
    parted = {id_: group.rows[id_].lead for id_ in moved if group.rows[id_].lead != id_}
    merged = {id_: lead for id_, lead in moved.items() if lead != id_}
    _point(moved)
    if parted:
        reasons = {id_: _why_parted(group, leads, id_) for id_ in parted}
        publish(CustomersUnmerged(merging_ids=_enter_partings(reasons, now=now, by=by)))
    if merged:
        told = merge_reasons(group.ties, leads)
        reasons = {id_: told.get(id_, PROBABLE) for id_ in merged}
        publish(CustomersMerged(merging_ids=_enter_merges(merged, reasons, now=now, by=by)))


def _why_parted(group: Group, leads: Mapping[int, int], id_: int) -> str:
    before = group.rows[id_].lead
    if leads[id_] == leads[before]:
        return MOVED
    mates = {row.id for row in group.rows.values() if row.lead == before}
    said = any(id_ in pair and mates.issuperset(pair) for pair in group.cannot)
    return SAID_DIFFERENT if said else NO_EVIDENCE


def _point(moved: Mapping[int, int]) -> None:
    with cursor_for(len(moved)) as cursor:
        cursor.execute(
            """UPDATE customers_customer customer SET merged_into_id = nullif(given.lead, given.id)
            FROM unnest(%s::bigint[], %s::bigint[]) AS given (id, lead)
            WHERE customer.id = given.id""",
            [int_array(moved), int_array(moved.values())],
        )


def _enter_partings(
    reasons: Mapping[int, str], *, now: datetime, by: int | None
) -> tuple[int, ...]:
    """Take back the merge of each of these records that holds, by an entry of its own."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_merging (kind, customer_id, lead_id, reason, by_id, at, undoes_id)
            SELECT 'unmerge', merge.customer_id, merge.lead_id, given.reason, %s::bigint,
                %s::timestamptz, merge.id
            FROM unnest(%s::bigint[], %s::text[]) AS given (id, reason)
            JOIN LATERAL (SELECT id, customer_id, lead_id FROM customers_merging
                WHERE customer_id = given.id AND kind = 'merge' ORDER BY id DESC LIMIT 1) merge
                ON NOT EXISTS (SELECT FROM customers_merging WHERE undoes_id = merge.id)
            ORDER BY merge.id RETURNING id""",
            [by, now, int_array(reasons), text_array(reasons.values())],
        )
        return tuple(sorted(row[0] for row in cursor.fetchall()))


def _enter_merges(
    merged: Mapping[int, int], reasons: Mapping[int, str], *, now: datetime, by: int | None
) -> tuple[int, ...]:
    with cursor_for(len(merged)) as cursor:
        cursor.execute(
            """INSERT INTO customers_merging (kind, customer_id, lead_id, reason, by_id, at)
            SELECT 'merge', id, lead, reason, %s::bigint, %s::timestamptz
            FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS given (id, lead, reason)
            ORDER BY id RETURNING id""",
            [
                by,
                now,
                int_array(merged),
                int_array(merged.values()),
                text_array([reasons[id_] for id_ in merged]),
            ],
        )
        return tuple(sorted(row[0] for row in cursor.fetchall()))
