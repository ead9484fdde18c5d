"""Habits over the books: streaks, goals, cashback by visits, friends and acts."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regulars.core.errors import Refused
from regulars.customers.actions import TimelineNote, note_on_timeline
from regulars.customers.actions.returns import record_returns
from regulars.customers.models import Customer, TimelineEntry
from regulars.customers.rules.purchases import ReturnInput, ReturnLineInput
from regulars.loyalty.actions import (
    RuleInput,
    UnitInput,
    add_unit,
    post_returns,
    refer_friend,
    regroup_everywhere,
    reward_acts,
    set_rule,
    take_purchases,
)
from regulars.loyalty.models import Account, Member, Program, Transfer
from regulars.loyalty.queries import audit
from regulars.loyalty.rules.sales import Act
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    return make.program()


def add_rule(program: Program, kind: str, **settings: Any) -> None:
    set_rule(program, RuleInput(kind, kind.title(), kind, settings), now=NOW - timedelta(days=99))


def take(customer: Customer, days: float = 0, total_minor: int = 1_000) -> int:
    """Points beyond those of the base rule, or cashback paid out, for a purchase days ago."""
    receipt = make.receipt(
        customer=customer,
        lines=[make.line(total_minor=total_minor)],
        bought_at=NOW - timedelta(days=days),
    )
    (taken,) = take_purchases([receipt], now=NOW)
    (given,) = taken.receipts
    return given.earned["points"] - total_minor // 100 + sum(given.payouts.values())


def balance(customer: Customer, unit: str = "points") -> int:
    return Account.objects.get(member__customer=customer, unit__code=unit).balance or 0


def test_three_weeks_in_a_row_pay_and_a_missed_week_breaks_the_row(program: Program) -> None:
    add_rule(program, "streak", points=50)
    anna, boris = make.customer("Anna"), make.customer("Boris")
    assert [take(anna, days) for days in (21, 20, 14, 7, 0)] == [0, 0, 0, 50, 0]
    assert [take(boris, days) for days in (28, 21, 7, 0)] == [0, 0, 0, 0]
    assert take(boris, 14) == 50  # a receipt that came late closes the gap
    assert audit(NOW).mismatches == ()


def test_a_goal_is_reached_within_its_days_or_begins_anew(program: Program) -> None:
    add_rule(program, "challenge", points=30, target=2, days=10, again="after_completion")
    anna = make.customer("Anna")
    assert [take(anna, days) for days in (40, 20, 15, 14, 13)] == [0, 0, 30, 0, 30]


def test_cashback_of_visits_is_paid_once_and_beside_what_was_earned(program: Program) -> None:
    add_unit(program, UnitInput("cashback", "Cashback", "money", worth_minor=1))
    add_rule(program, "cashback_by_visits", visits=3)
    anna = make.customer("Anna")
    assert [take(anna, days) for days in (3, 2, 1)] == [0, 0, 300]
    assert balance(anna, "cashback") == 300
    assert Transfer.objects.filter(key__startswith="payout:", accrual=None).count() == 1
    assert audit(NOW).mismatches == ()


def test_cards_of_one_person_keep_one_habit(program: Program) -> None:
    add_rule(program, "streak", points=50)
    anna, other = make.customer("Anna"), make.customer("Anna again")
    take(anna, 14)
    take(other, 7)
    cause = f"merging:{make.merged(anna, other)[-1]}"
    regroup_everywhere([anna.pk, other.pk], cause=cause, now=NOW)
    assert take(other) == 50


def test_a_friend_brings_points_to_both_once(program: Program) -> None:
    add_rule(program, "referral", referrer_points=100, friend_points=40)
    anna, boris = make.customer("Anna"), make.customer("Boris")
    take(anna)
    number = Member.objects.get(customer=anna).number
    before = balance(anna)
    refer_friend(program, boris.pk, number, now=NOW)
    refer_friend(program, boris.pk, number, now=NOW)
    assert [take(boris), take(boris)] == [40, 0]
    assert balance(anna) - before == 100
    assert audit(NOW).mismatches == ()


def test_nobody_brings_oneself_or_who_shops_here_already(program: Program) -> None:
    add_rule(program, "referral", on="joining")
    anna, again, boris = make.customer("Anna"), make.customer("Anna again"), make.customer("Boris")
    take(anna)
    take(boris)
    make.merged(anna, again)
    number = Member.objects.get(customer=anna).number
    for customer, code in (
        (anna, "self_referral"),
        (again, "self_referral"),
        (boris, "shops_already"),
    ):
        with pytest.raises(Refused) as refused:
            refer_friend(program, customer.pk, number, now=NOW)
        assert refused.value.code == code


def answered(customer: Customer, score: int) -> int:
    cause = f"answer:{customer.pk}:{score}"
    body = {"score": score, "text": "great" if score > 8 else "awful"}
    kind = "feedback.answer_received"
    note_on_timeline([TimelineNote(customer.pk, NOW, kind, cause, body, is_act=True)])
    return TimelineEntry.objects.get(kind=kind, cause=cause).pk


def test_an_act_brings_the_same_whatever_was_said_and_once(program: Program) -> None:
    add_rule(program, "points_for_act", points=15, limits={"day": 20})
    people = [make.customer(name) for name in ("Anna", "Boris")]
    for one in people:
        take(one)
    start = [balance(one) for one in people]
    entries = [answered(one, score) for one, score in zip(people, (10, 0), strict=True)]
    with CaptureQueriesContext(connection) as asked:
        reward_acts(entries, now=NOW)
    reward_acts(entries, now=NOW)
    assert [balance(one) - first for one, first in zip(people, start, strict=True)] == [15, 15]
    reads = [one["sql"] for one in asked if "timelineentry" in one["sql"]]
    assert reads
    assert not any("body" in sql for sql in reads)
    assert Act._fields == ("kind", "customer_id", "at")
    reward_acts([answered(people[0], 9)], now=NOW)
    assert balance(people[0]) - start[0] == 20
    assert audit(NOW).mismatches == ()


def give_back(number: str, share_milli: int) -> None:
    told = ReturnInput(
        source="till",
        number=f"back {number} {share_milli}",
        purchase_source="till",
        purchase_number=number,
        returned_at=NOW,
        lines=(ReturnLineInput(1, share_milli),),
    )
    (returned,) = record_returns([told], now=NOW)
    assert returned.refused is None
    for _ in range(2):
        post_returns(return_ids=[returned.return_id], now=NOW)


def visit(customer: Customer, number: str, days: float) -> int:
    receipt = make.receipt(
        number,
        customer=customer,
        lines=[make.line(total_minor=1_000)],
        bought_at=NOW - timedelta(days=days),
    )
    (taken,) = take_purchases([receipt], now=NOW)
    return sum(taken.receipts[0].payouts.values())


def test_goods_of_a_paid_window_take_their_share_back_once(program: Program) -> None:
    add_unit(program, UnitInput("cashback", "Cashback", "money", worth_minor=1))
    add_rule(program, "cashback_by_visits", visits=3)
    anna = make.customer("Anna")
    assert [visit(anna, f"V{day}", day) for day in (3, 2, 1)] == [0, 0, 300]
    give_back("V2", 400)
    assert balance(anna, "cashback") == 260
    give_back("V1", 1_000)
    assert balance(anna, "cashback") == 160
    assert audit(NOW).mismatches == ()


def test_goods_that_come_back_before_the_window_is_paid_leave_a_smaller_visit(
    program: Program,
) -> None:
    add_unit(program, UnitInput("cashback", "Cashback", "money", worth_minor=1))
    add_rule(program, "cashback_by_visits", visits=3)
    anna = make.customer("Anna")
    assert [visit(anna, f"V{day}", day) for day in (5, 4)] == [0, 0]
    give_back("V5", 400)
    give_back("V4", 1_000)
    assert [visit(anna, f"V{day}", day) for day in (3, 2)] == [0, 260]
    assert audit(NOW).mismatches == ()


def test_a_streak_forgets_a_purchase_that_came_back_whole(program: Program) -> None:
    add_rule(program, "streak", points=50)
    anna = make.customer("Anna")
    visit(anna, "W14", 14)
    visit(anna, "W7", 7)
    give_back("W7", 1_000)
    assert take(anna) == 0


def test_goods_of_several_paid_windows_come_back(program: Program) -> None:
    add_unit(program, UnitInput("cashback", "Cashback", "money", worth_minor=1))
    add_rule(program, "cashback_by_visits", visits=2, window="rolling")
    anna = make.customer("Anna")
    assert [visit(anna, f"V{day}", day) for day in (3, 2, 1)] == [0, 100, 100]
    give_back("V2", 1_000)
    assert balance(anna, "cashback") == 100
    assert audit(NOW).mismatches == ()


def test_what_a_window_takes_back_is_not_of_the_purchase_itself(program: Program) -> None:
    add_rule(program, "cashback_by_visits", visits=2, unit="points", basis_points=1_000)
    anna = make.customer("Anna")
    assert [visit(anna, f"V{day}", day) for day in (2, 1)] == [0, 200]
    assert balance(anna) == 220
    give_back("V2", 400)
    assert balance(anna) == 220 - 4 - 40
    give_back("V2", 600)
    assert balance(anna) == 220 - 10 - 100
    assert audit(NOW).mismatches == ()
