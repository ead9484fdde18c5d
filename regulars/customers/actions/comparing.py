"""Keeping what of records is compared, finding whom they may be, and writing down how probable."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from regulars.core.sql import int_array, json_array, text_array
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


def keep_traits(customer_ids: Collection[int]) -> set[int]:
    """Bring what is compared of these records up to date, and say which of them differ now.

    Generated facts are nobody's: they are compared with nothing. Two statements.
    """
    ids = sorted(customer_ids)
    said: dict[int, list[Said]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT customer_id, source, said_at, id, body::text FROM customers_sourcerecord
            WHERE customer_id = ANY(%s::bigint[]) AND source <> %s""",
            [int_array(ids), SAMPLE],
        )
        for customer_id, source, said_at, record_id, body in cursor.fetchall():
            said[customer_id].append(Said(source, said_at, record_id, json.loads(body)))
        told = [_told(traits_of(projected_profile(said[id_]))) for id_ in ids]
        cursor.execute(
            """INSERT INTO customers_comparable (customer_id, traits, due)
            SELECT id, traits, true FROM unnest(%s::bigint[], %s::jsonb[]) AS given (id, traits)
            ON CONFLICT (customer_id) DO UPDATE SET traits = EXCLUDED.traits, due = true
            WHERE customers_comparable.traits <> EXCLUDED.traits
            RETURNING customer_id""",
            [int_array(ids), json_array(told)],
        )
        return {row[0] for row in cursor.fetchall()}


def _told(traits: Traits) -> dict[str, str]:
    found = {name: getattr(traits, name) for name in Traits.__slots__}
    return {name: value for name, value in found.items() if value is not None}


def traits_from(text: str | None) -> Traits:
    """The traits kept as JSON; none where nothing is kept."""
    return Traits(**json.loads(text)) if text else Traits()


def find_evidence(customer_ids: Collection[int], *, now: datetime) -> set[int]:
    """Compare these records with all that share a block key; gives the records whose evidence changed.

    Evidence of these records that no longer holds goes. Records of a block that has just become
    too large, or small enough again, are due to be compared anew. Eight statements at most.
    """
    traits = _traits_of(customer_ids)
    crossed = _keep_keys({id_: block_keys(one) for id_, one in traits.items()})
    pairs = candidates_of(traits)
    others = _traits_of({id_ for pair in pairs for id_ in pair} - traits.keys())
    model = default_model()
    everybody = traits | others
    compared = {
        (left, right): doubted(compare(everybody[left], everybody[right], model))
        for left, right in sorted(pairs)
        if left in everybody and right in everybody
    }
    probable = {pair: one for pair, one in compared.items() if one.probability >= REVIEW_FROM}
    changed = _write(customer_ids, probable, now=now, version=model.version)
    _mark(crossed, due=True)
    _mark(set(customer_ids) - crossed, due=False)
    return changed


def _traits_of(customer_ids: Collection[int]) -> dict[int, Traits]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT customer_id, traits::text FROM customers_comparable
            WHERE customer_id = ANY(%s::bigint[])""",
            [int_array(customer_ids)],
        )
        return {id_: traits_from(text) for id_, text in cursor.fetchall()}


def _keep_keys(keys: Mapping[int, Iterable[str]]) -> set[int]:
    """Keep the block keys of records; gives the records of blocks that crossed the largest size.

    A block crosses it where it holds more than that now and did not before, or the other way.
    """
    rows = [(id_, key_hash(key)) for id_, told in keys.items() for key in told]
    given = [
        int_array(keys),
        int_array([row[0] for row in rows]),
        int_array([row[1] for row in rows]),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH given AS (SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS given (id, key))
            DELETE FROM customers_blockkey USING unnest(%s::bigint[]) AS record (id)
            WHERE customer_id = record.id AND NOT EXISTS (SELECT FROM given
                WHERE given.id = customer_id AND given.key = customers_blockkey.key)
            RETURNING key""",
            [given[1], given[2], given[0]],
        )
        gone = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            """INSERT INTO customers_blockkey (customer_id, key)
            SELECT * FROM unnest(%s::bigint[], %s::bigint[]) ORDER BY 2, 1
            ON CONFLICT DO NOTHING RETURNING key""",
            given[1:],
        )
        come = [row[0] for row in cursor.fetchall()]
    return _crossed(come, gone)


def _crossed(come: list[int], gone: list[int]) -> set[int]:
    change: dict[int, int] = defaultdict(int)
    for key in come:
        change[key] += 1
    for key in gone:
        change[key] -= 1
    moved = {key: by for key, by in change.items() if by}
    if not moved:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT block.members
            FROM (SELECT key, change, {HASH_MAX_SQL.format("key")} AS most
                FROM unnest(%s::bigint[], %s::bigint[]) AS told (key, change)) given
            JOIN LATERAL (SELECT array_agg(customer_id) AS members, count(*) AS size FROM (
                SELECT customer_id FROM customers_blockkey WHERE key = given.key
                LIMIT given.most + abs(given.change) + 1) AS chosen) block
            ON (block.size > given.most) <> (block.size - given.change > given.most)
                AND block.size <= given.most + abs(given.change)""",
            [int_array(moved), int_array(moved.values())],
        )
        return {id_ for (members,) in cursor.fetchall() for id_ in members}


def candidates_of(traits: Mapping[int, Traits]) -> set[Pair]:
    """The pairs of these records with all that share a block with them which is not too large."""
    rows = [(id_, key_hash(key)) for id_, one in traits.items() for key in block_keys(one)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH given AS (SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS given (id, key)),
            block AS (
                SELECT asked.key, found.members
                FROM (SELECT DISTINCT key, {HASH_MAX_SQL.format("key")} AS most FROM given) asked
                JOIN LATERAL (SELECT array_agg(customer_id) AS members FROM (
                    SELECT customer_id FROM customers_blockkey WHERE key = asked.key
                    LIMIT asked.most + 1
                ) AS chosen) found ON cardinality(found.members) BETWEEN 2 AND asked.most
            )
            SELECT DISTINCT least(given.id, member), greatest(given.id, member)
            FROM given JOIN block USING (key), unnest(block.members) AS member
            WHERE member <> given.id""",
            [
                int_array([row[0] for row in rows]),
                int_array([row[1] for row in rows]),
            ],
        )
        return set(cursor.fetchall())


def _write(
    customer_ids: Collection[int],
    probable: Mapping[Pair, Comparison],
    *,
    now: datetime,
    version: str,
) -> set[int]:
    """Write probable evidence of these records; gives those whose evidence for merging changed."""
    pairs = sorted(probable)
    sides = [int_array([pair[0] for pair in pairs]), int_array([pair[1] for pair in pairs])]
    found = [probable[pair] for pair in pairs]
    ids = int_array(customer_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM customers_evidence evidence
            WHERE kind = 'probable' AND (left_id = ANY(%s::bigint[]) OR right_id = ANY(%s::bigint[]))
            AND NOT EXISTS (SELECT FROM unnest(%s::bigint[], %s::bigint[]) AS given (l, r)
                WHERE given.l = left_id AND given.r = right_id)
            RETURNING left_id, right_id, probability""",
            [ids, ids, *sides],
        )
        changed = cursor.fetchall()
        cursor.execute(
            """INSERT INTO customers_evidence AS evidence (left_id, right_id, kind, probability,
                weight, steps, model, source, at)
            SELECT l, r, 'probable', probability, weight, steps, %s, '', %s::timestamptz
            FROM unnest(%s::bigint[], %s::bigint[], %s::float8[], %s::float8[], %s::jsonb[])
                AS given (l, r, probability, weight, steps)
            ON CONFLICT (left_id, right_id, kind) DO UPDATE SET probability = EXCLUDED.probability,
                weight = EXCLUDED.weight, steps = EXCLUDED.steps, model = EXCLUDED.model,
                at = EXCLUDED.at
            WHERE (evidence.probability, evidence.model) <> (EXCLUDED.probability, EXCLUDED.model)
            RETURNING left_id, right_id, 1.0""",
            [
                version,
                now,
                *sides,
                text_array([repr(one.probability) for one in found]),
                text_array([repr(one.weight) for one in found]),
                json_array([_waterfall(one) for one in found]),
            ],
        )
        changed += cursor.fetchall()
    return {id_ for left, right, least in changed if least >= MERGE_FROM for id_ in (left, right)}


def _waterfall(comparison: Comparison) -> list[dict[str, Any]]:
    return [
        {"field": step.field, "level": step.level, "weight": round(step.weight, 2)}
        for step in comparison.steps
    ]


def _mark(customer_ids: Collection[int], *, due: bool) -> None:
    if not customer_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE customers_comparable SET due = %s
            WHERE customer_id = ANY(%s::bigint[]) AND due <> %s""",
            [due, int_array(customer_ids), due],
        )
