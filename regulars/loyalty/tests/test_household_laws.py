"""Households under whatever happens: the books close, and replays of them agree."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.core.errors import Refused
from regulars.loyalty.actions import (
    expire_points,
    hold_points,
    lapse_holds,
    redeem_points,
    release_hold,
    undo_redemption,
)
from regulars.loyalty.models import Hold, Program, Redemption
from regulars.loyalty.queries import audit
from regulars.loyalty.queries.wallets import wallets_of
from regulars.loyalty.tests.test_expiry import program
from regulars.loyalty.tests.test_households import (
    DAY,
    MONTH,
    balances,
    buy,
    clean,
    club,
    household,
    member,
)
from regulars.loyalty.tests.test_replay import unlike_the_books
from tests.make import NOW

__all__ = ["club"]
CARDS = ("a", "b", "c")
Steps = Sequence[tuple[str, int, int]]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "spend", "hold", "undo", "release", "expire", "lapse"]),
        st.integers(0, 2),
        st.integers(1, 90),
    ),
    min_size=3,
    max_size=12,
)


class Play:
    """A household to which things happen, five days apart."""

    def __init__(self, share_percent: int) -> None:
        self.now = NOW
        self.spent: list[Redemption] = []
        self.held: list[Hold] = []
        for card in CARDS:
            buy(card, 20)
        household(*CARDS, share_percent=share_percent)

    def buy(self, card: str, amount: int, key: str) -> None:
        buy(card, amount, self.now)

    def spend(self, card: str, amount: int, key: str) -> None:
        self.spent.append(redeem_points(member(card), amount, key=key, now=self.now))

    def hold(self, card: str, amount: int, key: str) -> None:
        ends_at = self.now + timedelta(days=9)
        self.held.append(hold_points(member(card), amount, key=key, ends_at=ends_at, now=self.now))

    def undo(self, card: str, amount: int, key: str) -> None:
        if self.spent:
            undo_redemption(self.spent.pop(), now=self.now, within=None)

    def release(self, card: str, amount: int, key: str) -> None:
        if self.held:
            release_hold(self.held.pop(), now=self.now)

    def expire(self, card: str, amount: int, key: str) -> None:
        expire_points(now=self.now)

    def lapse(self, card: str, amount: int, key: str) -> None:
        lapse_holds(now=self.now)

    def happen(self, steps: Steps) -> None:
        """What is shown as spendable can be spent, and no more."""
        for place, (act, who, amount) in enumerate(steps):
            self.now += 5 * DAY
            enough = spendable(CARDS[who], self.now) >= amount
            try:
                getattr(self, act)(CARDS[who], amount, f"k{place}")
            except Refused:
                assert act in {"spend", "hold"}
                assert not enough
            else:
                assert act not in {"spend", "hold"} or enough


def spendable(card: str, now: datetime) -> int:
    (wallet,) = wallets_of([member(card)], now=now)
    return wallet.holdings[0].spendable


@pytest.mark.django_db
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS, share=st.sampled_from([40, 100]))
def test_whatever_happens_the_books_close(club: Program, steps: Steps, share: int) -> None:
    with transaction.atomic():
        play = Play(share)
        play.happen(steps)
        assert audit(play.now).mismatches == ()
        assert unlike_the_books(club, play.now) == []
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_a_household_that_spends_at_once_is_never_overdrawn() -> None:
    program(MONTH)
    for card in CARDS:
        buy(card, 100)
    household(*CARDS)

    def spend(number: int) -> int:
        try:
            spent = redeem_points(member(CARDS[number % 3]), 70, key=f"k{number}", now=NOW)
            if number % 4 == 0:
                undo_redemption(spent, now=NOW)
                return 0
        except Refused:
            return 0
        else:
            return spent.amount
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        taken = sum(pool.map(spend, range(12)))
    assert 0 < taken == 300 - sum(balances(*CARDS))
    clean()
