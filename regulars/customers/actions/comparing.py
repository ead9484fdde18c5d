"""Keeping what of records is compared, finding whom they may be, and writing down how probable."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from regulars.core.sql import cursor_for, int_array, json_array, text_array
from regulars.customers.matching import (
    HASH_MAX_SQL,
    MERGE_FROM,
    REVIEW_FROM,
    Comparison,
    Traits,
    block_keys,
    compare,
    default_model,
    key_hash,
    traits_of,
)
from regulars.customers.rules.doubting import doubted
from regulars.customers.rules.profiles import SAMPLE, Said, projected_profile

Pair = tuple[int, int]
Keys = Mapping[int, Sequence[int]]
"""The hashes of the block keys of records."""


class Found(NamedTuple):
    """The records whose evidence for merging changed, and those that are due to be compared anew."""

    changed: set[int]
    crossed: set[int]


class Kept(NamedTuple):
    """The traits of records that differ now, and whether the job is to compare them."""

    traits: dict[int, Traits]
    due: bool


def keep_traits(
    customer_ids: Collection[int],
    *,
    at_once: bool = False,
    known: Mapping[int, Sequence[Said]] | None = None,
) -> Kept:
    """Bring what is compared of these records up to date.

    Generated facts are nobody's: they are compared with nothing. The job will compare what differs,
    unless it shall be `at_once` and nobody else compares at this moment: then the caller does.
    What sources said of records is read where it is not `known`. Two statements at most.
    """
    ids = sorted(customer_ids)
    said = {**_said_of([id_ for id_ in ids if id_ not in (known or {})]), **(known or {})}
    traits = {
        id_: traits_of(projected_profile(one for one in said.get(id_, ()) if one.source != SAMPLE))
        for id_ in ids
    }
    with cursor_for(len(ids)) as cursor:
        cursor.execute(
            """WITH turn AS MATERIALIZED (
                SELECT CASE WHEN %s THEN NOT pg_try_advisory_xact_lock(%s::bigint) ELSE true END AS due
            )
            INSERT INTO customers_comparable (customer_id, traits, due)
            SELECT id, traits, due FROM turn, unnest(%s::bigint[], %s::jsonb[]) AS given (id, traits)
            ON CONFLICT (customer_id) DO UPDATE SET traits = EXCLUDED.traits, due = EXCLUDED.due
            WHERE customers_comparable.traits <> EXCLUDED.traits
            RETURNING customer_id, due""",
            [at_once, TURN, int_array(ids), json_array([_told(one) for one in traits.values()])],
        )
        rows = cursor.fetchall()
    return Kept({id_: traits[id_] for id_, _ in rows}, any(due for _, due in rows))


def wait_to_compare() -> None:
    """Wait until nobody else compares, and keep the others waiting until the transaction ends."""
    with cursor_for(1) as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s::bigint)", [TURN])


TURN = 7_300_144_051
"""The advisory lock of whoever compares: two at once would not see each other's new records."""


def _said_of(customer_ids: Collection[int]) -> dict[int, list[Said]]:
    said: dict[int, list[Said]] = defaultdict(list)
    if not customer_ids:
        return said
    with cursor_for(len(customer_ids)) as cursor:
        cursor.execute(
            """SELECT customer_id, source, said_at, id, body::text FROM customers_sourcerecord
            WHERE customer_id = ANY(%s::bigint[])""",
            [int_array(customer_ids)],
        )
        for customer_id, source, said_at, record_id, body in cursor.fetchall():
            said[customer_id].append(Said(source, said_at, record_id, json.loads(body)))
    return said


def _told(traits: Traits) -> dict[str, str]:
    found = {name: getattr(traits, name) for name in Traits.__slots__}
    return {name: value for name, value in found.items() if value is not None}


def traits_from(text: str | None) -> Traits:
    """The traits kept as JSON; none where nothing is kept."""
    return _kept_traits.decode(text) if text else Traits()


_kept_traits = msgspec.json.Decoder(Traits)


def traits_kept(customer_ids: Collection[int]) -> dict[int, Traits]:
    """What is compared of these records, as far as anything is kept. One statement."""
    with cursor_for(len(customer_ids)) as cursor:
        cursor.execute(
            """SELECT customer_id, traits::text FROM customers_comparable
            WHERE customer_id = ANY(%s::bigint[])""",
            [int_array(customer_ids)],
        )
        return {id_: traits_from(text) for id_, text in cursor.fetchall()}


def find_evidence(traits: Mapping[int, Traits], *, now: datetime) -> Found:
    """Compare these records with all that share a block key, and write down what is probable.

    Evidence of these records that no longer holds goes. Records of a block that has just become
    too large, or small enough again, are due to be compared anew. Four statements at most.
    """
    if not traits:
        return Found(set(), set())
    keys = {id_: [key_hash(key) for key in block_keys(one)] for id_, one in traits.items()}
    blocks = _blocks_of(keys, _keep_keys(keys))
    model = default_model()
    everybody = {**blocks.traits, **traits}
    compared = {
        (left, right): doubted(compare(everybody[left], everybody[right], model))
        for left, right in sorted(blocks.pairs(keys))
        if left in everybody and right in everybody
    }
    probable = {pair: one for pair, one in compared.items() if one.probability >= REVIEW_FROM}
    changed = _write(traits, probable, now=now, version=model.version)
    _mark_due(blocks.crossed)
    return Found(changed, blocks.crossed)


def candidates_of(traits: Mapping[int, Traits]) -> set[Pair]:
    """The pairs of these records with all that share a block with them which is not too large."""
    keys = {id_: [key_hash(key) for key in block_keys(one)] for id_, one in traits.items()}
    return _blocks_of(keys, {}).pairs(keys)


def _keep_keys(keys: Keys) -> dict[int, int]:
    """Keep the block keys of records; says by how many records each key's block has grown."""
    change: dict[int, int] = defaultdict(int)
    rows = [(id_, key) for id_, told in keys.items() for key in told]
    with cursor_for(len(keys)) as cursor:
        cursor.execute(
            """WITH given AS MATERIALIZED (
                SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS given (id, key)
            ), gone AS (
                DELETE FROM customers_blockkey WHERE customer_id = ANY(%s::bigint[])
                AND NOT EXISTS (SELECT FROM given
                    WHERE given.id = customer_id AND given.key = customers_blockkey.key)
                RETURNING key
            ), come AS (
                INSERT INTO customers_blockkey (customer_id, key)
                SELECT id, key FROM given ORDER BY 2, 1
                ON CONFLICT DO NOTHING RETURNING key
            )
            SELECT key, 1 FROM come UNION ALL SELECT key, -1 FROM gone""",
            [
                int_array([row[0] for row in rows]),
                int_array([row[1] for row in rows]),
                int_array(keys),
            ],
        )
        for key, by in cursor.fetchall():
            change[key] += by
    return {key: by for key, by in change.items() if by}


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Who shares a key, where not too many do, and what is compared of the members."""

    members: Mapping[int, Sequence[int]]
    traits: Mapping[int, Traits]
    crossed: set[int]

    def pairs(self, keys: Keys) -> set[Pair]:
        """The pairs of these records with all that share a key with them."""
        return {
            (id_, other) if id_ < other else (other, id_)
            for id_, told in keys.items()
            for key in told
            for other in self.members.get(key, ())
            if other != id_
        }


def _blocks_of(keys: Keys, change: Mapping[int, int]) -> _Blocks:
    """The blocks of these keys after they changed by so many records. One statement.

    A block crosses the largest size where it holds more than that now and did not before, or the
    other way.
    """
    asked = sorted({key for told in keys.values() for key in told} | change.keys())
    members: dict[int, Sequence[int]] = {}
    traits: dict[int, Traits] = {}
    crossed: set[int] = set()
    if not asked:
        return _Blocks(members, traits, crossed)
    with cursor_for(len(keys)) as cursor:
        by = int_array([change.get(key, 0) for key in asked])
        cursor.execute(_BLOCKS, [int_array(asked), by, int_array(keys)])
        for key, most, block, id_, told in cursor.fetchall():
            if block is None:
                traits[id_] = traits_from(told)
                continue
            if len(block) <= most:
                members[key] = block
            if (len(block) > most) != (len(block) - change.get(key, 0) > most):
                crossed.update(block)
    return _Blocks(members, traits, crossed)


_BLOCKS = f"""WITH asked AS (
    SELECT key, {HASH_MAX_SQL.format("key")} AS most, abs(change) AS change
    FROM unnest(%s::bigint[], %s::bigint[]) AS asked (key, change)
), block AS MATERIALIZED (
    SELECT asked.key, asked.most, found.members FROM asked
    JOIN LATERAL (SELECT array_agg(customer_id) AS members FROM (
        SELECT customer_id FROM customers_blockkey WHERE key = asked.key
        LIMIT asked.most + asked.change + 1) AS chosen) found
    ON cardinality(found.members) BETWEEN 1 AND asked.most + asked.change
)
SELECT key, most, members, NULL::bigint, NULL::text FROM block
UNION ALL
SELECT NULL, NULL, NULL, customer_id, traits::text FROM customers_comparable
WHERE customer_id = ANY(ARRAY(
    SELECT DISTINCT member FROM block, unnest(members) AS member WHERE cardinality(members) <= most
)) AND customer_id <> ALL(%s::bigint[])"""


def _write(
    customer_ids: Collection[int],
    probable: Mapping[Pair, Comparison],
    *,
    now: datetime,
    version: str,
) -> set[int]:
    """Write probable evidence of these records; gives those whose evidence for merging changed."""
    pairs = sorted(probable)
    found = [probable[pair] for pair in pairs]
    ids = int_array(customer_ids)
    with cursor_for(len(customer_ids)) as cursor:
        cursor.execute(
            _EVIDENCE,
            [
                int_array([pair[0] for pair in pairs]),
                int_array([pair[1] for pair in pairs]),
                text_array([repr(one.probability) for one in found]),
                text_array([repr(one.weight) for one in found]),
                json_array([_waterfall(one) for one in found]),
                ids,
                ids,
                version,
                now,
            ],
        )
        changed = cursor.fetchall()
    return {id_ for left, right, least in changed if least >= MERGE_FROM for id_ in (left, right)}


_EVIDENCE = """WITH given AS MATERIALIZED (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::float8[], %s::float8[], %s::jsonb[])
        AS given (l, r, probability, weight, steps)
), gone AS (
    DELETE FROM customers_evidence evidence
    WHERE kind = 'probable' AND (left_id = ANY(%s::bigint[]) OR right_id = ANY(%s::bigint[]))
    AND NOT EXISTS (SELECT FROM given WHERE given.l = left_id AND given.r = right_id)
    RETURNING left_id, right_id, probability
), come AS (
    INSERT INTO customers_evidence AS evidence (left_id, right_id, kind, probability, weight,
        steps, model, source, at)
    SELECT l, r, 'probable', probability, weight, steps, %s, '', %s::timestamptz FROM given
    ON CONFLICT (left_id, right_id, kind) DO UPDATE SET probability = EXCLUDED.probability,
        weight = EXCLUDED.weight, steps = EXCLUDED.steps, model = EXCLUDED.model,
        at = EXCLUDED.at
    WHERE (evidence.probability, evidence.model) <> (EXCLUDED.probability, EXCLUDED.model)
    RETURNING left_id, right_id, 1.0::float8 AS probability
)
SELECT * FROM gone UNION ALL SELECT * FROM come"""


def _waterfall(comparison: Comparison) -> list[dict[str, Any]]:
    return [
        {"field": step.field, "level": step.level, "weight": round(step.weight, 2)}
        for step in comparison.steps
    ]


def _mark_due(customer_ids: Collection[int]) -> None:
    if not customer_ids:
        return
    with cursor_for(len(customer_ids)) as cursor:
        cursor.execute(
            """UPDATE customers_comparable SET due = true
            WHERE customer_id = ANY(%s::bigint[]) AND NOT due""",
            [int_array(customer_ids)],
        )


def mark_compared(customer_ids: Collection[int]) -> None:
    """Have these records due no more. One statement."""
    with cursor_for(len(customer_ids)) as cursor:
        cursor.execute(
            """UPDATE customers_comparable SET due = false
            WHERE customer_id = ANY(%s::bigint[]) AND due""",
            [int_array(customer_ids)],
        )
