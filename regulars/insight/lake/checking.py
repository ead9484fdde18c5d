"""Whether the lake holds what PostgreSQL holds, month by month."""

from django.db import connection

from regulars.insight.lake.fact import Fact
from regulars.insight.models import LakeFact, LakePart, LakeRewrite


def differing_months(fact: Fact, *, zone: str) -> list[str]:
    """The months whose settled rows differ from PostgreSQL's by count or by identity of rows."""
    state = LakeFact.objects.filter(name=fact.name).first()
    if fact.is_snapshot or state is None:
        return []
    here = _in_lake(fact)
    there = _in_database(fact, zone=zone, settled_id=state.settled_id)
    return sorted(month for month in here | there if here.get(month) != there.get(month))


def mark_differing(fact: Fact, *, zone: str) -> list[str]:
    """Has the months that differ written again by the next run; says which."""
    months = differing_months(fact, zone=zone)
    LakeRewrite.objects.bulk_create(
        [LakeRewrite(fact=fact.name, month=month) for month in months], ignore_conflicts=True
    )
    return months


def _in_lake(fact: Fact) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    parts = LakePart.objects.filter(fact=fact.name, is_settled=True)
    for month, rows, mix in parts.values_list("month", "rows", "mix"):
        before = found.get(month, (0, 0))
        found[month] = (before[0] + rows, before[1] ^ mix)
    return found


def _in_database(fact: Fact, *, zone: str, settled_id: int) -> dict[str, tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT to_char({fact.day}, 'YYYY-MM'), count(*), bit_xor(id) FROM ({fact.rows}) fact"
            " WHERE id <= %(settled_id)s GROUP BY 1",
            {"zone": zone, "settled_id": settled_id},
        )
        return {month: (rows, mix) for month, rows, mix in cursor.fetchall()}
