"""The lake's upkeep: wishes for newer facts, the run that grants them, and the check."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection

from regulars.insight.lake.checking import mark_differing
from regulars.insight.lake.export import Exported, export_fact
from regulars.insight.lake.fact import facts
from regulars.insight.models import LakePart, LakeRequest, LakeRewrite
from regulars.insight.queries.company import company_zone


def refresh_lake(*, now: datetime, groups: Collection[str] = ()) -> list[Exported]:
    """Brings the facts of these groups up to date, or all facts; says what was written.

    May be repeated and killed at any moment: what was written stays, what was not is written next
    time. Facts are independent; two runs at once take turns fact by fact.
    """
    zone = company_zone()
    wanted = [fact for fact in facts.kinds().values() if not groups or fact.group in groups]
    return [export_fact(fact, zone=zone, now=now) for fact in wanted]


def refresh_facts(names: Collection[str], *, now: datetime) -> list[Exported]:
    """Brings these facts up to date; says what was written."""
    zone = company_zone()
    return [export_fact(facts.get(name), zone=zone, now=now) for name in sorted(names)]


def wish_for(group: str) -> bool:
    """Notes that newer facts are wanted; True for the first who asks since the last run."""
    LakeRequest.objects.get_or_create(group=group)
    asked = LakeRequest.objects.filter(group=group, is_waiting=False).update(is_waiting=True)
    return bool(asked)


def grant_wishes(group: str) -> None:
    """Takes note that a run begins: who asks from now on wants another one."""
    LakeRequest.objects.filter(group=group).update(is_waiting=False)


def rewrite_purchases(purchase_ids: Sequence[int]) -> None:
    """Has the months of voided purchases, their lines and their returns written again."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO insight_lakerewrite (fact, month)
            SELECT DISTINCT fact, to_char(at AT TIME ZONE %(zone)s, 'YYYY-MM') FROM (
                SELECT unnest(ARRAY['purchases', 'lines']) AS fact, bought_at AS at
                FROM customers_purchase WHERE id = ANY(%(ids)s)
                UNION ALL
                SELECT 'returns', returned_at FROM customers_return WHERE purchase_id = ANY(%(ids)s)
            ) touched
            ON CONFLICT DO NOTHING
            """,
            {"zone": company_zone(), "ids": list(purchase_ids)},
        )


def rewrite_fact(name: str) -> None:
    """Has every month of a fact written again by the next run."""
    months = LakePart.objects.filter(fact=name).values_list("month", flat=True).distinct()
    LakeRewrite.objects.bulk_create(
        [LakeRewrite(fact=name, month=month) for month in months], ignore_conflicts=True
    )


def check_lake() -> dict[str, list[str]]:
    """Compares the lake with the database month by month; marks and names the months that differ."""
    zone = company_zone()
    found = {fact.name: mark_differing(fact, zone=zone) for fact in facts.kinds().values()}
    return {name: months for name, months in found.items() if months}
