"""The demo company's rewards: each can be chosen, and the same day chooses the same again."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from regulars.cli.demo.catalogue import BY_COUPONS, REWARDS, order_rewards, set_up_catalogue
from regulars.cli.demo.company import set_up_program
from regulars.loyalty.actions import enrol_members, take_purchases
from regulars.loyalty.models import Campaign, RewardOrder, Rule
from tests import make

pytestmark = pytest.mark.django_db


def coupons(path: Path, *counts: int) -> Path:
    """The days of one household's coupons, as the demo's files have them."""
    days = ", ".join(
        f"(7, {count}, TIMESTAMP '{make.NOW - timedelta(days=place):%Y-%m-%d %H:%M}')"
        for place, count in enumerate(counts)
    )
    duckdb.execute(
        f"COPY (SELECT * FROM (VALUES {days}) told(household, coupons, redeemed_at))"
        f" TO '{path}' (FORMAT parquet)"
    )
    return path


def test_members_choose_by_their_coupons_and_the_oldest_are_handed_over(tmp_path: Path) -> None:
    began_at = make.NOW - timedelta(days=30)
    program = set_up_program(began_at=began_at)
    set_up_catalogue(program, now=began_at)
    anna = make.record("completejourney", "7")
    enrol_members(program=program, joining={anna.pk: began_at}, now=began_at)
    bought = make.receipt(
        customer=anna, lines=[make.line(total_minor=5_000_00)], bought_at=began_at
    )
    take_purchases([bought], now=began_at)
    days = coupons(tmp_path / "days.parquet", *[least for least, _ in BY_COUPONS])
    assert order_rewards(program, days, now=make.NOW) == len(REWARDS)
    assert order_rewards(program, days, now=make.NOW) == len(REWARDS)
    orders = RewardOrder.objects.order_by("-ordered_at")
    assert [one.reward.code for one in orders] == [code for _, code in BY_COUPONS]
    # Money off is there at once; of the rest those of today and yesterday wait.
    assert Counter(orders.values_list("state", flat=True)) == {"ordered": 2, "delivered": 4}


def test_a_partner_and_a_campaign_pay_for_rules_of_their_own() -> None:
    program = set_up_program(began_at=make.NOW)
    set_up_catalogue(program, now=make.NOW)
    set_up_catalogue(program, now=make.NOW)
    paid = {rule.code: rule.settings for rule in Rule.objects.filter(in_force_to=None)}
    assert paid["fuel"]["partner"] == "Northway Fuel"
    assert paid["coffee"]["campaign"] == Campaign.objects.get().code
