"""What points of the demo company's program buy, who pays for some of them, and who chose what."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

import duckdb

from regulars.core.errors import Refused
from regulars.customers.models import Identity
from regulars.loyalty.actions.campaigns import CampaignInput, open_campaign
from regulars.loyalty.actions.partners import PartnerInput, set_partner
from regulars.loyalty.actions.programs import RuleInput, set_rule
from regulars.loyalty.actions.promotions import PromotionInput, set_promotion
from regulars.loyalty.actions.rewards import (
    RewardInput,
    advance_orders,
    order_reward,
    set_reward,
)
from regulars.loyalty.models import Member, Program
from regulars.loyalty.models.rewards import Reward, RewardOrder

FUEL = PartnerInput("Northway Fuel", issue_price_minor=1, redeem_price_minor=1)
"""It buys each point that is earned with it for a cent, and is paid as much for each spent with it."""

CAMPAIGN = ("coffee-year", CampaignInput("Coffee all year", "points", 200_000, "Год кофе"))

RULES = (
    RuleInput(
        "coffee",
        "20 points for coffee",
        "points_per_item",
        {"points": "20", "campaign": "coffee-year", "lines": {"categories": ["Grocery/Coffee"]}},
        "20 баллов за кофе",
        position=60,
    ),
    RuleInput(
        "fuel",
        "A point for each two dollars of fuel",
        "share_of_purchase",
        {"per_minor": 200, "partner": FUEL.name, "lines": {"categories": ["Fuel"]}},
        "Балл за каждые два доллара топлива",
        position=70,
    ),
)

TWO_OFF = PromotionInput(
    "two-off", "2 dollars off", "Скидка 2 доллара", amount_minor=200, basket_min_minor=1_000
)

REWARDS = (
    RewardInput(
        "coffee",
        "gift",
        "A cup of coffee",
        50,
        "Чашка кофе",
        "In the café of every store, any size.",
        "В кафе любого магазина, любого размера.",
        "Treats",
        "Угощения",
        position=10,
    ),
    RewardInput(
        "bread",
        "gift",
        "A loaf of fresh bread",
        100,
        "Буханка свежего хлеба",
        "From our own bakery.",
        "Из нашей пекарни.",
        "Treats",
        "Угощения",
        position=20,
    ),
    RewardInput(
        "two-off",
        "discount",
        "2 dollars off a basket",
        200,
        "Скидка 2 доллара на корзину",
        "For one basket of 10 dollars or more.",
        "На одну корзину от 10 долларов.",
        "Money off",
        "Скидки",
        promotion=TWO_OFF.code,
        position=30,
    ),
    RewardInput(
        "five",
        "voucher",
        "A voucher of 5 dollars",
        450,
        "Ваучер на 5 долларов",
        "Lives for 60 days.",
        "Действует 60 дней.",
        "Money off",
        "Скидки",
        tier_prices={"gold": 420, "platinum": 400},
        amount_minor=500,
        lives_days=60,
        position=40,
    ),
    RewardInput(
        "wash",
        "partner",
        "A car wash",
        600,
        "Мойка машины",
        "At any station of Northway Fuel.",
        "На любой станции Northway Fuel.",
        "From our partners",
        "От партнёров",
        partner=FUEL.name,
        position=50,
    ),
    RewardInput(
        "hamper",
        "gift",
        "A hamper of local cheese",
        900,
        "Корзина местных сыров",
        "For Gold and Platinum; we make forty a year.",
        "Для Золотого и Платинового уровней; всего сорок штук в год.",
        "Treats",
        "Угощения",
        tier_prices={"": None, "green": None, "silver": None},
        stock=40,
        per_member_max=1,
        position=60,
    ),
)

BY_COUPONS = ((1, "coffee"), (2, "bread"), (4, "two-off"), (6, "five"), (9, "wash"), (14, "hamper"))
"""What a household with so many coupons of the data on a day is taken to have chosen on it."""

FETCHED_AFTER = timedelta(days=2)
"""What was ordered later than so long ago still waits to be handed over."""


def set_up_catalogue(program: Program, *, now: datetime) -> None:
    """A partner and a campaign with their rules, from the program's beginning, and the rewards."""
    set_partner(program, FUEL, now=now)
    code, campaign = CAMPAIGN
    open_campaign(program, code, campaign, now=now)
    for rule in RULES:
        set_rule(program, rule, now=now)
    set_promotion(program, TWO_OFF, now=now)
    for reward in REWARDS:
        set_reward(program, reward, now=now)


def order_rewards(program: Program, path: Path, *, now: datetime) -> int:
    """Rewards on the days of real coupons, the more the dearer; how many were ordered.

    A member without enough points, or of a tier that a reward is not for, keeps the points.
    """
    rows = duckdb.execute(f"SELECT household, coupons, redeemed_at FROM '{path}'").fetchall()
    members = _members_by_household(program)
    rewards = {reward.code: reward for reward in Reward.objects.filter(program=program)}
    ordered: list[RewardOrder] = []
    for household, coupons, redeemed_at in rows:
        member = members.get(str(household))
        if member is None:
            continue
        at = redeemed_at.replace(tzinfo=UTC)
        place = bisect_right(BY_COUPONS, coupons, key=lambda least: least[0])
        reward = rewards[BY_COUPONS[place - 1][1]]
        try:
            ordered.append(
                order_reward(member, reward, key=f"coupon:{household}:{at:%Y%m%d}", now=at)
            )
        except Refused:
            continue
    for ordered_at, orders in groupby(ordered, key=lambda order: order.ordered_at):
        if (fetched_at := ordered_at + FETCHED_AFTER) < now:
            advance_orders([order.pk for order in orders], "delivered", now=fetched_at)
    return len(ordered)


def _members_by_household(program: Program) -> dict[str, Member]:
    members = {member.customer_id: member for member in Member.objects.filter(program=program)}
    return {
        value: members[customer_id]
        for customer_id, value in Identity.objects.filter(kind="id@completejourney").values_list(
            "customer_id", "value"
        )
        if customer_id in members
    }
