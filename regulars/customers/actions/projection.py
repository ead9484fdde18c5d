"""Writing the profiles that follow from source records."""

import json
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from regulars.company.actions import add_bare_stores
from regulars.company.queries import stores_by_code
from regulars.core.sql import cursor_for, int_array, json_array, text_array
from regulars.customers.rules.profiles import FACTS, Said, projected_profile

TEXTS = (
    "name",
    "name_ru",
    "email",
    "phone",
    "gender",
    "address",
    "occupation",
    "language",
)


def project_profiles(customer_ids: Collection[int]) -> set[int]:
    """Bring the profiles of these records and of those that lead them up to date with what was said.

    A leading record has the profile of all its person's source records, a merged one that of its
    own. Gives the records whose profile changed. They are locked in the order of their ids, so of
    two sources that speak of one person at the same time the second to write has read what the
    first one said.
    """
    if not customer_ids:
        return set()
    ids = int_array(sorted(customer_ids))
    said: dict[int, list[Said]] = defaultdict(list)
    with cursor_for(len(customer_ids)) as cursor:
        cursor.execute(
            """SELECT id FROM customers_customer WHERE id = ANY(ARRAY(
                SELECT unnest(%s::bigint[]) UNION SELECT merged_into_id FROM customers_customer
                WHERE id = ANY(%s::bigint[]) AND merged_into_id IS NOT NULL))
            ORDER BY id FOR NO KEY UPDATE""",
            [ids, ids],
        )
        locked = {row[0] for row in cursor.fetchall()}
        cursor.execute(_SAID, [int_array(locked), int_array(locked)])
        for customer_id, lead_id, source, said_at, record_id, body, rank in cursor.fetchall():
            record = Said(source, said_at, record_id, _loaded(body), rank)
            for id_ in {customer_id, lead_id} & locked:
                said[id_].append(record)
    return _write({id_: projected_profile(said[id_]) for id_ in sorted(locked)})


_SAID = """SELECT record.customer_id, customer.merged_into_id, record.source, record.said_at, record.id,
    record.body::text, coalesce(ranked.rank, 0)
FROM (SELECT id, merged_into_id FROM customers_customer WHERE id = ANY(%s::bigint[])
    UNION SELECT id, merged_into_id FROM customers_customer
        WHERE merged_into_id = ANY(%s::bigint[])) customer
JOIN customers_sourcerecord record ON record.customer_id = customer.id
LEFT JOIN customers_sourcerank ranked ON ranked.source = record.source"""


def _loaded(body: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(body)
    return facts


def _write(profiles: dict[int, dict[str, Any]]) -> set[int]:
    facts = list(profiles.values())
    traits = [
        {name: value for name, value in profile.items() if name not in FACTS} for profile in facts
    ]
    stores = _stores({code for profile in facts if (code := profile.get("home_store"))})
    with cursor_for(len(profiles)) as cursor:
        cursor.execute(
            _UPDATE,
            [
                int_array(profiles),
                *(text_array([profile.get(name, "") for profile in facts]) for name in TEXTS),
                int_array([profile.get("birth_year") for profile in facts]),
                text_array([profile.get("birthday") for profile in facts]),
                json_array([profile.get("interests", []) for profile in facts]),
                json_array(traits),
                int_array([stores.get(profile.get("home_store", "")) for profile in facts]),
            ],
        )
        return {row[0] for row in cursor.fetchall()}


_COLUMNS = ", ".join((*TEXTS, "birth_year", "birthday", "interests", "traits", "home_store_id"))
_UPDATE = f"""UPDATE customers_customer customer SET ({_COLUMNS}) =
    ({", ".join(f"given.{name}" for name in _COLUMNS.split(", "))})
FROM unnest(%s::bigint[], {"%s::text[], " * len(TEXTS)}%s::smallint[], %s::date[], %s::jsonb[],
    %s::jsonb[], %s::bigint[]) AS given (id, {_COLUMNS})
WHERE customer.id = given.id AND
    ({", ".join(f"customer.{name}" for name in _COLUMNS.split(", "))}) IS DISTINCT FROM
    ({", ".join(f"given.{name}" for name in _COLUMNS.split(", "))})
RETURNING customer.id"""


def _stores(codes: set[str]) -> dict[str, int]:
    if not codes:
        return {}
    known = stores_by_code(codes)
    if unknown := codes - known.keys():
        add_bare_stores(unknown)
        known = stores_by_code(codes)
    return known
