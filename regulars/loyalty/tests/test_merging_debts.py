"""Debts, pending points and holds go with their members when records merge and part."""

from datetime import timedelta

import pytest

from regulars.loyalty.actions import (
    TermsInput,
    activate_points,
    hold_points,
    release_hold,
    reverse_purchases,
)
from regulars.loyalty.models import Account
from regulars.loyalty.queries import audit
from regulars.loyalty.tests.test_merging import Shop
from tests.make import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clean_books() -> object:
    yield
    assert audit(NOW).mismatches == ()


def in_debt(shop: Shop, card: str, points: int) -> None:
    """The card spends what a purchase gave, and the purchase is undone."""
    purchase = shop.buy(card, points * 100)
    shop.pay(card, points)
    reverse_purchases([purchase], "undo", now=NOW + DAY)


def points_of(shop: Shop, card: str) -> tuple[int | None, int]:
    account = Account.objects.get(member=shop.member(card), unit__code="points")
    return account.balance, account.debt


@pytest.mark.parametrize(("lead", "other"), [("a", "b"), ("b", "a")])
@pytest.mark.parametrize("points", [80, 30])
def test_a_debt_is_paid_by_the_others_points_and_is_back_when_they_part(
    lead: str, other: str, points: int
) -> None:
    shop = Shop(terms=TermsInput("unlimited"))
    in_debt(shop, "a", 50)
    shop.buy("b", points * 100)
    before = shop.standing("a"), shop.standing("b")
    shop.merge(lead, other)
    assert points_of(shop, lead) == (points - 50, max(50 - points, 0))
    assert points_of(shop, other) == (0, 0)
    assert audit(NOW).mismatches == ()
    shop.part(other)
    assert (shop.standing("a"), shop.standing("b")) == before


def test_what_is_earned_while_merged_pays_the_debt_of_who_earned_it() -> None:
    shop = Shop(terms=TermsInput("unlimited"))
    in_debt(shop, "a", 50)
    shop.buy("b", 2_000)
    shop.merge("a", "b")
    shop.buy("a", 1_000)
    shop.part("b")
    assert points_of(shop, "a") == (-40, 40)
    assert points_of(shop, "b") == (20, 0)


def test_pending_points_stay_pending_and_go_back() -> None:
    shop = Shop(terms=TermsInput("unlimited", pending="event"))
    purchase = shop.buy("a", 3_000)
    shop.buy("b", 2_000)
    before = shop.standing("a"), shop.standing("b")
    shop.merge("b", "a")
    assert shop.pay("a", 1) is None
    shop.part("a")
    assert (shop.standing("a"), shop.standing("b")) == before
    shop.merge("b", "a")
    activate_points([purchase], now=NOW)
    assert shop.pay("b", 31) is None
    assert shop.pay("b", 30) is not None


@pytest.mark.parametrize("is_parted", [False, True])
def test_a_hold_from_before_a_merge_gives_back_to_whose_it_was(*, is_parted: bool) -> None:
    shop = Shop(terms=TermsInput("unlimited"))
    shop.buy("a", 3_000)
    shop.buy("b", 2_000)
    before = shop.standing("a"), shop.standing("b")
    member = shop.member("a")
    assert member is not None
    at = NOW + DAY
    hold = hold_points(member, 25, key=shop.code, ends_at=at + DAY, now=at)
    shop.merge("b", "a")
    assert points_of(shop, "b") == (25, 0)
    if is_parted:
        shop.part("a")
        release_hold(hold, now=at)
    else:
        release_hold(hold, now=at)
        assert points_of(shop, "b") == (50, 0)
        shop.part("a")
    assert (shop.standing("a"), shop.standing("b")) == before
