"""How `regulars verify loyalty` reads cases at the edges of what they may say."""

from typing import Any

import pytest

from regulars.loyalty.verify.running import adapters_of, check

pytestmark = pytest.mark.django_db


def obtained(area: str, *asked: str, **given: Any) -> Any:
    """What the product gives for inputs of an area, of the figures asked for."""
    adapters = adapters_of(area)
    assert adapters is not None
    case = {"id": "edge", "given": given, "expect": dict.fromkeys(asked)}
    checked = check(case, adapters)
    assert checked.unread == ()
    return checked.reason or tuple(checked.obtained[name] for name in asked)


def test_what_is_worth_nothing_earns_nothing_and_is_no_error() -> None:
    share = {"unit_minor": 100, "points_per_unit": "0", "point_decimals": 1}
    assert obtained("accrual", "points", policy="proportional", amount_minor=700, **share) == (
        "0.0",
    )
    triple = {"multiplier": "3", "max_multiplier": "4", "max_decimals": 1}
    assert obtained(
        "accrual", "accepted", "points", policy="multiplier", base_points=0, **triple
    ) == (True, 0)
    bonus = {"policy": "addition", "addition_points": 4}
    assert obtained("accrual", "points", base_points=0, base_qualifies=True, **bonus) == (4,)
    assert obtained("accrual", "points", base_points=0, base_qualifies=False, **bonus) == (0,)
    assert obtained(
        "accrual",
        "lines",
        "points",
        policy="round_each_line",
        line_points=["0.04", "0", "7.26"],
        point_decimals=1,
        rounding="half_up",
    ) == (["0.0", "0.0", "7.3"], "7.3")


def test_a_line_without_a_quantity_is_one_and_a_part_of_one_is_paid_in_whole_units() -> None:
    rules = [{"id": "all", "points": 1, "per_minor": 50, "category": None}]
    lines = [{"id": "tea", "unit_minor": 300}, {"id": "cheese", "unit_minor": 401, "qty": "0.5"}]
    assert obtained(
        "accrual",
        "points",
        policy="stacked_rules",
        rounding_scope="line",
        lines=lines,
        rules=rules,
    ) == (6 + 4,)


def test_a_factor_has_only_the_ceiling_that_a_case_names() -> None:
    told = {"policy": "ordered_pipeline", "lines": [{"sku": "S", "unit_minor": 100}]}
    times = [{"id": "t", "sku": "S", "factor": "12", "edited_on": "2026-01-01"}]
    assert obtained("accrual", "points", general={"ratio": "3"}, multipliers=times, **told) == (36,)
    times[0]["factor"] = "0.5"
    assert (
        obtained("accrual", "points", general={"ratio": "3"}, multipliers=times, **told)
        == "no factor 0.5 below one"
    )


def test_a_pipeline_makes_points_whole_at_its_end_only() -> None:
    """7.25 for the tea times two, 3.75 for the cup: no part is lost on the way to 18."""
    assert obtained(
        "accrual",
        "points",
        policy="ordered_pipeline",
        lines=[{"sku": "tea", "unit_minor": 725}, {"sku": "cup", "unit_minor": 375}],
        general={"ratio": "1"},
        multipliers=[{"id": "t", "sku": "tea", "factor": "2", "edited_on": "2026-01-01"}],
    ) == (18,)


def test_part_of_a_purchase_taken_back_takes_part_of_its_stamps() -> None:
    events = [
        {"type": "purchase", "id": "a", "items": 7},
        {"type": "cancel", "id": "a", "items": 3},
        {"type": "cancel", "id": "a"},
        {"type": "cancel", "id": "a"},
    ]
    card = {"policy": "punch_card", "target": 5, "opening_count": 2}
    assert obtained("accrual", "rewards", "counter", events=events[:2], **card) == (1, 1)
    assert obtained("accrual", "rewards", "counter", events=events, **card) == (0, 2)


@pytest.mark.parametrize(
    ("cards", "left"), [([0, 0], 0), ([0, 15], 15), ([-15, 40], 25), ([40, -55], -15)]
)
def test_members_who_have_nothing_or_owe_are_merged_too(cards: list[int], left: int) -> None:
    asked = ("cards", "points")
    assert obtained("accrual", *asked, policy="merge_members", cards=cards) == (1, left)


@pytest.mark.parametrize(
    ("area", "given", "reason"),
    [
        ("expiry", {"policy": "months_round_up", "round_up_to": "week"}, "no round_up_to week"),
        ("discounts", {"policy": "tender", "tax_rounding": "never"}, "no tax_rounding never"),
        ("returns", {"policy": "debt", "opening": 5, "events": [{"lose": 1}]}, "no event lose"),
        ("returns", {"policy": "bill", "step_minor": 1, "events": [{"void": 1}]}, "no event void"),
        ("returns", {"policy": "order_cancel", "mode": "half"}, "no mode half"),
        ("tiers", {"policy": "downgrade", "mode": "two_down"}, "no mode two_down"),
    ],
)
def test_a_way_that_is_not_offered_is_named(area: str, given: dict[str, Any], reason: str) -> None:
    zeros = {"opening": 0, "spent": 0, "earned": 0, "months": 1}
    assert obtained(area, **{**zeros, **given}) == reason


def test_lots_without_an_end_or_a_beginning_of_their_own_are_usable_once_earned() -> None:
    assert obtained(
        "expiry",
        "accepted",
        "left",
        policy="consumption_order",
        lots=[{"id": "a", "earned_on": "2026-02-28", "points": 9}],
        redemption={"date": "2026-02-28", "points": 4},
    ) == (True, [{"id": "a", "points": 5}])


def test_a_member_drawn_from_twice_gets_both_parts_back() -> None:
    drawn = [
        {"member": "eva", "points": 8, "expired_since": 3},
        {"member": "eva", "points": 5},
    ]
    asked = ("usable", "expired")
    assert obtained("returns", *asked, policy="group_reversal", drawn=drawn) == (
        {"eva": 10},
        {"eva": 3},
    )


def test_a_block_gives_nothing_before_it_begins() -> None:
    blocks = [{"id": "may", "starts_on": "2026-05-01", "points": 70}]
    issue = {"issue": 60, "id": "first"}
    told = {"policy": "partner_blocks", "blocks": blocks}
    early, late = {**issue, "on": "2026-04-30"}, {**issue, "on": "2026-05-01"}
    assert obtained("returns", "blocks", events=[early], **told) == ({"may": 70},)
    assert obtained("returns", "blocks", events=[late], **told) == ({"may": 10},)


def test_grants_side_by_side_stay_owed_and_may_be_priced_by_what_they_sell_for() -> None:
    priced = {
        "sales_minor": 900,
        "ssp_goods_minor": 900,
        "point_value_minor": 10,
        "expected_redeemed": 10,
        "periods": [{"redeemed_to_date": 5, "expected_total": 10}],
    }
    two = [
        {"redeemed_to_date": 0, "expected_total": 4},
        {"redeemed_to_date": 4, "expected_total": 4},
    ]
    (periods,) = obtained(
        "liability",
        "periods",
        policy="portfolio",
        grants=[priced, {"points_minor": 60, "periods": two}],
    )
    assert periods == [
        {"revenue_minor": 45, "liability_minor": 45 + 60},
        {"revenue_minor": 60, "liability_minor": 45},
    ]
