"""What loyalty really did with people: the points they spent."""

from collections.abc import Collection
from datetime import datetime

from django.utils.translation import gettext

from regulars.customers.acts import Act, tells_acts
from regulars.loyalty.measures import amount_of_unit
from regulars.loyalty.models import Redemption

TOLD_MAX = 500


@tells_acts
def points_spent(customer_ids: Collection[int], since: datetime, until: datetime) -> list[Act]:
    """The redemptions of these records within a span that were not undone; 500 at most."""
    spent = Redemption.objects.filter(
        member__customer__in=list(customer_ids),
        undone_at=None,
        redeemed_at__gte=since,
        redeemed_at__lt=until,
    )
    rows = spent.select_related("unit__program", "member").order_by("redeemed_at", "pk")[:TOLD_MAX]
    return [
        Act(
            one.redeemed_at,
            "redemption",
            gettext("Spent with card %(card)s: %(amount)s")
            % {"card": one.member.number, "amount": amount_of_unit(one.amount, one.unit)},
        )
        for one in rows
    ]
