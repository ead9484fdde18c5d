"""Posting purchases: once, in any grouping, at any time, for anybody."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regulars.core.errors import Refused
from regulars.customers.actions import CustomerRef, PurchaseInput
from regulars.customers.models import Identity
from regulars.loyalty.actions import (
    RuleInput,
    UnitInput,
    enrol_members,
    expire_points,
    redeem_points,
    set_rule,
    take_purchases,
)
from regulars.loyalty.models import Account, Accrual, Lot, Member, Program, TierChange, Transfer
from regulars.loyalty.queries import audit
from regulars.loyalty.rules.expiry import Expiry
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    return make.program()


def buy(
    total_minor: int = 2_000, number: str = "", card: str = "111", **told: object
) -> PurchaseInput:
    return make.receipt(number, card=card, lines=[make.line(total_minor=total_minor)], **told)  # type: ignore[arg-type]


def take(*receipts: PurchaseInput) -> list[dict[str, int]]:
    taken = take_purchases(receipts, now=NOW)
    return [dict(one.receipts[0].earned) if one.receipts else {} for one in taken]


def balance(unit: str = "points", card: str = "111") -> int:
    return Account.objects.get(unit__code=unit, member__customer__in=_owners(card)).balance or 0


def _owners(card: str) -> list[int]:
    return list(Identity.objects.filter(value=card).values_list("customer_id", flat=True))


def assert_clean() -> None:
    assert audit(NOW).mismatches == ()


def test_a_purchase_earns_points_and_says_the_way_to_the_next_tier(program: Program) -> None:
    (taken,) = take_purchases([buy(2_000)], now=NOW)
    (receipt,) = taken.receipts
    assert receipt.earned == {"points": 20, "status": 20}
    assert receipt.balances == {"points": 20, "status": 20}
    assert (receipt.tier, receipt.next_tier, receipt.missing) == ("", "silver", 80)
    assert receipt.member == Member.objects.get().number
    assert_clean()


def test_a_repeated_purchase_changes_nothing_and_gets_the_first_receipt(program: Program) -> None:
    first = take_purchases([buy(2_000, "R1")], now=NOW)
    take_purchases([buy(9_000, "R2")], now=NOW)
    again = take_purchases([buy(2_000, "R1")], now=NOW)
    assert again[0].receipts == first[0].receipts
    assert (first[0].created, again[0].created) == (True, False)
    assert Accrual.objects.count() == 2
    assert_clean()


def test_a_purchase_twice_in_one_batch_counts_once(program: Program) -> None:
    take(buy(2_000, "R1"), buy(2_000, "R1"))
    assert balance() == 20


def test_other_content_under_the_same_number_is_refused_alone(program: Program) -> None:
    taken = take_purchases([buy(2_000, "R1"), buy(3_000, "R1"), buy(100, "R2")], now=NOW)
    assert [one.refused.code if one.refused else "" for one in taken] == ["", "other_content", ""]
    assert balance() == 21


def test_a_purchase_of_nobody_known_earns_nothing(program: Program) -> None:
    (taken,) = take_purchases([make.receipt()], now=NOW)
    assert taken.created
    assert taken.receipts == ()
    assert Transfer.objects.count() == 0


def test_only_those_who_asked_belong_to_a_program_on_request() -> None:
    program = make.program(enrols="on_request")
    assert take(buy(2_000, "R1")) == [{}]
    enrol_members(program=program, joining={_owners("111")[0]: NOW}, now=NOW)
    assert take(buy(2_000, "R2")) == [{"points": 20, "status": 20}]


def test_a_tier_is_reached_at_its_threshold_and_the_timeline_knows(program: Program) -> None:
    take(buy(9_999, "R1"))
    assert Member.objects.get().tier is None
    take(buy(100, "R2"))
    assert Member.objects.get().tier.code == "silver"  # type: ignore[union-attr]
    change = TierChange.objects.get()
    assert (change.before, change.qualifying) == (None, 100)
    assert_clean()


def test_a_welcome_gift_is_given_once() -> None:
    rules = (RuleInput("hello", "Welcome", "welcome_gift", {"points": 50}),)
    program = make.program(rules=rules)
    take(buy(2_000, "R1"), buy(2_000, "R2"))
    assert enrol_members(program=program, joining={_owners("111")[0]: NOW}, now=NOW) == []
    assert balance() == 50
    assert_clean()


def test_every_third_visit_pays() -> None:
    rules = (RuleInput("third", "Third visit", "every_nth_visit", {"every": 3, "points": 7}),)
    make.program(rules=rules)
    assert take(*[buy(number=f"R{n}") for n in range(4)]) == [{}, {}, {"points": 7}, {}]
    assert take(*[buy(number=f"R{n}") for n in range(4, 6)]) == [{}, {"points": 7}]
    assert_clean()


def test_a_category_condition_reads_the_lines() -> None:
    make.product("bread", category_path="Food/Bakery")
    make.product("ball", category_path="Toys")
    lines = {"lines": {"categories": ["Food"]}}
    make.program(rules=(RuleInput("food", "Food", "share_of_purchase", lines),))
    bought = [make.line("bread", 1_000), make.line("ball", 5_000), make.line("new", 700)]
    assert take(make.receipt(card="111", lines=bought)) == [{"points": 10}]


def test_a_new_rule_pays_from_its_moment_and_old_purchases_by_the_old_rule(
    program: Program,
) -> None:
    doubled = RuleInput("base", "Double", "share_of_purchase", {"points": "2"})
    rule = set_rule(program, doubled, now=NOW + timedelta(hours=1))
    assert rule.version == 2
    later = NOW + timedelta(hours=2)
    taken = take_purchases(
        [buy(1_000, "late", bought_at=NOW), buy(1_000, "new", bought_at=later)], now=later
    )
    assert [one.receipts[0].earned["points"] for one in taken] == [10, 20]


def test_cashback_is_money_in_its_own_account() -> None:
    units = (UnitInput("cashback", "Cashback", "money", worth_minor=1),)
    rules = (RuleInput("back", "5 %", "percentage_cashback", {"cap_minor": 300}),)
    make.program(units=units, rules=rules, tiers=())
    assert take(buy(2_000, "R1"), buy(20_000, "R2")) == [{"cashback": 100}, {"cashback": 300}]
    assert_clean()


def test_one_batch_gives_what_single_purchases_give() -> None:
    rules = (
        RuleInput("base", "Base", "share_of_purchase", {"tiers": ["silver"]}),
        RuleInput("status", "Status", "share_of_purchase", {"unit": "status"}),
        RuleInput("nth", "Nth", "every_nth_visit", {"every": 4, "points": 5}),
    )
    make.program(rules=rules)
    bought = [
        buy(1_700 * n, f"R{n}", "222" if n % 3 else "111", bought_at=NOW + timedelta(minutes=n))
        for n in range(1, 13)
    ]
    together = take(*bought)
    other = [
        replace(
            one, customer=CustomerRef("card", f"{one.customer.value}9"), number=f"x{one.number}"
        )
        for one in bought
        if one.customer
    ]
    assert [earned for one in other for earned in take(one)] == together
    assert TierChange.objects.count() % 2 == 0
    assert_clean()


def test_the_number_of_statements_does_not_depend_on_the_size(program: Program) -> None:
    counts = []
    for batch, size in enumerate((1, 2, 40)):
        bought = [buy(20_000, f"B{batch}-{n}", f"c{batch}-{n}") for n in range(size)]
        with CaptureQueriesContext(connection) as statements:
            take_purchases(bought, now=NOW)
        counts.append(len(statements))
    assert counts[1] == counts[2]
    assert counts[0] >= counts[1]


def test_points_die_with_their_lot_and_late_expiry_is_the_same() -> None:
    units = (UnitInput("points", "Points", "spendable", expiry=Expiry(kind="months", months=1)),)
    rules = (RuleInput("base", "Base", "share_of_purchase"),)
    make.program(units=units, rules=rules, tiers=())
    take(buy(2_000, "old", bought_at=NOW - timedelta(days=60)), buy(3_000, "new"))
    with pytest.raises(Refused, match="only 30 can be spent"):
        redeem_points(Member.objects.get(), 50, key="k", now=NOW)
    assert expire_points(now=NOW) == 1
    assert expire_points(now=NOW) == 0
    assert balance() == 30
    assert Lot.objects.filter(remaining=0).count() == 1
    assert_clean()


def test_the_same_program_is_opened_once(program: Program) -> None:
    assert make.program().pk == program.pk


@pytest.mark.django_db(transaction=True)
def test_concurrent_batches_on_the_same_members_neither_deadlock_nor_double() -> None:
    make.program()
    bought = [
        buy(1_000, f"R{n}", f"card{n % 7}", bought_at=NOW + timedelta(seconds=n)) for n in range(60)
    ]
    orders = [bought, bought[::-1], bought[30:] + bought[:30], bought[::2] + bought[1::2]]
    errors = run_at_once([lambda order=order: take_purchases(order, now=NOW) for order in orders])  # type: ignore[misc]
    assert errors == []
    assert Accrual.objects.count() == 60
    assert (
        sum(
            a.balance or 0
            for a in Account.objects.filter(unit__code="points", member__isnull=False)
        )
        == 600
    )
    assert Member.objects.count() == 7
    assert_clean()


@pytest.mark.django_db(transaction=True)
def test_two_tills_race_for_the_last_points_and_one_is_refused() -> None:
    make.program()
    take(buy(10_000))
    member = Member.objects.get()
    tills = [lambda n=n: redeem_points(member, 80, key=f"till{n}", now=NOW) for n in range(4)]  # type: ignore[misc]
    errors = run_at_once(tills)
    assert [getattr(error, "code", error) for error in errors] == ["not_enough_points"] * 3
    assert balance() == 20
    assert_clean()


def run_at_once(acts: list[Callable[[], object]]) -> list[Exception]:
    """Run each in a thread with a connection of its own; gives what they raised."""
    errors: list[Exception] = []
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            act()
        except Exception as error:  # noqa: BLE001 (the test looks at whatever was raised)
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors
