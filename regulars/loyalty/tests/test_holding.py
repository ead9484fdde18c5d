"""Holds: set aside, captured, released or ended by the clock, exactly once."""

from datetime import timedelta

import pytest

from regulars.core.errors import Conflict, Refused
from regulars.loyalty.actions import (
    TermsInput,
    UnitInput,
    capture_hold,
    expire_points,
    hold_points,
    lapse_holds,
    redeem_points,
    release_hold,
    reverse_purchases,
    set_terms,
    take_purchases,
    undo_redemption,
)
from regulars.loyalty.models import Account, Hold, Lot, Member, Program, Reversal, Transfer
from regulars.loyalty.queries import audit
from regulars.loyalty.queries.wallets import wallets_of
from regulars.loyalty.rules.expiry import Expiry
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
YEAR = timedelta(days=366)


def bought(total_minor: int, number: str) -> int:
    lines = [make.line(total_minor=total_minor)]
    return take_purchases([make.receipt(number, card="1", lines=lines)], now=NOW)[0].purchase_id


def held(amount: int, key: str = "k", *, hours: int = 1) -> Hold:
    return hold_points(Member.objects.get(), amount, key=key, ends_at=NOW + hours * HOUR, now=NOW)


def lots() -> list[int]:
    return list(Lot.objects.order_by("pk").values_list("remaining", flat=True))


@pytest.fixture(autouse=True)
def books() -> object:
    make.program(
        units=(
            UnitInput(
                "points",
                "Points",
                "spendable",
                worth_minor=1,
                expiry=Expiry(kind="months", months=1),
            ),
        ),
        tiers=(),
        rules=(make.RuleInput("base", "Base", "share_of_purchase"),),
        terms=TermsInput("unlimited"),
    )
    bought(3_000, "R1")
    bought(2_000, "R2")
    yield
    assert audit(NOW).mismatches == ()


def test_what_is_held_can_be_neither_spent_nor_held_again() -> None:
    held(40)
    assert lots() == [0, 10]
    with pytest.raises(Refused, match="only 10"):
        redeem_points(Member.objects.get(), 11, key="r", now=NOW)
    with pytest.raises(Refused, match="only 10"):
        held(11, "k2")


def test_the_same_key_holds_once_and_other_content_is_a_conflict() -> None:
    assert held(40) == held(40)
    with pytest.raises(Conflict):
        held(41)
    assert Hold.objects.count() == 1


def test_a_capture_of_less_frees_the_rest_and_happens_once() -> None:
    hold = held(40)
    redemption = capture_hold(hold, amount=35, now=NOW)
    assert capture_hold(hold, amount=35, now=NOW) == redemption
    assert (redemption.amount, lots()) == (35, [0, 15])
    with pytest.raises(Conflict):
        capture_hold(hold, amount=30, now=NOW)
    with pytest.raises(Refused):
        release_hold(hold, now=NOW)
    undo_redemption(redemption, now=NOW)
    assert lots() == [30, 20]


@pytest.mark.parametrize("amount", [0, 41])
def test_no_more_is_captured_than_is_held(amount: int) -> None:
    with pytest.raises(Refused) as refused:
        capture_hold(held(40), amount=amount, now=NOW)
    assert refused.value.field == "amount"


def test_a_release_gives_all_back_once() -> None:
    hold = held(40)
    release_hold(hold, now=NOW)
    release_hold(hold, now=NOW)
    assert (lots(), hold.outcome) == ([30, 20], "released")
    assert Transfer.objects.filter(key__startswith="hold:").count() == 2
    with pytest.raises(Refused, match="released"):
        capture_hold(hold, now=NOW)


def test_the_clock_frees_points_and_the_job_only_posts_it() -> None:
    hold = held(40)
    later = NOW + HOUR
    (wallet,) = wallets_of([Member.objects.select_related("program", "tier").get()], now=later)
    assert wallet.spendable is not None
    assert (wallet.spendable.available, wallet.spendable.held) == (50, 0)
    with pytest.raises(Refused):
        capture_hold(hold, now=later)
    redeem_points(Member.objects.get(), 50, key="r", now=later)
    hold.refresh_from_db()
    assert hold.outcome == "lapsed"
    assert lapse_holds(now=later) == 0


def test_the_job_frees_each_hold_once() -> None:
    held(10)
    held(15, "k2")
    held(5, "k3", hours=3)
    assert lapse_holds(now=NOW + 2 * HOUR) == 2
    assert lapse_holds(now=NOW + 2 * HOUR) == 0
    assert sum(lots()) == 45


def test_points_that_die_while_held_come_back_dead() -> None:
    member = Member.objects.get()
    hold = hold_points(member, 30, key="k", ends_at=NOW + 2 * YEAR, now=NOW)
    release_hold(hold, now=NOW + YEAR)
    with pytest.raises(Refused):
        redeem_points(member, 1, key="r", now=NOW + YEAR)
    expire_points(now=NOW + YEAR)
    assert sum(lots()) == 0


def test_a_return_meanwhile_leaves_a_debt_that_the_release_pays() -> None:
    hold = held(50)
    purchase = Transfer.objects.order_by("id").values_list("accrual__purchase", flat=True)[0]
    reverse_purchases([purchase], "undo", now=NOW)
    assert Account.objects.get(member__isnull=False).debt == 30
    release_hold(hold, now=NOW)
    account = Account.objects.get(member__isnull=False)
    assert (account.balance, account.debt, sum(lots())) == (20, 0, 20)


def test_what_the_clock_has_freed_pays_for_a_purchase_that_is_undone() -> None:
    set_terms(Program.objects.get(), TermsInput("within_balance"))
    hold = held(50)
    purchase = Transfer.objects.order_by("id").values_list("accrual__purchase", flat=True)[0]
    reverse_purchases([purchase], "undo", now=NOW + HOUR)
    hold.refresh_from_db()
    account = Account.objects.get(member__isnull=False)
    assert (hold.outcome, account.balance, account.debt) == ("lapsed", 20, 0)
    assert Reversal.objects.get(due__gt=0).taken == 30


def test_a_frozen_member_holds_and_captures_nothing() -> None:
    hold = held(10)
    Member.objects.update(frozen_at=NOW)
    for act in (lambda: held(5, "k2"), lambda: capture_hold(hold, now=NOW)):
        with pytest.raises(Refused, match="frozen"):
            act()
    release_hold(hold, now=NOW)
    assert sum(lots()) == 50
