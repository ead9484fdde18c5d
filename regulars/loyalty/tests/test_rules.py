"""Properties of the loyalty rules that hold for any numbers."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from regulars.loyalty.mechanics.share_of_purchase import ShareOfPurchase
from regulars.loyalty.rules.cards import card_number, is_card_number
from regulars.loyalty.rules.earning import EarnRule, RuleBook
from regulars.loyalty.rules.history import History
from regulars.loyalty.rules.lots import OpenLot, consumed, usable
from regulars.loyalty.rules.mechanic import Lines
from regulars.loyalty.rules.returns import Takeable, due_back, taken_back
from regulars.loyalty.rules.rounding import Rounding, divided
from regulars.loyalty.rules.sales import Sale, SaleLine, Standing
from regulars.loyalty.rules.stamps import punch_card
from regulars.loyalty.rules.tiers import Ladder, Step

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
amounts = st.integers(0, 10**9)


def points(mechanic: ShareOfPurchase, total_minor: int) -> int:
    sale = Sale(1, 1, NOW, total_minor)
    return sum(award.amount for award in mechanic.awards(sale, Standing()))


@given(amounts, st.integers(1, 10**6), st.sampled_from(get_args(Rounding)))
def test_rounding_is_off_by_less_than_one(numerator: int, denominator: int, way: Rounding) -> None:
    off = divided(numerator, denominator, way) - Fraction(numerator, denominator)
    least, most = {"floor": (-1, 0), "ceil": (0, 1)}.get(way, (Fraction(-1, 2), Fraction(1, 2)))
    assert least <= off <= most
    assert abs(off) < 1


@given(amounts, amounts, st.integers(1, 10_000), st.sampled_from(["steps", "proportional"]))
def test_splitting_a_purchase_never_wins_points(
    first: int, second: int, per_minor: int, counting: str
) -> None:
    mechanic = ShareOfPurchase.model_validate({"per_minor": per_minor, "counting": counting})
    apart = points(mechanic, first) + points(mechanic, second)
    assert apart <= points(mechanic, first + second) <= apart + 1


@given(amounts, amounts)
def test_rounding_half_up_wins_at_most_one_step_by_splitting(first: int, second: int) -> None:
    mechanic = ShareOfPurchase(per_minor=700, counting="proportional", rounding="half_up")
    apart = points(mechanic, first) + points(mechanic, second)
    assert abs(points(mechanic, first + second) - apart) <= 1


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.lists(st.integers(1, 10**5), max_size=8))
def test_partial_returns_take_what_one_return_of_their_sum_takes(
    earned: int, total: int, parts: list[int]
) -> None:
    returned = due = 0
    for part in parts:
        returned += part
        due += due_back(earned, returned_minor=returned, total_minor=total, due_before=due)
    assert due == due_back(earned, returned_minor=returned, total_minor=total)
    assert due <= earned
    assert returned < total or due == earned


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_return_within_the_balance_makes_no_debt(due: int, balance: int) -> None:
    back = taken_back(due, [Takeable(1, balance)], "within_balance")
    assert back.taken + back.forgiven == due
    assert back.taken == min(due, balance)
    assert back.owed == 0


@given(st.integers(1, 10**9))
def test_a_card_number_notices_one_wrong_digit(running: int) -> None:
    number = card_number(running)
    assert is_card_number(number)
    wrong = str((int(number[5]) + 1) % 10)
    assert not is_card_number(number[:5] + wrong + number[6:])


lots = st.lists(
    st.builds(
        OpenLot,
        id=st.integers(1, 50),
        remaining=st.integers(1, 100),
        activates_at=st.integers(-5, 5).map(lambda days: NOW + timedelta(days)),
        expires_at=st.none() | st.integers(-5, 5).map(lambda days: NOW + timedelta(days)),
    ),
    unique_by=lambda lot: lot.id,
    max_size=8,
)


@given(lots, st.integers(1, 400))
def test_only_usable_lots_pay_soonest_expiry_first(open_lots: list[OpenLot], amount: int) -> None:
    alive = usable(open_lots, NOW)
    uses = consumed(open_lots, amount, NOW)
    if uses is None:
        assert sum(lot.remaining for lot in alive) < amount
        return
    assert sum(use.amount for use in uses) == amount
    assert [use.lot_id for use in uses] == [lot.id for lot in alive[: len(uses)]]
    emptied = {use.lot_id: use.amount for use in uses[:-1]}
    assert all(lot.remaining == emptied[lot.id] for lot in alive if lot.id in emptied)


@given(st.lists(st.integers(0, 1000), unique=True, max_size=6), st.integers(0, 1200))
def test_a_tier_is_reached_exactly_at_its_threshold(bounds: list[int], balance: int) -> None:
    ladder = Ladder(Step(str(bound), bound) for bound in bounds)
    reached = [bound for bound in bounds if bound <= balance]
    assert ladder.tier_for(balance) == (str(max(reached)) if reached else "")
    way = ladder.way_to_next(balance)
    if way is None:
        assert len(reached) == len(bounds)
    else:
        assert ladder.tier_for(balance + way.missing) == way.tier
        assert ladder.tier_for(balance + way.missing - 1) == ladder.tier_for(balance)


@given(st.integers(0, 10**6), st.integers(1, 100))
def test_stamps_are_neither_lost_nor_made(stamps: int, target: int) -> None:
    card = punch_card(stamps, target)
    assert card.rewards * target + card.counter == stamps
    assert 0 <= card.counter < target


def test_a_category_stands_for_its_branches() -> None:
    lines = Lines(categories=("food",), except_categories=("food/wine",))
    taken = [
        lines.select(SaleLine("s", path, 1000, 100))
        for path in ("food", "food/bread", "food/wine/red", "foodstuff", "toys")
    ]
    assert taken == [True, True, False, False, False]


def test_an_unconditioned_rule_does_not_need_the_lines() -> None:
    assert not RuleBook([EarnRule(1, ShareOfPurchase())]).needs_lines
    assert RuleBook([EarnRule(1, ShareOfPurchase(level="line"))]).needs_lines


def test_the_rule_in_force_when_the_purchase_was_made_pays() -> None:
    change = NOW + timedelta(days=1)
    before = EarnRule(1, ShareOfPurchase(per_minor=100), in_force_to=change)
    after = EarnRule(2, ShareOfPurchase(per_minor=50), in_force_from=change)
    history = History([before, after])
    assert [rule.id for rule in history.at(NOW).rules] == [1]
    assert [rule.id for rule in history.at(change).rules] == [2]
    assert [rule.id for rule in history.at(NOW).rules] == [1]
