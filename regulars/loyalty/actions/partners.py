"""Partners: at which prices points are settled with them, and months that are closed for good."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from regulars.core.errors import Refused
from regulars.loyalty.models import Partner, PartnerStatement, Program
from regulars.loyalty.queries.partners import bounds_of, moved_by_month
from regulars.loyalty.rules.partners import owed_minor

NAME_MAX = 100
PRICE_MAX = 10**9

SETTLES_AFTER = timedelta(hours=1)
"""So long after its end a month can be closed: what was posted in its last second is in by then."""


@dataclass(frozen=True)
class PartnerInput:
    """A partner, by the name that rules and rewards have for it, and its prices of a point."""

    name: str
    issue_price_minor: int
    redeem_price_minor: int


@transaction.atomic
def set_partner(program: Program, entry: PartnerInput, *, now: datetime) -> Partner:
    """The partner of that name with these prices, which hold for all months not closed yet."""
    name = entry.name.strip()
    if not 0 < len(name) <= NAME_MAX:
        raise Refused("bad_name", f"a name has 1 to {NAME_MAX} letters", "name")
    for field in ("issue_price_minor", "redeem_price_minor"):
        if not 0 <= getattr(entry, field) <= PRICE_MAX:
            raise Refused("out_of_range", "a price is from 0 to a thousand million", field)
    partner, _ = Partner.objects.update_or_create(
        program=program,
        name=name,
        defaults={
            "issue_price_minor": entry.issue_price_minor,
            "redeem_price_minor": entry.redeem_price_minor,
        },
        create_defaults={
            "issue_price_minor": entry.issue_price_minor,
            "redeem_price_minor": entry.redeem_price_minor,
            "made_at": now,
        },
    )
    return partner


@transaction.atomic
def close_month(
    partner: Partner, month: date, *, now: datetime, by: int | None = None
) -> list[PartnerStatement]:
    """The statements of a month with a partner, one for each unit, closed for good.

    Closed again, they are as they were. `Refused` before the month has been over for an hour, or
    where nothing moved in it.
    """
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    month = month.replace(day=1)
    rows = PartnerStatement.objects.filter(partner=partner, month=month).order_by("unit_id")
    if known := list(rows):
        return known
    since, until = bounds_of(month)
    if now < until + SETTLES_AFTER:
        raise Refused("month_is_running", "a month is closed an hour after its end", "month")
    moved = {unit: one for (_, unit, at), one in moved_by_month([partner]).items() if at == month}
    if not moved:
        raise Refused("nothing_to_settle", "no points moved with this partner then", "month")
    prices = {
        "issue_price_minor": partner.issue_price_minor,
        "redeem_price_minor": partner.redeem_price_minor,
    }
    return list(
        PartnerStatement.objects.bulk_create(
            PartnerStatement(
                partner=partner,
                unit_id=unit_id,
                month=month,
                starts_at=since,
                ends_at=until,
                **one._asdict(),
                **prices,
                owed_minor=owed_minor(one, **prices),
                closed_by_id=by,
                closed_at=now,
            )
            for unit_id, one in sorted(moved.items())
        )
    )
