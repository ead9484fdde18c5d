"""Ladders on the books: followed by sales, judged by the clock, undone by returns, always provable."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.core.errors import Refused
from regulars.customers.actions import PurchaseInput, void_purchases
from regulars.customers.models import Identity
from regulars.loyalty.actions import (
    LadderInput,
    RuleInput,
    StepInput,
    capture_hold,
    end_given_tier,
    give_tier,
    hold_points,
    judge_due_members,
    redeem_points,
    regroup_everywhere,
    release_hold,
    reverse_purchases,
    set_ladder,
    take_purchases,
)
from regulars.loyalty.models import LadderStanding, Member, Program, Tier, TierChange
from regulars.loyalty.queries import audit
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
STEPS = (StepInput("silver", "Silver", 100), StepInput("gold", "Gold", 300))
YEARLY = {"period": "calendar", "falls": "at_period_end"}


def program(code: str = "main", *, steps: tuple[StepInput, ...] = STEPS, **rules: Any) -> Program:
    made = Program.objects.filter(code="club").first() or make.program(tiers=())
    set_ladder(made, LadderInput(code, code.title(), steps, rules), now=made.started_at)
    return made


def buy(on: datetime, points: int = 100, card: str = "111", number: str = "") -> PurchaseInput:
    return make.receipt(
        number, card=card, bought_at=on, lines=[make.line(total_minor=points * 100)]
    )


def at(year: int, month: int, day: int = 15) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


def member(card: str = "111") -> Member:
    return Member.objects.get(customer__in=_owners(card))


def _owners(card: str) -> list[int]:
    return list(Identity.objects.filter(value=card).values_list("customer_id", flat=True))


def tier(card: str = "111") -> str:
    found = member(card).tier
    return found.code if found else ""


def changes(card: str = "111") -> list[tuple[str, str, str]]:
    rows = TierChange.objects.filter(member=member(card)).order_by("id")
    return [
        (f"{one.changed_at:%Y-%m-%d}", one.after.code if one.after else "", one.reason)
        for one in rows.select_related("after")
    ]


def assert_clean() -> None:
    assert audit(NOW).mismatches == ()


def test_sales_climb_a_yearly_ladder_and_the_clock_brings_the_fall() -> None:
    program(**YEARLY)
    (taken,) = take_purchases([buy(at(2026, 4), 120)], now=at(2026, 4))
    (receipt,) = taken.receipts
    assert (receipt.tier, receipt.next_tier, receipt.missing) == ("silver", "gold", 180)
    standing = LadderStanding.objects.get()
    assert (standing.counted, standing.valid_until) == (120, datetime(2028, 1, 1, tzinfo=UTC))
    assert judge_due_members(now=at(2027, 2)) == 1
    assert tier() == "silver"
    judge_due_members(now=at(2028, 2))
    assert judge_due_members(now=at(2028, 2)) == 0
    assert changes() == [("2026-04-15", "silver", "earned"), ("2028-01-01", "", "period")]
    assert_clean()


def test_a_late_run_of_the_clock_gives_what_a_punctual_one_gives() -> None:
    program(**YEARLY)
    bought = [buy(at(2026, 4), 120, card) for card in ("punctual", "late")]
    take_purchases(bought, now=at(2026, 4))
    late = member("late")
    LadderStanding.objects.filter(member=late).update(turns_at=None)
    for year in (2027, 2028, 2029):
        judge_due_members(now=datetime(year, 1, 1, tzinfo=UTC))
    LadderStanding.objects.filter(member=late).update(turns_at=at(2026, 5))
    judge_due_members(now=at(2029, 6))
    judge_due_members(now=at(2029, 6))
    assert changes("late") == changes("punctual")
    assert_clean()


def test_a_late_purchase_is_counted_where_it_belongs() -> None:
    program(**YEARLY)
    take_purchases([buy(at(2026, 4), 120)], now=at(2026, 4))
    judge_due_members(now=at(2028, 2))
    assert tier() == ""
    take_purchases([buy(at(2027, 12, 30), 150)], now=at(2028, 2))
    assert tier() == "silver"
    assert changes()[-1] == ("2026-04-15", "silver", "earned")
    assert_clean()


def test_a_purchase_and_its_return_leave_the_tier_as_it_was() -> None:
    program(**YEARLY)
    take_purchases([buy(at(2026, 4), 120)], now=at(2026, 4))
    (bought,) = take_purchases([buy(at(2026, 5), 200)], now=at(2026, 5))
    assert tier() == "gold"
    reverse_purchases([bought.purchase_id], "voided", now=at(2026, 6))
    assert tier() == "silver"
    assert LadderStanding.objects.get().since == at(2026, 4)
    assert_clean()


def test_tiers_of_several_ladders_open_rules() -> None:
    rules = (
        RuleInput("status", "Status", "share_of_purchase", {"unit": "status"}),
        RuleInput("regular", "Regulars", "points_per_visit", {"points": 7, "tiers": ["regular"]}),
    )
    made = make.program(rules=rules)
    steps = (StepInput("regular", "Regular", 2),)
    told = {"basis": "visits", "period": "rolling_days", "length": 30}
    set_ladder(made, LadderInput("visits", "Visits", steps, told), now=made.started_at)
    taken = take_purchases([buy(at(2026, 4, day), 1) for day in (1, 2, 3)], now=at(2026, 4))
    assert [one.receipts[0].earned.get("points", 0) for one in taken] == [0, 0, 7]
    (late,) = take_purchases([buy(at(2026, 6), 1)], now=at(2026, 6))
    assert late.receipts[0].earned.get("points", 0) == 0
    assert_clean()


def test_spend_counts_without_any_unit() -> None:
    program(basis="spend", steps=(StepInput("vip", "VIP", 50_000),))
    take_purchases([buy(at(2026, 4), 499), buy(at(2026, 5), 1)], now=at(2026, 5))
    assert changes() == [("2026-05-15", "vip", "earned")]
    assert_clean()


def test_a_tier_of_points_in_hand_follows_their_spending() -> None:
    program(basis="balance")
    take_purchases([buy(at(2026, 4), 120)], now=at(2026, 4))
    assert tier() == "silver"
    redeem_points(member(), 30, key="k", now=at(2026, 5))
    assert tier() == ""
    assert_clean()


def test_a_tier_of_points_in_hand_follows_holds() -> None:
    program(basis="balance")
    take_purchases([buy(at(2026, 4), 120)], now=at(2026, 4))
    hold = hold_points(member(), 30, key="h", ends_at=at(2026, 6), now=at(2026, 5))
    assert tier() == ""
    assert_clean()
    release_hold(hold, now=at(2026, 5, 16))
    assert tier() == "silver"
    other = hold_points(member(), 80, key="i", ends_at=at(2026, 9), now=at(2026, 7))
    capture_hold(other, amount=10, now=at(2026, 7, 16))
    assert tier() == "silver"
    assert [after for _, after, _ in changes()] == ["silver", "", "silver", "", "silver"]
    assert_clean()


@pytest.mark.parametrize("basis", ["spend", "visits"])
def test_goods_that_come_back_no_longer_count(basis: str) -> None:
    made = program(basis=basis, steps=(StepInput("vip", "VIP", 2),))
    bought = take_purchases([buy(at(2026, 4)), buy(at(2026, 5))], now=at(2026, 5))
    assert tier() == "vip"
    assert made.code == "club"
    void_purchases([one.purchase_id for one in bought], now=at(2026, 6))
    reverse_purchases([one.purchase_id for one in bought], "voided", now=at(2026, 6))
    assert tier() == ""
    assert_clean()


def test_tiers_that_sales_do_not_move_open_rules_too() -> None:
    made = make.program(
        rules=(
            RuleInput("base", "Base", "share_of_purchase"),
            RuleInput("rich", "Rich", "points_per_visit", {"points": 7, "tiers": ["rich"]}),
        )
    )
    steps = (StepInput("rich", "Rich", 100),)
    set_ladder(made, LadderInput("hand", "In hand", steps, {"basis": "balance"}), now=NOW)
    bought = [buy(at(2026, 4)), buy(at(2026, 5)), buy(at(2026, 6))]
    taken = [take_purchases([one], now=one.bought_at)[0] for one in bought]
    assert [one.receipts[0].earned["points"] for one in taken] == [100, 107, 107]
    assert_clean()


def test_a_new_version_judges_everybody_and_keeps_the_plain_ladder_plain() -> None:
    made = make.program()
    take_purchases([buy(at(2026, 4), 120)], now=at(2026, 4))
    assert LadderStanding.objects.count() == 0
    harder = LadderInput("main", "Tiers", (StepInput("silver", "Silver", 200),))
    set_ladder(made, harder, now=at(2026, 5))
    judge_due_members(now=at(2026, 5))
    assert tier() == ""
    assert Tier.objects.get(code="gold").is_retired
    assert LadderStanding.objects.count() == 0
    set_ladder(made, LadderInput("main", "Tiers", STEPS, YEARLY), now=at(2026, 6))
    judge_due_members(now=at(2026, 6))
    assert tier() == "silver"
    assert_clean()


def test_a_tier_given_by_hand_ends_by_the_clock_or_by_hand() -> None:
    made = make.program()
    take_purchases([buy(at(2026, 4), 120)], now=at(2026, 4))
    gold = Tier.objects.get(program=made, code="gold")
    told: dict[str, Any] = {"key": "g", "reason": "Guest of another hotel"}
    given = give_tier(member(), gold, now=at(2026, 5), to=at(2026, 8), **told)
    assert give_tier(member(), gold, now=at(2026, 5), to=at(2026, 8), **told).pk == given.pk
    assert tier() == "gold"
    judge_due_members(now=at(2026, 8))
    assert tier() == "silver"
    again = give_tier(member(), gold, key="h", reason="Again", now=at(2026, 9))
    assert LadderStanding.objects.get().valid_until is None
    end_given_tier(again, now=at(2026, 10))
    assert [change[1:] for change in changes()[1:]] == [
        ("gold", "given"),
        ("silver", "given_ended"),
        ("gold", "given"),
        ("silver", "given_ended"),
    ]
    with pytest.raises(Refused, match="say why"):
        give_tier(member(), gold, key="i", reason=" ", now=at(2026, 11))
    assert_clean()


def test_what_does_not_fit_is_refused_with_the_field() -> None:
    made = make.program()
    for told, name in (
        (LadderInput("x", "X", ()), "steps"),
        (LadderInput("x", "X", (StepInput("silver", "S", 1),)), "steps.code"),
        (LadderInput("x", "X", STEPS[:1] * 2), "steps.code"),
        (LadderInput("x", "X", (StepInput("new", "N", 1),), {"period": "rolling_days"}), "length"),
        (LadderInput("x", "X", (StepInput("new", "N", 1),), {"unit": "gems"}), "unit"),
    ):
        with pytest.raises(Refused) as refused:
            set_ladder(made, told, now=NOW)
        assert refused.value.field == name


def test_merged_records_stand_together_and_part_as_they_were() -> None:
    program(**YEARLY)
    take_purchases([buy(at(2026, 4), 60, "a"), buy(at(2026, 5), 60, "b")], now=at(2026, 5))
    one, other = (make.Customer.objects.get(pk=_owners(card)[0]) for card in ("a", "b"))
    make.merged(one, other, now=at(2026, 6))

    regroup_everywhere([one.pk, other.pk], cause="merging:1", now=at(2026, 6))
    assert Member.objects.get(customer=one).tier.code == "silver"  # type: ignore[union-attr]
    assert LadderStanding.objects.count() == 1
    assert_clean()
    make.parted(other, now=at(2026, 7))
    regroup_everywhere([one.pk, other.pk], cause="merging:2", now=at(2026, 7))
    assert Member.objects.filter(tier__isnull=False).count() == 0
    assert LadderStanding.objects.count() == 2
    assert_clean()


def test_the_number_of_statements_does_not_depend_on_the_size() -> None:
    program(**YEARLY)
    counts = []
    for batch, size in enumerate((2, 2, 20)):
        bought = [buy(at(2026, 4), 200, f"c{batch}-{n}") for n in range(size)]
        with CaptureQueriesContext(connection) as statements:
            take_purchases(bought, now=at(2026, 4))
        counts.append(len(statements))
    assert counts[1] == counts[2]


acts = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 700), st.integers(1, 150)), max_size=8
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts, st.sampled_from(["calendar", "rolling_days", "tier_anniversary"]), st.booleans())
def test_in_any_order_and_grouping_the_standing_is_that_of_the_whole_history(
    done: list[tuple[str, int, int]], period: str, together: bool
) -> None:
    names = iter(range(len(done)))
    code = f"club{Program.objects.count()}"
    Program.objects.update(is_open=False)
    made = make.program(code, tiers=())
    steps = tuple(StepInput(f"{one.code}{code}", one.name, one.minimum) for one in STEPS)
    rules = {"period": period, "length": 60, "calendar": "quarter", "falls": "at_period_end"}
    rules = rules if period != "rolling_days" else rules | {"falls": "at_once"}
    set_ladder(made, LadderInput("main", "Main", steps, rules), now=made.started_at)
    bought = [
        buy(at(2026, 4) + timedelta(days=days), points, f"{code}{card}", f"{code}-{next(names)}")
        for card, days, points in done
    ]
    if together:
        take_purchases(bought, now=at(2028, 6))
    else:
        for one in bought:
            take_purchases([one], now=at(2028, 6))
    assert_clean()
    judge_due_members(now=at(2028, 6))
    assert_clean()
