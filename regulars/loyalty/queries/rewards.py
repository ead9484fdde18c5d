"""The catalogue as a member sees it, and what members chose from it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from regulars.loyalty.models import Member
from regulars.loyalty.models.rewards import Reward, RewardOrder, RewardStep
from regulars.loyalty.rules.rewards import Offer, obstacle, price_for


@dataclass(frozen=True)
class Shown:
    """A reward for one member: what it costs them, and why they may not choose it; empty if they may."""

    reward: Reward
    price: int | None
    obstacle: str
    missing: int = 0

    @property
    def left(self) -> int | None:
        """How many there are; None is without limit."""
        stock = self.reward.stock
        return None if stock is None else stock - self.reward.taken


def offer_of(reward: Reward) -> Offer:
    """What the rules need to know of a reward."""
    return Offer(
        reward.price,
        reward.tier_prices,
        reward.stock,
        reward.taken,
        reward.per_member_max,
        reward.valid_from,
        reward.valid_to,
        reward.is_open,
    )


def catalogue_for(
    rewards: Sequence[Reward], member: Member | None, *, now: datetime, points: int | None = None
) -> list[Shown]:
    """The rewards as a member sees them; without one, as a member without a tier would. 3 statements.

    With `points` each also says how many are missing for it.
    """
    tier, chosen, barred = "", dict[int, int](), ""
    if member is not None:
        leader_id = member.led_by_id or member.pk
        leader = Member.objects.select_related("tier").get(pk=leader_id)
        tier = leader.tier.code if leader.tier else ""
        barred = "member_is_frozen" if leader.frozen_at or member.frozen_at else ""
        cards = Member.objects.filter(Q(pk=leader_id) | Q(led_by=leader_id)).values("pk")
        orders = RewardOrder.objects.filter(member__in=cards, reward__in=rewards)
        counted = orders.exclude(state="cancelled").values("reward").annotate(times=Count("id"))
        chosen = {row["reward"]: row["times"] for row in counted}
    return [
        _shown(reward, tier, chosen.get(reward.pk, 0), barred=barred, points=points, now=now)
        for reward in rewards
    ]


def _shown(
    reward: Reward, tier: str, chosen: int, *, barred: str, points: int | None, now: datetime
) -> Shown:
    offer = offer_of(reward)
    price = price_for(offer, tier)
    reason = obstacle(offer, tier, chosen=chosen, now=now) or barred
    missing = max(0, (price or 0) - points) if points is not None else 0
    return Shown(reward, price, reason or ("not_enough_points" if missing else ""), missing)


def steps_of(orders: Sequence[RewardOrder]) -> dict[int, list[RewardStep]]:
    """The steps of each order, oldest first; 1 statement."""
    steps: dict[int, list[RewardStep]] = defaultdict(list)
    rows = RewardStep.objects.filter(order__in=[one.pk for one in orders])
    for step in rows.select_related("employee").order_by("id"):
        steps[step.order_id].append(step)
    return steps
