"""What loyalty knows for conditions over customers: membership, tier and points."""

from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from regulars.core.conditions.fields import Field
from regulars.customers.knowledge import PERSON, Lake, Persons, Source, know

LOYALTY = _("Loyalty")


def _standings(persons: Persons, now: datetime) -> dict[int, dict[str, Any]]:
    """Of several memberships the first gives the tier, all give their points."""
    del now
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT person.lead_id, (array_agg(tier.code ORDER BY member.id))[1],
                min(member.joined_at), sum(coalesce(purse.points, 0))::bigint
            FROM {PERSON}
            JOIN loyalty_member member ON member.customer_id = person.id
            LEFT JOIN loyalty_tier tier ON tier.id = member.tier_id
            LEFT JOIN LATERAL (SELECT sum(account.balance) AS points FROM loyalty_account account
                JOIN loyalty_unit unit ON unit.id = account.unit_id AND unit.kind = 'spendable'
                WHERE account.member_id = member.id) purse ON true
            GROUP BY person.lead_id""",
            persons.arrays,
        )
        return {
            lead: {
                "is_member": True,
                "tier": tier,
                "joined_at": joined_at.astimezone(UTC),
                "points": points,
            }
            for lead, tier, joined_at, points in cursor.fetchall()
        }


def _standings_in_lake(lake: Lake) -> Any:
    import ibis  # slow to import

    rows = lake.by_person(lake["standings"])
    first = ibis.row_number().over(ibis.window(group_by=rows.person_id, order_by=rows.id)) == 0
    marked = rows.mutate(is_first=first)
    return marked.group_by("person_id").agg(
        is_member=marked.count() > 0,
        tier=marked.tier.max(where=marked.is_first),
        joined_at=marked.joined_at.min(),
        points=marked.points.sum().cast("int64"),
    )


know(
    Source(
        (
            Field("is_member", "boolean", _("Member of a program"), group=LOYALTY),
            Field("tier", "text", _("Tier"), group=LOYALTY),
            Field("points", "integer", _("Points"), group=LOYALTY),
            Field("joined_at", "datetime", _("Joined a program"), group=LOYALTY),
        ),
        _standings,
        _standings_in_lake,
        ("standings", "persons"),
        {"is_member": False, "points": 0},
    )
)
