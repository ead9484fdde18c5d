"""When rules count, how they stand aside for one another, and what limits leave of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from regulars.loyalty.rules.earning import Earned, EarnRule, RuleBook
from regulars.loyalty.rules.explaining import Explained, explained
from regulars.loyalty.rules.mechanic import mechanics
from regulars.loyalty.rules.memory import Memory
from regulars.loyalty.rules.sales import Sale, SaleLine, Standing, Tender

MONDAY_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")


def rule(number: int, kind: str = "bonus", **settings: Any) -> EarnRule:
    mechanic = mechanics.get(kind).model_validate(settings)
    return EarnRule(number, mechanic, code=f"rule-{number}")


BASE = rule(1, "share_of_purchase")


def sale(total_minor: int = 10_000, at: datetime = MONDAY_NOON, **told: Any) -> Sale:
    return Sale(1, 1, at, total_minor, **told)


def earn(
    *rules: EarnRule, sold: Sale | None = None, member: Standing | None = None
) -> list[Earned]:
    return RuleBook(rules).earn(sold or sale(), member or Standing())


def amounts(
    *rules: EarnRule, sold: Sale | None = None, member: Standing | None = None
) -> list[int]:
    return [one.amount for one in earn(*rules, sold=sold, member=member)]


@pytest.mark.parametrize(
    ("terms", "sold", "member", "counts"),
    [
        ({"weekdays": ["mon"]}, {}, {}, True),
        ({"weekdays": ["tue"]}, {}, {}, False),
        ({"weekdays": ["tue"]}, {"at": MONDAY_NOON + timedelta(hours=10)}, {"zone": MOSCOW}, True),
        ({"hour_from": 12, "hour_to": 13}, {}, {}, True),
        ({"hour_from": 12, "hour_to": 13}, {}, {"zone": MOSCOW}, False),
        ({"hour_from": 13, "hour_to": 12}, {}, {}, False),
        ({"spend_min_minor": 10_000}, {}, {}, True),
        ({"spend_min_minor": 10_001}, {}, {}, False),
        ({"segments": ["vip", "new"]}, {}, {"segments": frozenset({"new"})}, True),
        ({"segments": ["vip"]}, {}, {}, False),
        ({"first_purchase": True}, {}, {}, True),
        ({"first_purchase": True}, {}, {"visits": 1}, False),
        ({"birthday": True}, {}, {"birthday": date(1990, 3, 2)}, True),
        ({"birthday": True, "days_before": 1}, {}, {"birthday": date(1990, 3, 3)}, True),
        ({"birthday": True, "days_after": 1}, {}, {"birthday": date(1990, 3, 3)}, False),
        ({"birthday": True, "days_before": 9}, {}, {}, False),
        ({"when": {"field": "hour", "is": "at_most", "value": 12}}, {}, {}, True),
        ({"when": {"field": "days_from_birthday", "is": "at_most", "value": 3}}, {}, {}, False),
        (
            {"when": {"field": "categories", "is": "has_any", "value": ["Food"]}},
            {"lines": (SaleLine("milk", "Food/Dairy", 1_000, 10_000),)},
            {},
            True,
        ),
    ],
)
def test_terms_decide_whether_a_rule_counts(
    terms: dict[str, Any], sold: dict[str, Any], member: dict[str, Any], counts: bool
) -> None:
    given = amounts(
        BASE, rule(2, points=7, terms=terms), sold=sale(**sold), member=Standing(**member)
    )
    assert given == ([100, 7] if counts else [100])


def test_a_condition_on_an_unknown_field_is_refused_with_its_path() -> None:
    with pytest.raises(ValidationError, match="field"):
        rule(2, terms={"when": {"field": "weather", "is": "equals", "value": "rain"}})


def test_rules_say_what_they_need_and_nothing_more() -> None:
    assert BASE.mechanic.needs == frozenset()
    assert "segments" in rule(2, terms={"segments": ["vip"]}).mechanic.needs
    known = {"when": {"field": "products", "is": "has_any", "value": ["milk"]}}
    assert "lines" in rule(2, terms=known).mechanic.needs
    assert "memory" in rule(2, limits={"day": 5}).mechanic.needs
    assert "memory" not in rule(2, limits={"purchase": 5}).mechanic.needs


def test_of_a_group_the_best_pays_and_other_rules_beside_it() -> None:
    small = rule(2, points=5, group="spring")
    large = rule(3, points=9, group="spring")
    assert amounts(BASE, small, large, rule(4, points=1)) == [100, 9, 1]


def test_of_a_group_the_first_pays_where_it_says_so() -> None:
    small = rule(2, points=5, group="spring", group_takes="first")
    assert amounts(BASE, small, rule(3, points=9, group="spring")) == [100, 5]
    not_today = rule(2, points=5, group="spring", group_takes="first", stores=["S9"])
    assert amounts(BASE, not_today, rule(3, points=9, group="spring")) == [100, 9]


def test_one_multiplier_of_a_group_and_additions_after_it() -> None:
    double = rule(2, "multiplier", factor="2", group="happy")
    triple = rule(3, "multiplier", factor="3", group="happy")
    assert amounts(BASE, double, triple, rule(4, points=1)) == [100, 200, 1]


def test_a_limit_cuts_an_award_and_says_so() -> None:
    (_, cut) = earn(BASE, rule(2, points=80, limits={"purchase": 50}))
    assert (cut.amount, cut.before, cut.capped_by) == (50, 80, "purchase")


def test_limits_of_day_month_and_member_count_what_was_given_before() -> None:
    limited = rule(2, points=40, limits={"day": 50, "month": 70, "member": 75})
    member = Standing(memory=Memory())
    days = [0, 0, 1, 2, 40]
    given = [
        earn(BASE, limited, sold=sale(at=MONDAY_NOON + timedelta(days=day)), member=member)[1]
        for day in days
    ]
    assert [one.amount for one in given] == [40, 10, 20, 0, 5]
    assert [one.capped_by for one in given] == ["", "day", "month", "month", "member"]


def test_limits_hold_for_all_cards_of_a_person() -> None:
    limited = rule(2, points=40, limits={"member": 50})
    first, second = Memory(), Memory()
    first.others, second.others = (second,), (first,)
    assert amounts(BASE, limited, member=Standing(memory=first)) == [100, 40]
    assert amounts(BASE, limited, member=Standing(memory=second)) == [100, 10]


def test_a_budget_is_spent_to_the_last_point_and_no_further() -> None:
    paid = rule(2, points=40, campaign="spring")
    budgets = {"spring": 60}
    given = [earn(BASE, paid, member=Standing(budgets=budgets))[1] for _ in range(3)]
    assert [one.amount for one in given] == [40, 20, 0]
    assert given[2].capped_by == "budget"
    assert budgets == {"spring": 0}
    assert amounts(BASE, paid, member=Standing(budgets={})) == [100, 0]


def test_tenders_earn_unless_a_rule_says_otherwise() -> None:
    sold = sale(tenders=(Tender("gift_card", 4_000),))
    assert amounts(BASE, sold=sold) == [100]
    assert amounts(rule(2, "share_of_purchase", not_paid_by=["gift_card"]), sold=sold) == [60]
    assert amounts(rule(3, "percentage_cashback", not_paid_by=["gift_card"]), sold=sold) == [300]


def test_a_discount_on_the_whole_receipt_does_not_touch_rules_for_some_lines() -> None:
    lines = (SaleLine("milk", "Food", 1_000, 6_000), SaleLine("pan", "Home", 1_000, 4_000))
    sold = sale(9_000, discount_minor=1_000, lines=lines)
    food = rule(2, "share_of_purchase", lines={"categories": ["Food"]})
    assert amounts(BASE, food, sold=sold) == [90, 60]


def test_an_award_says_what_it_is_the_arithmetic_of() -> None:
    (base, more) = earn(BASE, rule(2, "multiplier", factor="1.5"))
    assert (base.basis, more.basis) == (10_000, 100)


def test_a_cut_award_is_explained_with_what_it_would_have_been() -> None:
    cut = Explained(50, "Spring", before=80, capped_by="budget")
    assert explained([cut]) == "50 = 50 Spring (80 before the budget of the campaign)"
