"""Rewards: chosen once, counted under lock, handed over step by step, taken back whole."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from regulars.core.errors import Conflict, Refused
from regulars.loyalty.actions.paying import PaymentInput, pay_with_values
from regulars.loyalty.actions.promo_uses import reserve_codes
from regulars.loyalty.actions.promotions import PromotionInput, set_promotion
from regulars.loyalty.actions.rewards import (
    RewardInput,
    advance_orders,
    cancel_order,
    order_reward,
    set_picture,
    set_reward,
)
from regulars.loyalty.models import Account, Lot, Member
from regulars.loyalty.models.rewards import Reward, RewardOrder, RewardStep
from regulars.loyalty.queries import audit
from regulars.loyalty.queries.promo import Basket, GoodsLine
from tests import make
from tests.make import NOW

DAY = timedelta(days=1)


@pytest.fixture
def clean_books(db: None) -> Iterator[None]:
    make.program()
    yield
    assert audit(NOW).mismatches == ()


def reward(code: str = "mug", **told: Any) -> Reward:
    entry = RewardInput(code, **{"kind": "gift", "name": code.title(), "price": 100, **told})
    return set_reward(make.program(), entry, now=NOW)


def chosen(member: Member, of: Reward, key: str = "k") -> RewardOrder:
    return order_reward(member, of, key=key, now=NOW)


def refusal(member: Member, of: Reward, key: str = "k") -> str:
    with pytest.raises(Refused) as refused:
        chosen(member, of, key)
    return refused.value.code


def points(member: Member) -> int | None:
    return Account.objects.get(member=member, unit__code="points").balance


@pytest.mark.usefixtures("clean_books")
class TestChoosing:
    def test_a_reward_is_paid_once_by_its_key(self) -> None:
        anna = make.member(points=250)
        mug = reward(stock=5)
        assert chosen(anna, mug) == chosen(anna, mug)
        assert points(anna) == 150
        assert Reward.objects.get().taken == 1
        with pytest.raises(Conflict):
            chosen(anna, reward("cap"))

    def test_the_tier_decides_the_price(self) -> None:
        anna = make.member(points=120)
        assert anna.tier is not None
        mug = reward(tier_prices={anna.tier.code: 70, "gold": 50})
        assert chosen(anna, mug).price == 70
        dear = reward("cap", tier_prices={"": None})
        assert refusal(make.member(points=20), dear, "second") == ("not_for_this_tier")

    @pytest.mark.parametrize(
        ("told", "reason"),
        [
            ({"stock": 0}, "out_of_stock"),
            ({"is_open": False}, "reward_is_closed"),
            ({"valid_from": NOW + DAY}, "not_yet_valid"),
            ({"valid_to": NOW}, "no_longer_valid"),
            ({"price": 251}, "not_enough_points"),
        ],
    )
    def test_each_obstacle_is_told_and_nothing_is_taken(
        self, told: dict[str, Any], reason: str
    ) -> None:
        anna = make.member(points=250)
        assert refusal(anna, reward(**told)) == reason
        assert points(anna) == 250

    def test_a_member_has_a_limit_which_a_cancelled_order_gives_back(self) -> None:
        anna = make.member(points=250)
        mug = reward(per_member_max=1)
        order = chosen(anna, mug)
        assert refusal(anna, mug, "again") == "member_limit_is_reached"
        cancel_order(order, now=NOW)
        assert chosen(anna, mug, "again").state == "ordered"

    def test_a_free_reward_costs_nothing(self) -> None:
        assert chosen(make.member(), reward(price=0)).redemption is None

    @pytest.mark.parametrize("kind", ["voucher", "gift_card"])
    def test_money_rewards_are_there_at_once_and_taken_back_unused(self, kind: str) -> None:
        anna = make.member(points=250)
        given = reward(kind=kind, amount_minor=500, lives_days=30)
        order = chosen(anna, given)
        assert order.state == "delivered"
        assert order.value is not None
        assert order.value.expires_at == NOW + 30 * DAY
        cancel_order(order, now=NOW)
        used = chosen(anna, given, "used")
        assert used.value is not None
        pay_with_values([PaymentInput("p", used.value.code, 100)], now=NOW)
        with pytest.raises(Refused):
            cancel_order(used, now=NOW)
        assert points(anna) == 150

    def test_a_discount_is_a_code_of_the_members_own(self) -> None:
        anna = make.member(points=250)
        set_promotion(make.program(), PromotionInput("tenth", "A tenth", percent_bp=1_000), now=NOW)
        given = reward(kind="discount", promotion="tenth")
        order, second = chosen(anna, given), chosen(anna, given, "second")
        assert order.promo_code is not None
        goods = [GoodsLine("milk", 1_000)]
        basket = Basket("b", goods, [order.promo_code.code], anna.customer_id)
        (verdict,) = reserve_codes([basket], now=NOW)
        assert not isinstance(verdict, Refused)
        assert verdict.total_minor == 900
        with pytest.raises(Refused, match="reserved"):
            cancel_order(order, now=NOW)
        cancel_order(second, now=NOW)
        assert points(anna) == 150


@pytest.mark.usefixtures("clean_books")
class TestHandingOver:
    def test_an_order_goes_on_and_keeps_its_history(self) -> None:
        anna = make.member(points=250)
        mug = reward()
        orders = [chosen(anna, mug, "a").pk, chosen(anna, mug, "b").pk]
        assert advance_orders(orders, "ready", now=NOW) == orders
        assert advance_orders(orders, "ready", now=NOW) == []
        assert advance_orders(orders[:1], "delivered", now=NOW) == orders[:1]
        assert advance_orders(orders[:1], "ready", now=NOW) == []
        steps = RewardStep.objects.filter(order_id=orders[0]).order_by("id")
        assert list(steps.values_list("state", flat=True)) == ["ordered", "ready", "delivered"]

    def test_a_cancelled_order_gives_points_and_stock_back_once(self) -> None:
        anna = make.member(points=250)
        lots = sorted(Lot.objects.values_list("pk", "remaining"))
        order = chosen(anna, reward(stock=1))
        for _ in range(2):
            assert cancel_order(order, now=NOW + 10 * DAY).state == "cancelled"
        assert sorted(Lot.objects.values_list("pk", "remaining")) == lots
        assert Reward.objects.get().taken == 0
        assert advance_orders([order.pk], "ready", now=NOW) == []

    @pytest.mark.parametrize(
        ("told", "field"),
        [
            ({"kind": "hug"}, "kind"),
            ({"kind": "voucher"}, "amount_minor"),
            ({"kind": "partner"}, "partner"),
            ({"kind": "discount", "promotion": "none"}, "promotion"),
            ({"unit": "status"}, "unit"),
            ({"sku": "none"}, "sku"),
            ({"tier_prices": {"lead": 1}}, "tier_prices"),
        ],
    )
    def test_bad_rewards_name_their_field(self, told: dict[str, Any], field: str) -> None:
        with pytest.raises(Refused) as refused:
            reward(**told)
        assert refused.value.field == field

    def test_only_pictures_are_pictures(self) -> None:
        with pytest.raises(Refused):
            set_picture(reward(), b"<svg/>")


@pytest.mark.django_db(transaction=True)
def test_eight_members_want_the_last_three_pieces() -> None:
    mug = reward(stock=3)
    members = [make.member(points=150) for _ in range(8)]

    def choose(number: int) -> int:
        try:
            return chosen(members[number], mug, f"k{number}").price
        except Refused:
            return 0
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        prices = list(pool.map(choose, range(8)))
    assert sorted(prices) == [0] * 5 + [100] * 3
    assert Reward.objects.get().taken == 3
    assert audit(NOW).mismatches == ()
