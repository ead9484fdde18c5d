"""Households: points are shared, each lot stays whose it is, and what comes back goes back."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regulars.core.errors import Conflict, Refused
from regulars.customers.actions.returns import record_returns
from regulars.customers.rules.purchases import ReturnInput, ReturnLineInput
from regulars.loyalty.actions import (
    capture_hold,
    hold_points,
    lapse_holds,
    link_redemptions,
    post_returns,
    redeem_points,
    regroup_everywhere,
    release_hold,
    take_purchases,
    undo_redemption,
)
from regulars.loyalty.actions.guarding import freeze_members
from regulars.loyalty.actions.households import (
    accept_invitation,
    close_household,
    decline_invitation,
    hand_on_household,
    invite_member,
    leave_household,
    part_with_erased,
    set_household_rules,
    start_household,
)
from regulars.loyalty.models import Account, Handover, Household, Lot, Member, Program, Seat, Tier
from regulars.loyalty.queries import audit
from regulars.loyalty.queries.wallets import wallets_of
from regulars.loyalty.rules.expiry import Expiry
from regulars.loyalty.tests.test_expiry import program
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MONTH = Expiry(kind="months", months=1)
"""Points live to the end of the day a month after they were earned."""


def buy(card: str, points: int, at: datetime = NOW, number: str = "") -> int:
    lines = [make.line(total_minor=points * 100)]
    (taken,) = take_purchases([make.receipt(number, card=card, bought_at=at, lines=lines)], now=at)
    return taken.purchase_id


def member(card: str) -> Member:
    customer = make.owner_of("card", card)
    return Member.objects.select_related("program", "customer").get(customer=customer)


def household(*cards: str, **rules: Any) -> Household:
    """A household of these cards, the first at its head."""
    set_household_rules(Program.objects.get(), rules)
    made = start_household(member(cards[0]), now=NOW)
    for card in cards[1:]:
        accept_invitation(invite_member(made, member(card), now=NOW), now=NOW)
    return made


def balances(*cards: str) -> list[int]:
    return [
        sum(
            account.balance or 0
            for account in Account.objects.filter(member=member(card)).exclude(
                unit__kind="qualifying"
            )
        )
        for card in cards
    ]


def lots(card: str) -> list[tuple[int, str]]:
    """What is left on a member's account by the last day of each lot, soonest first."""
    left: dict[datetime, int] = {}
    for lot in Lot.objects.filter(account__member=member(card), remaining__gt=0):
        assert lot.expires_at is not None
        left[lot.expires_at] = left.get(lot.expires_at, 0) + lot.remaining
    return [(left[end], f"{end - DAY:%m-%d}") for end in sorted(left)]


def shared(card: str, now: datetime = NOW) -> int:
    (wallet,) = wallets_of([member(card)], now=now)
    return wallet.holdings[0].shared


def clean(now: datetime = NOW + 20 * DAY) -> None:
    assert audit(now).mismatches == ()


@pytest.fixture
def club() -> Program:
    return program(MONTH)


def test_the_soonest_to_expire_pay_whoever_has_them(club: Program) -> None:
    buy("b", 60)
    buy("a", 50, NOW + DAY)
    buy("b", 40, NOW + 2 * DAY)
    household("a", "b")
    now = NOW + 3 * DAY
    assert shared("a", now) == 100
    redeem_points(member("a"), 130, key="k", now=now)
    assert (lots("a"), lots("b")) == ([], [(20, "04-04")])
    draw = Handover.objects.get()
    assert (draw.kind, draw.amount, draw.giver, draw.taker) == (
        "draw",
        80,
        member("b"),
        member("a"),
    )
    clean()


def test_ones_own_points_go_first_where_two_end_together(club: Program) -> None:
    buy("b", 50)
    buy("a", 50)
    household("a", "b")
    redeem_points(member("a"), 60, key="k", now=NOW)
    assert balances("a", "b") == [0, 40]
    clean()


def test_the_same_key_draws_once_and_too_little_moves_nothing(club: Program) -> None:
    buy("a", 10)
    buy("b", 50)
    household("a", "b")
    with pytest.raises(Refused, match="only 60"):
        redeem_points(member("a"), 61, key="k", now=NOW)
    assert not Handover.objects.exists()
    first, again = (redeem_points(member("a"), 60, key="k", now=NOW) for _ in range(2))
    assert first == again
    with pytest.raises(Conflict):
        redeem_points(member("a"), 50, key="k", now=NOW)
    assert balances("a", "b") == [0, 0]
    clean()


def test_an_undo_gives_each_lot_back_with_its_old_end(club: Program) -> None:
    buy("b", 60)
    buy("a", 50, NOW + DAY)
    household("a", "b")
    before = lots("a"), lots("b")
    now = NOW + 2 * DAY
    spent = redeem_points(member("a"), 100, key="k", now=now)
    for _ in range(2):
        undo_redemption(spent, now=now)
    assert (lots("a"), lots("b")) == before
    assert shared("a", now) == 60
    clean()


def test_returns_give_back_what_was_drawn_last_first(club: Program) -> None:
    buy("b", 60)
    buy("a", 50, NOW + DAY)
    household("a", "b")
    now = NOW + 2 * DAY
    redeem_points(member("a"), 100, key="k", now=now)
    bought = buy("a", 100, now, number="paid")
    link_redemptions({"k": bought})
    give_back(bought, 60_00, now)
    assert lots("b") == [(20, "04-02")]
    assert (50, "04-03") in lots("a")
    give_back(bought, 40_00, now)
    assert lots("b") == [(60, "04-02")]
    assert lots("a") == [(50, "04-03")]
    clean()


def give_back(purchase_id: int, minor: int, now: datetime) -> None:
    lines = (ReturnLineInput(1, minor // 10),)
    told = ReturnInput("till", f"back-{minor}", "till", "paid", now, lines)
    (done,) = record_returns([told], now=now)
    assert done.purchase_id == purchase_id
    post_returns(return_ids=[done.return_id or 0], now=now)


def test_holds_draw_and_give_back_what_is_let_go(club: Program) -> None:
    buy("a", 10)
    buy("b", 90)
    household("a", "b")
    before = lots("b")
    for name, end in (("let go", release), ("over", lapse)):
        held = hold_points(member("a"), 60, key=name, ends_at=NOW + DAY, now=NOW)
        assert balances("a", "b") == [0, 40]
        end(held)
        assert (balances("a", "b"), lots("b")) == ([10, 90], before)
    held = hold_points(member("a"), 60, key="part", ends_at=NOW + DAY, now=NOW)
    capture_hold(held, amount=25, now=NOW)
    assert balances("a", "b") == [0, 75]
    clean()


def release(held: Any) -> None:
    release_hold(held, now=NOW)


def lapse(held: Any) -> None:
    assert lapse_holds(now=held.ends_at) == 1


@pytest.mark.parametrize(
    ("rules", "of_head", "of_member"),
    [
        ({}, 50, 40),
        ({"spends": "head"}, 50, 0),
        ({"earns": "head"}, 0, 40),
        ({"share_percent": 30}, 15, 12),
    ],
)
def test_who_shares_and_who_spends(
    club: Program, rules: dict[str, Any], of_head: int, of_member: int
) -> None:
    buy("a", 40)
    buy("b", 50)
    household("a", "b", **rules)
    assert (shared("a"), shared("b")) == (of_head, of_member)
    if of_member:
        redeem_points(member("b"), 50 + of_member, key="all", now=NOW)
        assert shared("b") == 0
    with pytest.raises(Refused):
        redeem_points(member("b"), 51, key="more", now=NOW)
    clean()


def test_a_share_is_of_what_was_granted_however_often_one_draws(club: Program) -> None:
    buy("b", 100)
    buy("a", 1)
    household("a", "b", share_percent=50)
    redeem_points(member("a"), 21, key="k1", now=NOW)
    assert shared("a") == 30
    undo_redemption(redeem_points(member("a"), 30, key="k2", now=NOW), now=NOW)
    assert shared("a") == 30
    redeem_points(member("b"), 80, key="own", now=NOW)
    assert balances("b") == [0]
    clean()


def test_frozen_and_indebted_members_take_no_part(club: Program) -> None:
    buy("a", 10)
    buy("b", 50)
    household("a", "b")
    freeze_members([member("b").pk], reason="lost", now=NOW)
    assert shared("a") == 0
    with pytest.raises(Refused):
        redeem_points(member("a"), 11, key="k", now=NOW)
    Member.objects.update(frozen_at=None)
    Account.objects.filter(member=member("a"), unit__kind="spendable").update(debt=5, balance=5)
    assert shared("a") == 0


def test_tiers_stay_personal(club: Program) -> None:
    Tier.objects.update(qualifying_min=100)
    buy("a", 150)
    buy("b", 30)
    household("a", "b")
    redeem_points(member("b"), 170, key="k", now=NOW)
    assert (member("a").tier_id is None, member("b").tier_id) == (
        not Tier.objects.exists(),
        None,
    )
    clean()


class TestTogether:
    def test_joining_is_by_invitation_and_acceptance(self, club: Program) -> None:
        for card in ("a", "b", "c"):
            buy(card, 10)
        made = household("a", members_max=2)
        seat = invite_member(made, member("b"), now=NOW)
        assert invite_member(made, member("b"), now=NOW) == seat
        assert shared("a") == 0
        with pytest.raises(Refused, match="at most 2"):
            invite_member(made, member("c"), now=NOW)
        decline_invitation(seat, now=NOW)
        with pytest.raises(Refused, match="over"):
            accept_invitation(seat, now=NOW)
        other = invite_member(made, member("c"), now=NOW)
        assert accept_invitation(other, now=NOW) == accept_invitation(other, now=NOW)
        with pytest.raises(Refused, match="already"):
            start_household(member("c"), now=NOW)
        clean()

    def test_who_leaves_takes_along_what_was_not_spent(self, club: Program) -> None:
        buy("a", 40)
        buy("b", 50)
        made = household("a", "b")
        redeem_points(member("a"), 60, key="k", now=NOW)
        leave(made, "b")
        assert (shared("a"), shared("b"), balances("a", "b")) == (0, 0, [0, 30])
        assert start_household(member("b"), now=NOW).head == member("b")
        clean()

    def test_or_leaves_the_share_with_the_head(self, club: Program) -> None:
        buy("a", 40)
        buy("b", 50)
        made = household("a", "b", leaving="stay", share_percent=60)
        for _ in range(2):
            leave(made, "b")
        assert balances("a", "b") == [70, 20]
        assert lots("a") == [(70, "04-02")]
        clean()

    def test_what_comes_back_after_leaving_goes_to_whose_it_was(self, club: Program) -> None:
        buy("b", 50)
        buy("a", 1)
        made = household("a", "b")
        spent = redeem_points(member("a"), 51, key="k", now=NOW)
        leave(made, "b")
        undo_redemption(spent, now=NOW)
        assert balances("a", "b") == [1, 50]
        clean()

    def test_the_head_hands_on_or_closes(self, club: Program) -> None:
        for card in ("a", "b", "c"):
            buy(card, 10)
        made = household("a", "b")
        with pytest.raises(Refused, match="first"):
            leave(made, "a")
        with pytest.raises(Refused, match="not in"):
            hand_on_household(made, member("c"))
        hand_on_household(made, member("b"))
        leave(made, "a")
        leave(made, "b")
        made.refresh_from_db()
        assert made.closed_at
        with pytest.raises(Refused, match="closed"):
            invite_member(made, member("c"), now=NOW)
        assert close_household(made, now=NOW + DAY).closed_at == NOW
        clean()

    def test_who_is_erased_shares_no_more(self, club: Program) -> None:
        for card in ("a", "b", "c"):
            buy(card, 10)
        made = household("a", "b", "c")
        assert part_with_erased([member("a").customer_id], now=NOW) == 1
        made.refresh_from_db()
        assert made.head == member("b")
        assert shared("b") == 10
        part_with_erased([member("b").customer_id, member("c").customer_id], now=NOW)
        assert not Seat.objects.filter(state="in").exists()
        clean()

    def test_wrong_rules_are_refused_by_name(self, club: Program) -> None:
        with pytest.raises(Refused) as caught:
            set_household_rules(club, {"share_percent": 0})
        assert caught.value.field == "share_percent"
        buy("a", 1)
        set_household_rules(club, None)
        with pytest.raises(Refused, match="share"):
            start_household(member("a"), now=NOW)


def leave(made: Household, card: str) -> None:
    seat = Seat.objects.filter(household=made, member=member(card)).latest("id")
    leave_household(seat, now=NOW)


def test_records_that_merge_and_part_have_what_each_would_have_alone(club: Program) -> None:
    buy("a", 30)
    buy("b", 50)
    buy("c", 20)
    household("a", "b")
    redeem_points(member("a"), 60, key="k", now=NOW)
    a, c = member("a").customer, member("c").customer
    both = {a.pk, c.pk}
    make.merged(c, a)
    regroup_everywhere(both, cause="merging:1", now=NOW)
    assert balances("c", "b") == [20, 20]
    assert shared("c") == 20
    make.parted(a)
    regroup_everywhere(both, cause="merging:2", now=NOW)
    assert balances("a", "b", "c") == [0, 20, 20]
    clean()


def test_a_program_that_shares_nothing_asks_nothing_more(club: Program) -> None:
    buy("a", 100)
    counted = []
    for key in ("one", "two"):
        with CaptureQueriesContext(connection) as asked:
            redeem_points(member("a"), 10, key=key, now=NOW)
        counted.append([one["sql"] for one in asked if "household" in one["sql"].lower()])
    assert not [sql for told in counted for sql in told if "loyalty_seat" in sql]
