"""Judging which identities many people share, and keeping what that tells of these people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from regulars.core.sql import cursor_for, int_array, text_array
from regulars.customers.actions.comparing import traits_from
from regulars.customers.models import IdentityLimit
from regulars.customers.models.sharing import DEVICE, HOUSEHOLD
from regulars.customers.rules.sharing import (
    BLOCKED,
    CARRIED,
    LIMIT,
    Claimant,
    Limit,
    household_of,
    why_shared,
)

READ_MAX = 40
"""Claimants that are read of an identity over its limit: more of them change nothing."""


@dataclass
class _Judged:
    """An identity that several records claim, and what is to be said of it."""

    id: int
    kind: str
    before: str
    blocked: bool
    claimants: list[Claimant] = field(default_factory=list)

    def shared(self, limits: Mapping[str, Limit]) -> str:
        if self.blocked:
            return BLOCKED
        if self.before == LIMIT and self.is_cut:
            return LIMIT
        return why_shared(self.kind, self.claimants, limits)

    @property
    def is_cut(self) -> bool:
        """Whether there may be more claimants than were read."""
        return len(self.claimants) > READ_MAX

    def members(self, shared: str) -> tuple[str, list[int]]:
        """The relation that sharing makes, with its members; none where it makes none."""
        if not shared or shared == BLOCKED:
            return "", []
        if self.kind in CARRIED:
            return DEVICE, sorted({one.customer_id for one in self.claimants})
        return HOUSEHOLD, household_of(self.claimants)


@dataclass(frozen=True)
class Judgement:
    """The records that share identities with the given ones, and those whose ties changed."""

    crowded: set[int]
    changed: set[int]


def judge_identities(
    customer_ids: Collection[int], *, now: datetime, anew: bool = False
) -> Judgement:
    """Say of every identity of these records whether people share it, and keep their relations.

    With `anew` identities over their limit are read whole. One statement where records share
    nothing, six otherwise.
    """
    judged, limits = _read(customer_ids, anew=anew)
    if not judged:
        return Judgement(set(), set())
    shared = {one.id: one.shared(limits) for one in judged}
    changed = {
        claimant.customer_id
        for one in judged
        if shared[one.id] != one.before
        for claimant in one.claimants
    }
    _write({one.id: shared[one.id] for one in judged if shared[one.id] != one.before})
    _relate(judged, shared, now=now)
    joining = {
        claimant.customer_id
        for one in judged
        if not shared[one.id] and len(one.claimants) > 1
        for claimant in one.claimants
    }
    return Judgement(joining, changed)


def limits_by_kind() -> dict[str, Limit]:
    """The limits that the company set, by kind of identity."""
    return {one.kind: Limit(one.people, one.days) for one in IdentityLimit.objects.all()}


def _read(customer_ids: Collection[int], *, anew: bool) -> tuple[list[_Judged], dict[str, Limit]]:
    """The identities to judge, and the limits of their kinds that the company set."""
    found: dict[int, _Judged] = {}
    limits: dict[str, Limit] = {}
    ids = int_array(customer_ids)
    with cursor_for(len(customer_ids)) as cursor:
        cursor.execute(_CROWDED, [ids, ids, None if anew else READ_MAX + 1, ids])
        for id_, kind, before, blocked, people, days, *told in cursor.fetchall():
            one = found.setdefault(id_, _Judged(id_, kind, before, blocked))
            customer_id, source, said_at, traits = told
            one.claimants.append(Claimant(customer_id, source, said_at, traits_from(traits)))
            if people is not None:
                limits[kind.partition("@")[0]] = Limit(people, days)
    return list(found.values()), limits


_CROWDED = """WITH touched AS (
    SELECT identity_id AS id, customer_id FROM customers_claim WHERE customer_id = ANY(%s::bigint[])
    UNION ALL
    SELECT id, customer_id FROM customers_identity WHERE customer_id = ANY(%s::bigint[])
), crowded AS (
    SELECT DISTINCT identity.id, identity.kind, identity.value, identity.shared,
        identity.customer_id
    FROM touched JOIN customers_identity identity USING (id)
    WHERE identity.shared <> '' OR identity.customer_id <> touched.customer_id
        OR EXISTS (SELECT FROM customers_claim claim WHERE claim.identity_id = identity.id
            AND claim.customer_id <> touched.customer_id)
)
SELECT crowded.id, crowded.kind, crowded.shared,
    EXISTS (SELECT FROM customers_blockedvalue blocked
        WHERE blocked.kind = crowded.kind AND blocked.value = crowded.value),
    most.people, most.days, member.customer_id, member.source, member.said_at, comparable.traits::text
FROM crowded
JOIN LATERAL (
    (SELECT customer_id, source, said_at FROM customers_claim WHERE identity_id = crowded.id
    ORDER BY customer_id DESC LIMIT CASE WHEN crowded.shared = 'limit' THEN %s::int END)
    UNION
    SELECT customer_id, source, said_at FROM customers_claim
    WHERE identity_id = crowded.id AND customer_id = ANY(%s::bigint[])
    UNION ALL
    SELECT crowded.customer_id, '', NULL WHERE NOT EXISTS (SELECT FROM customers_claim
        WHERE identity_id = crowded.id AND customer_id = crowded.customer_id)
) member ON true
LEFT JOIN customers_comparable comparable ON comparable.customer_id = member.customer_id
LEFT JOIN customers_identitylimit most ON most.kind = split_part(crowded.kind, '@', 1)
ORDER BY crowded.id, member.customer_id"""


def _write(shared: Mapping[int, str]) -> None:
    if not shared:
        return
    with cursor_for(len(shared)) as cursor:
        cursor.execute(
            """UPDATE customers_identity identity SET shared = given.shared
            FROM unnest(%s::bigint[], %s::text[]) AS given (id, shared)
            WHERE identity.id = given.id""",
            [int_array(shared), text_array(shared.values())],
        )


def _relate(judged: Sequence[_Judged], shared: Mapping[int, str], *, now: datetime) -> None:
    """Keep the relations that shared identities make, and drop those that do not hold any more."""
    relations: dict[int, tuple[str, list[int]]] = {}
    cut = set()
    for one in judged:
        kind, members = one.members(shared[one.id])
        if len(members) > 1:
            relations[one.id] = kind, members
        if one.is_cut:
            cut.add(one.id)
    if any(one.before for one in judged):
        _drop_members(relations, cut, judged)
    if relations:
        _add_members(relations, now=now)


Relations = Mapping[int, tuple[str, list[int]]]
"""By identity the kind of relation it makes, and its members."""


def _drop_members(relations: Relations, cut: Collection[int], judged: Sequence[_Judged]) -> None:
    rows = [(id_, member) for id_, (_, members) in relations.items() for member in members]
    gone = int_array({one.id for one in judged} - relations.keys())
    with cursor_for(len(judged)) as cursor:
        cursor.execute(
            """DELETE FROM customers_relationmember WHERE id = ANY(ARRAY(
                SELECT member.id FROM customers_relationmember member
                JOIN customers_relation relation ON relation.id = member.relation_id
                WHERE relation.identity_id = ANY(%s::bigint[])
                UNION ALL
                SELECT member.id FROM customers_relationmember member
                JOIN customers_relation relation ON relation.id = member.relation_id
                WHERE relation.identity_id = ANY(%s::bigint[]) AND NOT EXISTS (
                    SELECT FROM unnest(%s::bigint[], %s::bigint[]) AS given (identity, customer)
                    WHERE identity = relation.identity_id AND customer = member.customer_id)))""",
            [
                gone,
                int_array(relations.keys() - set(cut)),
                int_array([row[0] for row in rows]),
                int_array([row[1] for row in rows]),
            ],
        )
        cursor.execute(
            "DELETE FROM customers_relation WHERE identity_id = ANY(%s::bigint[])", [gone]
        )


def _add_members(relations: Relations, *, now: datetime) -> None:
    rows = [(id_, member) for id_, (_, members) in relations.items() for member in members]
    with cursor_for(len(rows)) as cursor:
        cursor.execute(
            """WITH relation AS (
                INSERT INTO customers_relation (kind, identity_id, at)
                SELECT kind, id, %s::timestamptz
                FROM unnest(%s::text[], %s::bigint[]) AS given (kind, id)
                ON CONFLICT (identity_id) DO UPDATE SET kind = EXCLUDED.kind
                RETURNING id, identity_id
            )
            INSERT INTO customers_relationmember (relation_id, customer_id)
            SELECT relation.id, given.customer
            FROM unnest(%s::bigint[], %s::bigint[]) AS given (identity, customer)
            JOIN relation ON relation.identity_id = given.identity
            ON CONFLICT DO NOTHING""",
            [
                now,
                text_array([kind for kind, _ in relations.values()]),
                int_array(relations),
                int_array([row[0] for row in rows]),
                int_array([row[1] for row in rows]),
            ],
        )
