"""Members of merged records: points move to one of them, and back to each as if nothing had been."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.core.errors import Refused
from regulars.customers.events import CustomersMerged, CustomersUnmerged
from regulars.customers.models import Customer
from regulars.loyalty.actions import (
    RuleInput,
    hold_points,
    redeem_points,
    release_hold,
    reverse_purchases,
    take_purchases,
    undo_redemption,
)
from regulars.loyalty.handlers import part_members, pool_members
from regulars.loyalty.models import (
    Account,
    Hold,
    Lot,
    Member,
    Program,
    Redemption,
    Shortfall,
    Transfer,
)
from regulars.loyalty.queries import audit
from regulars.loyalty.queries.wallets import find_member, open_holds_of, wallets_of
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
CARDS = ("a", "b", "c")
HOUR = timedelta(hours=1)


class Shop:
    """Some people with cards in one program; acts are told by card, and may be told twice over."""

    runs = 0

    def __init__(self, **told: object) -> None:
        Shop.runs += 1
        Program.objects.update(is_open=False)
        self.code = f"shop{Shop.runs}"
        self.program = make.program(self.code, **told)
        self.people = {card: make.customer(card, card=self.card(card)) for card in CARDS}
        self.bought: dict[str, int] = {}
        self.step = 0

    def card(self, card: str) -> str:
        return f"{self.code}-{card}"

    def member(self, card: str) -> Member | None:
        rows = Member.objects.filter(program=self.program, customer=self.people[card])
        return rows.select_related("program", "tier").first()

    def buy(self, card: str, total: int, *, days: int = 0) -> int:
        self.step += 1
        entry = make.receipt(
            f"{self.code}-{self.step}",
            card=self.card(card),
            lines=[make.line(total_minor=total)],
            bought_at=NOW - timedelta(days=days) + timedelta(minutes=self.step),
        )
        (taken,) = take_purchases([entry], now=NOW)
        assert taken.refused is None
        return taken.purchase_id

    def pay(self, card: str, amount: int) -> Redemption | None:
        self.step += 1
        member = self.member(card)
        if member is None:
            return None
        at = NOW + timedelta(minutes=self.step)
        try:
            return redeem_points(member, amount, key=f"{self.code}-{self.step}", now=at)
        except Refused:
            return None

    def merge(self, lead: str, other: str, *, times: int = 2) -> None:
        people = (self.person(lead), self.person(other))
        if people[0].merged_into_id or people[1].merged_into_id or lead == other:
            return
        entries = tuple(make.merged(*people))
        for _ in range(times):
            pool_members(CustomersMerged(merging_ids=entries))

    def part(self, other: str, *, times: int = 2) -> None:
        if self.person(other).merged_into_id is None:
            return
        entry = make.parted(self.person(other))
        for _ in range(times):
            part_members(CustomersUnmerged(merging_ids=(entry,)))

    def person(self, card: str) -> Customer:
        return Customer.objects.get(pk=self.people[card].pk)

    def standing(self, card: str) -> tuple[object, ...]:
        """All that a member has: balances, tier, visits, and points by the dates of their lots."""
        member = self.member(card)
        if member is None:
            return ()
        held = Account.objects.filter(member=member).order_by("unit__code")
        lots = Lot.objects.filter(account__member=member, remaining__gt=0)
        dates: dict[tuple[object, object], int] = {}
        for activates_at, expires_at, rest in lots.values_list(
            "activates_at", "expires_at", "remaining"
        ):
            dates[activates_at, expires_at] = dates.get((activates_at, expires_at), 0) + rest
        return (
            tuple(held.values_list("unit__code", "balance", "debt")),
            member.tier.code if member.tier else "",
            member.visits,
            member.led_by_id,
            sorted(dates.items(), key=str),
        )

    def standings(self) -> list[tuple[object, ...]]:
        return [self.standing(card) for card in CARDS]


def balance(shop: Shop, card: str) -> int:
    member = shop.member(card)
    assert member is not None
    (wallet,) = wallets_of([member], now=NOW + timedelta(hours=1))
    assert wallet.spendable is not None
    return wallet.spendable.available


def sound() -> bool:
    assert audit(NOW).mismatches == ()
    return True


def test_every_card_of_a_person_shows_and_spends_what_all_have() -> None:
    shop = Shop()
    shop.buy("a", 30_000)
    shop.buy("b", 5_000)
    shop.merge("a", "b")
    assert [balance(shop, "a"), balance(shop, "b")] == [350, 350]
    assert sound()
    shop.pay("b", 320)
    assert [balance(shop, "a"), balance(shop, "b")] == [30, 30]
    found = find_member(shop.member("b").number)  # type: ignore[union-attr]
    assert found == shop.member("b")
    assert sound()


def test_a_merge_lifts_the_tier_and_parting_gives_each_its_own_back() -> None:
    shop = Shop()
    shop.buy("a", 30_000)
    shop.buy("b", 25_000)
    before = shop.standings()
    shop.merge("a", "b")
    (wallet,) = wallets_of([shop.member("b")], now=NOW)  # type: ignore[list-item]
    assert (wallet.tier.code if wallet.tier else "", wallet.visits) == ("gold", 2)
    shop.part("b")
    assert shop.standings() == before
    assert sound()


def test_what_a_card_earned_meanwhile_is_its_own_after_parting() -> None:
    shop = Shop()
    shop.buy("a", 10_000)
    shop.merge("a", "b")
    shop.buy("b", 4_000)
    assert balance(shop, "b") == 140
    shop.part("b")
    assert [balance(shop, "a"), balance(shop, "b")] == [100, 40]
    assert shop.member("b").visits == 1  # type: ignore[union-attr]
    assert sound()


def test_what_one_spent_beyond_its_own_is_listed_and_borne_by_the_other_once() -> None:
    shop = Shop()
    shop.buy("a", 30_000)
    shop.buy("b", 5_000)
    shop.merge("a", "b")
    shop.pay("b", 80)
    shop.part("b")
    assert [balance(shop, "a"), balance(shop, "b")] == [270, 0]
    assert Shortfall.objects.get().amount == 30
    assert Shortfall.objects.get().spender == shop.member("b")
    shop.buy("c", 1_000)
    for _ in range(2):
        shop.merge("a", "c")
        shop.part("c")
    assert [balance(shop, "a"), balance(shop, "c")] == [270, 10]
    assert Shortfall.objects.count() == 1
    assert sound()


def test_an_undone_redemption_gives_the_points_to_those_they_are() -> None:
    shop = Shop()
    shop.buy("a", 30_000, days=2)
    shop.buy("b", 5_000, days=9)
    before = shop.standings()
    shop.merge("a", "b")
    spent = shop.pay("a", 100)
    assert spent is not None
    shop.part("b")
    assert [balance(shop, "a"), balance(shop, "b")] == [200, 50]
    undo_redemption(spent, now=NOW, within=None)
    assert shop.standings() == before
    assert sound()


def test_returned_goods_take_points_from_whoever_earned_them() -> None:
    shop = Shop()
    shop.buy("a", 30_000)
    bought = shop.buy("b", 5_000)
    shop.merge("a", "b")
    reverse_purchases([bought], "voided", now=NOW)
    assert balance(shop, "a") == 300
    shop.part("b")
    assert [balance(shop, "a"), balance(shop, "b")] == [300, 0]
    assert sound()


def test_a_merge_taken_back_before_anybody_looked_moves_nothing() -> None:
    shop = Shop()
    shop.buy("a", 30_000)
    shop.buy("b", 5_000)
    before, transfers = shop.standings(), Transfer.objects.count()
    entries = make.merged(shop.people["a"], shop.people["b"])
    undone = make.parted(shop.person("b"))
    part_members(CustomersUnmerged(merging_ids=(undone,)))
    pool_members(CustomersMerged(merging_ids=tuple(entries)))
    assert (shop.standings(), Transfer.objects.count()) == (before, transfers)


def test_a_gift_for_joining_is_given_once_to_a_person_and_to_each_when_they_part() -> None:
    rules = (
        RuleInput("base", "Share", "share_of_purchase"),
        RuleInput("welcome", "Welcome", "welcome_gift", {"points": 50}),
    )
    shop = Shop(rules=rules)
    shop.merge("a", "b")
    shop.buy("b", 1_000)
    shop.buy("a", 1_000)
    assert [balance(shop, "a"), balance(shop, "b")] == [70, 70]
    shop.part("b")
    assert [balance(shop, "a"), balance(shop, "b")] == [60, 60]
    assert sound()


def test_a_record_of_a_member_earns_in_a_program_that_is_joined_on_request() -> None:
    shop = Shop(enrols="on_request")
    shop.merge("a", "b")
    shop.buy("b", 1_000)
    assert shop.member("b") is None


act = st.one_of(
    st.tuples(st.just("buy"), st.sampled_from(CARDS), st.integers(1, 300)),
    st.tuples(st.just("pay"), st.sampled_from(CARDS), st.integers(1, 200)),
    st.tuples(st.just("undo"), st.sampled_from(CARDS), st.integers(0, 3)),
    st.tuples(st.just("back"), st.sampled_from(CARDS), st.integers(0, 3)),
    st.tuples(st.just("merge"), st.sampled_from(CARDS), st.integers(0, 2)),
    st.tuples(st.just("part"), st.sampled_from(CARDS), st.integers(0, 2)),
)
Acts = list[tuple[str, str, int]]


def told(acts: Acts, *, merging: bool) -> tuple[Shop, bool]:
    """The shop after these acts; whether anybody spent more than they would have had alone."""
    story = Story()
    for kind, card, number in acts:
        if merging or kind not in {"merge", "part"}:
            getattr(story, kind)(card, number)
            assert sound()
    for card in CARDS if merging else ():
        story.part(card)
        assert sound()
    return story.shop, story.refused


class Story:
    """Acts of random histories, told by card and a number."""

    def __init__(self) -> None:
        self.shop = Shop()
        self.bought: dict[str, list[int]] = {card: [] for card in CARDS}
        self.spent: dict[str, list[Redemption]] = {card: [] for card in CARDS}
        self.refused = False

    def buy(self, card: str, number: int) -> None:
        self.bought[card].append(self.shop.buy(card, number * 100, days=number % 7))

    def pay(self, card: str, number: int) -> None:
        redemption = self.shop.pay(card, number)
        self.refused = self.refused or redemption is None
        self.spent[card] += [redemption] if redemption else []

    def undo(self, card: str, number: int) -> None:
        for redemption in self.spent[card][number : number + 1]:
            undo_redemption(redemption, now=NOW, within=None)

    def back(self, card: str, number: int) -> None:
        for purchase_id in self.bought[card][number : number + 1]:
            reverse_purchases([purchase_id], f"undo {self.shop.step}", now=NOW)

    def merge(self, card: str, number: int) -> None:
        self.shop.merge(card, CARDS[number], times=1)

    def part(self, card: str, number: int = 0) -> None:
        self.shop.part(card, times=1)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(act, max_size=16))
def test_parted_members_stand_as_if_they_had_never_been_merged(acts: Acts) -> None:
    """Without spending beyond one's own, to the point and to the day of every lot."""
    alone, refused = told(acts, merging=False)
    shop, _ = told(acts, merging=True)
    if not refused and not Shortfall.objects.filter(owner__program=shop.program).exists():
        assert shop.standings() == alone.standings()


def test_what_a_card_held_before_merging_is_its_persons_and_the_clock_frees_it() -> None:
    shop, now = Shop(), NOW + HOUR
    shop.buy("a", 5_000)
    shop.buy("b", 10_000)
    hold = hold_points(shop.member("a"), 40, key="held", ends_at=now + HOUR, now=now)  # type: ignore[arg-type]
    shop.merge("b", "a")
    leader = shop.member("b")
    assert leader is not None
    assert open_holds_of([leader], now=now) == {leader.pk: [hold]}
    assert told_points(leader, now) == (110, 40)
    assert told_points(leader, now + HOUR) == (150, 0)
    redeem_points(leader, 145, key="later", now=now + HOUR)
    assert Hold.objects.get().outcome == "lapsed"
    assert balance(shop, "b") == 5
    assert sound()


def told_points(member: Member, now: datetime) -> tuple[int, int]:
    (wallet,) = wallets_of([member], now=now)
    assert wallet.spendable is not None
    return wallet.spendable.available, wallet.spendable.held


def test_what_comes_back_to_a_person_who_is_still_one_changes_no_other_dates() -> None:
    shop, now = Shop(), NOW + HOUR
    shop.buy("a", 10_000, days=20)
    shop.merge("a", "b")
    shop.buy("b", 5_000)
    shop.pay("b", 30)
    before = shop.standing("a")
    hold = hold_points(shop.member("b"), 20, key="held", ends_at=now + HOUR, now=now)  # type: ignore[arg-type]
    release_hold(hold, now=now)
    assert shop.standing("a") == before
    undo_redemption(Redemption.objects.get(), now=now, within=None)
    assert balance(shop, "a") == 150
    assert not Transfer.objects.filter(key__startswith="merging:hold").exists()
    assert not Transfer.objects.filter(key__startswith="merging:undo").exists()
    assert sound()
