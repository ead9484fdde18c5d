"""What the company decided of sources and identities, and what there is to decide about."""

from collections.abc import Collection
from typing import NamedTuple

from django.db import connection

from regulars.core.sql import int_array
from regulars.customers.models import IdentityLimit, SourceRank
from regulars.customers.rules.profiles import CORRECTED, RECORD, SAMPLE
from regulars.customers.rules.sharing import LIMITS, OTHER, Limit

FIXED = (CORRECTED, SAMPLE)
"""Sources whose place nobody changes: corrections come before all others, samples after."""


class Precedence(NamedTuple):
    """Sources in the order in which they are believed, and those that are believed alike."""

    ranked: list[str]
    alike: list[str]


def precedence() -> Precedence:
    """How far sources are believed: the ranked ones first, then the rest, by whoever spoke last."""
    ranked = list(SourceRank.objects.order_by("-rank", "source").values_list("source", flat=True))
    known = _different("customers_sourcerecord", "source")
    return Precedence(ranked, [one for one in known if one not in {*ranked, *FIXED}])


def kinds_known() -> list[str]:
    """The kinds of identity that are on record, by name; what stands for a record is left out."""
    kinds = _different("customers_identity", "kind")
    return [kind for kind in kinds if not kind.startswith(f"{RECORD}@")]


def limits_in_force() -> dict[str, Limit]:
    """The limit of every kind of identity that is known or has a limit of its own, by kind."""
    own = {one.kind: Limit(one.people, one.days) for one in IdentityLimit.objects.all()}
    kinds = {kind.partition("@")[0] for kind in kinds_known()}
    everything = (*LIMITS, *sorted((kinds | own.keys()) - LIMITS.keys()))
    return {kind: own.get(kind) or LIMITS.get(kind, OTHER) for kind in everything}


def claimants_of(identity_ids: Collection[int]) -> dict[int, int]:
    """How many records name each of these identities. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT identity_id, count(*) FROM customers_claim
            WHERE identity_id = ANY(%s::bigint[]) GROUP BY 1""",
            [int_array(identity_ids)],
        )
        return dict(cursor.fetchall())


def _different(table: str, column: str) -> list[str]:
    """The different values of a column that begins an index; one look into it for each value."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH RECURSIVE step (value) AS (
                (SELECT {column} FROM {table} ORDER BY {column} LIMIT 1)
                UNION ALL
                SELECT (SELECT {column} FROM {table} WHERE {column} > step.value
                    ORDER BY {column} LIMIT 1) FROM step WHERE step.value IS NOT NULL
            ) SELECT value FROM step WHERE value IS NOT NULL LIMIT 500"""
        )
        return [row[0] for row in cursor.fetchall()]
