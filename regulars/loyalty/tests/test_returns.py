"""Returns under every policy: what is taken, owed, forgiven, and given back of what was spent."""

from datetime import datetime, timedelta

import pytest

from regulars.core.errors import Refused
from regulars.customers.actions.returns import record_returns
from regulars.customers.rules.purchases import ReturnInput, ReturnLineInput
from regulars.loyalty.actions import (
    TermsInput,
    UnitInput,
    activate_points,
    expire_points,
    link_redemptions,
    post_returns,
    redeem_points,
    reverse_purchases,
    set_terms,
    take_purchases,
    undo_redemption,
)
from regulars.loyalty.models import (
    Account,
    Lot,
    Member,
    Program,
    Redemption,
    Restoration,
    Reversal,
    Transfer,
)
from regulars.loyalty.queries import audit
from regulars.loyalty.queries.wallets import wallets_of
from regulars.loyalty.rules.expiry import Expiry
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LIFE = 60
"""Days after which points of the program below have surely died: they live one month."""


def opened(returns: str = "unlimited", **terms: object) -> Program:
    return make.program(
        units=(
            UnitInput(
                "points",
                "Points",
                "spendable",
                worth_minor=1,
                expiry=Expiry(kind="months", months=1),
            ),
            UnitInput("status", "Status points", "qualifying"),
        ),
        terms=TermsInput(returns, **terms),  # type: ignore[arg-type]
    )


def bought(total_minor: int, number: str = "R1", at: datetime = NOW) -> int:
    lines = [make.line(total_minor=total_minor, quantity_milli=10_000)]
    (taken,) = take_purchases([make.receipt(number, card="1", lines=lines, bought_at=at)], now=at)
    return taken.purchase_id


def returned(number: str, tenths: int, name: str, at: datetime = NOW) -> list[int]:
    """So many tenths of a purchase come back."""
    line = ReturnLineInput(1, tenths * 1_000)
    told = ReturnInput("till", name, "till", number, returned_at=at, lines=(line,))
    (done,) = record_returns([told], now=at)
    assert done.refused is None, done.refused
    return post_returns(return_ids=[done.return_id], now=at)


def points() -> Account:
    return Account.objects.get(unit__code="points", member__isnull=False)


def spent(amount: int, key: str = "k", *, on: int | None = None, at: datetime = NOW) -> Redemption:
    return redeem_points(Member.objects.get(), amount, key=key, now=at, purchase_id=on)


def state(now: datetime = NOW) -> tuple[object, ...]:
    """Balances, debts, live lots, tier and visits: all that a round trip has to give back."""
    member = Member.objects.get()
    accounts = Account.objects.filter(member=member).order_by("unit")
    lots = Lot.objects.filter(remaining__gt=0).order_by("pk")
    live = [lot for lot in lots if lot.expires_at is None or lot.expires_at > now]
    return (
        list(accounts.values_list("balance", "debt")),
        [(lot.pk, lot.remaining) for lot in live],
        member.visits,
        member.tier_id,
    )


@pytest.fixture(autouse=True)
def clean_books() -> object:
    yield
    assert audit(NOW).mismatches == ()


@pytest.mark.parametrize(
    ("returns", "debt_max", "balance", "forgiven"),
    [
        ("keep", None, 20, 40),
        ("only_pending", None, 20, 40),
        ("within_balance", None, 0, 20),
        ("limited", 5, -5, 15),
        ("unlimited", None, -20, 0),
    ],
)
def test_each_policy_takes_as_far_as_it_goes(
    returns: str, debt_max: int | None, balance: int, forgiven: int
) -> None:
    opened(returns, debt_max=debt_max)
    bought(4_000)
    bought(3_000, "R2")
    spent(50)
    returned("R1", 10, "B1")
    assert points().balance == balance
    assert points().debt == max(-balance, 0)
    assert Reversal.objects.get(unit__code="points").forgiven == forgiven


def test_later_accruals_pay_a_debt_first_and_nothing_can_be_spent_meanwhile() -> None:
    opened()
    bought(10_000)
    spent(100)
    returned("R1", 10, "B1")
    bought(6_000, "R2")
    assert (points().balance, points().debt) == (-40, 40)
    with pytest.raises(Refused, match="only 0"):
        spent(1, "k2")
    bought(5_000, "R3")
    assert (points().balance, points().debt) == (10, 0)
    spent(10, "k3")


def test_a_return_of_what_paid_a_debt_makes_the_debt_again() -> None:
    opened()
    bought(10_000)
    spent(100)
    returned("R1", 10, "B1")
    before = state()
    bought(6_000, "R2")
    returned("R2", 10, "B2")
    assert state() == before


@pytest.mark.parametrize("parts", [(10,), (3, 7), (1, 1, 1, 7), (2, 5, 3)])
def test_parts_of_a_return_come_to_one_return_of_the_sum(parts: tuple[int, ...]) -> None:
    opened()
    bought(2_500, "R0")
    before = state()
    bought(3_700, "R1")
    for place, tenths in enumerate(parts):
        returned("R1", tenths, f"B{place}")
    assert state() == before
    due = Reversal.objects.filter(unit__code="points").values_list("due", flat=True)
    assert sum(due) == 37


@pytest.mark.parametrize("is_late", [False, True])
def test_points_that_died_before_the_return_are_gone_already(is_late: bool) -> None:
    opened()
    later = NOW + LIFE * DAY
    bought(5_000)
    if not is_late:
        expire_points(now=later)
    returned("R1", 4, "B1", at=later)
    returned("R1", 6, "B2", at=later)
    expire_points(now=later)
    assert (points().balance, points().debt) == (0, 0)
    rows = Reversal.objects.filter(unit__code="points").values_list("due", "taken", "expired")
    assert list(rows) == [(20, 0, 20), (30, 0, 30)]


def test_spent_points_come_back_to_their_lots_with_the_share_that_came_back() -> None:
    opened()
    bought(3_000, "R1")
    bought(2_000, "R2", at=NOW + DAY)
    before = state()
    order = bought(10_000, "R3", at=NOW + DAY)
    spent(40, on=order, at=NOW + DAY)
    returned("R3", 5, "B1", at=NOW + DAY)
    assert sum(one.amount for one in Restoration.objects.all()) == 20
    returned("R3", 5, "B2", at=NOW + DAY)
    assert state() == before


def test_spent_points_come_back_before_the_earned_ones_are_taken() -> None:
    opened("within_balance")
    bought(3_000, "R1")
    order = bought(1_000, "R2")
    spent(30, on=order)
    spent(10, "k2")
    returned("R2", 10, "B1")
    assert Reversal.objects.get(unit__code="points").forgiven == 0
    assert points().balance == 20


@pytest.mark.parametrize(("fate", "usable"), [("die", 0), ("reinstate", 30)])
def test_spent_points_whose_lots_died_die_again_or_get_a_fresh_life(fate: str, usable: int) -> None:
    opened(dead_points=fate)
    later = NOW + LIFE * DAY
    bought(3_000, "R1")
    order = bought(1_000, "R2")
    spent(30, on=order)
    returned("R2", 10, "B1", at=later)
    (given,) = Restoration.objects.all()
    assert (given.amount, given.dead, given.reinstated) == (30, 30, usable)
    expire_points(now=later)
    (wallet,) = wallets_of([Member.objects.select_related("program", "tier").get()], now=later)
    assert wallet.spendable is not None
    assert wallet.spendable.available == points().balance == usable


def test_an_undo_gives_back_only_what_no_return_gave_back() -> None:
    opened()
    bought(3_000, "R1")
    order = bought(1_000, "R2")
    redemption = spent(30, on=order)
    returned("R2", 5, "B1")
    undo_redemption(redemption, now=NOW)
    assert points().balance == 35
    assert Transfer.objects.get(key=f"redemption:{redemption.pk}:undo").amount == 15


def test_a_redemption_is_linked_to_the_purchase_that_came_later() -> None:
    opened()
    bought(3_000, "R1")
    spent(30)
    order = bought(1_000, "R2")
    assert link_redemptions({"k": order}) == 1
    assert link_redemptions({"k": order + 1}) == 0
    reverse_purchases([order], "undo", now=NOW)
    assert points().balance == 30


def test_pending_points_never_pay_and_go_first() -> None:
    opened("only_pending", pending="days", pending_days=14)
    bought(3_000, "R1")
    with pytest.raises(Refused):
        spent(1)
    bought(2_000, "R2", at=NOW + 20 * DAY)
    spent(5, at=NOW + 20 * DAY)
    returned("R1", 10, "B1", at=NOW + 20 * DAY)
    assert Reversal.objects.get(unit__code="points").forgiven == 10
    assert points().balance == 25


def test_points_that_wait_for_an_event_become_usable_by_it_once() -> None:
    opened(pending="event")
    order = bought(3_000, "R1")
    other = bought(1_000, "R2")
    with pytest.raises(Refused):
        spent(1, at=NOW + 20 * DAY)
    assert len(activate_points([order], now=NOW + DAY)) == 1
    assert activate_points([order], now=NOW + 2 * DAY) == []
    assert Lot.objects.filter(activates_at=NOW + DAY).count() == 1
    spent(30, at=NOW + DAY)
    with pytest.raises(Refused):
        spent(1, "k2", at=NOW + DAY)
    reverse_purchases([other], "undo", now=NOW + DAY)
    assert (points().balance, points().debt) == (0, 0)


def test_a_frozen_member_spends_nothing_and_hears_why() -> None:
    opened()
    bought(3_000)
    Member.objects.update(frozen_at=NOW, frozen_reason="card was stolen")
    with pytest.raises(Refused, match="card was stolen"):
        spent(1)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (TermsInput("gone"), "returns"),
        (TermsInput("limited"), "debt_max"),
        (TermsInput("unlimited", debt_max=5), "debt_max"),
        (TermsInput(dead_points="zombie"), "dead_points"),
        (TermsInput(pending="soon"), "pending"),
        (TermsInput(pending="days"), "pending_days"),
    ],
)
def test_terms_that_do_not_fit_are_refused_by_field(terms: TermsInput, field: str) -> None:
    program = opened()
    with pytest.raises(Refused) as refused:
        set_terms(program, terms)
    assert refused.value.field == field
