"""The liability of a program: vintages, roll-forward, estimates, journal."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.core.errors import Refused
from regulars.customers.actions.returns import record_returns
from regulars.customers.rules.purchases import ReturnInput, ReturnLineInput
from regulars.loyalty.actions import (
    UnitInput,
    add_unit,
    expire_points,
    post_returns,
    redeem_points,
    take_purchases,
)
from regulars.loyalty.actions.liability import state_rate, store_estimates
from regulars.loyalty.models import LiabilityEstimate, Lot, Member, Program, Unit
from regulars.loyalty.queries.liability import journal_of, liability_of
from regulars.loyalty.queries.months import place_of
from regulars.loyalty.queries.vintages import vintages_of
from regulars.loyalty.rules.breakage import Cohort, estimate, redeemed_in_the_end
from regulars.loyalty.rules.expiry import Expiry
from regulars.loyalty.rules.rolling import Expectation, Month, Vintage, Worth, roll_forward
from tests import make

JANUARY = datetime(2026, 1, 10, 12, tzinfo=UTC)


def closes(month: Month) -> bool:
    return month.closing_minor == (
        month.opening_minor
        + month.from_sales_minor
        + month.from_gifts_minor
        + month.adjusted_minor
        - month.returned_minor
        - month.redeemed_minor
        - month.broken_minor
        + month.re_estimated_minor
    )


@st.composite
def histories(draw: Any) -> tuple[list[Vintage], dict[int, Expectation]]:
    """Vintages of some months, each redeemed, expired and returned in any way that adds up."""
    last = draw(st.integers(0, 5))
    vintages = []
    for month in range(last + 1):
        issued = draw(st.integers(0, 10_000))
        sold = draw(st.integers(0, issued))
        price = draw(st.integers(0, 10**6))
        alone = price + draw(st.integers(0, 10**5))
        by_hand = draw(st.integers(0, issued - sold))
        vintage = Vintage(month, issued, sold, price, alone, by_hand)
        left = issued
        for at in range(month, last + 1):
            for moved in (vintage.redeemed, vintage.expired, vintage.reversed, vintage.taken):
                moved[at] = draw(st.integers(0, left))
                left -= moved[at]
        vintages.append(vintage)
    beliefs = {
        month: draw(
            st.one_of(
                st.just(Expectation()),
                st.integers(0, 100).map(lambda share: Expectation(stated=Fraction(share, 100))),
                st.just(Expectation(curve=((3, 10), (1, 7)))),
            )
        )
        for month in range(last + 1)
    }
    return vintages, beliefs


@given(histories())
@settings(max_examples=100)
def test_every_month_closes_and_opens_where_the_last_one_closed(
    history: tuple[list[Vintage], dict[int, Expectation]],
) -> None:
    months = roll_forward(*history, worth=Worth(1, 1))
    assert all(map(closes, months))
    closings = [0, *(one.closing_minor for one in months)]
    assert [one.opening_minor for one in months] == closings[:-1]
    assert all(one.closing_minor >= 0 for one in months)
    points = sum(one.issued + one.adjusted for one in months)
    assert points - sum(one.redeemed + one.expired + one.reversed for one in months) == (
        months[-1].open
    )
    assert months[-1].open == sum(
        one.issued
        - sum(one.redeemed.values())
        - sum(one.expired.values())
        - sum(one.reversed.values())
        - sum(one.taken.values())
        for one in history[0]
    )


@given(histories(), st.lists(st.integers(0, 10**6), min_size=6, max_size=6))
@settings(max_examples=100)
def test_points_that_partners_pay_for_close_at_what_was_charged(
    history: tuple[list[Vintage], dict[int, Expectation]], charged: list[int]
) -> None:
    paid = [replace(one, paid_minor=charged[one.month]) for one in history[0]]
    months = roll_forward(paid, history[1], worth=Worth(1, 1))
    assert all(map(closes, months))
    closings = [0, *(one.closing_minor for one in months)]
    assert [one.opening_minor for one in months] == closings[:-1]
    assert [one.from_sales_minor for one in months] == [
        charged[one.month] if one.issued else one.from_sales_minor for one in months
    ]
    assert sum(one.from_gifts_minor for one in months) == 0
    assert all(0 <= one.closing_minor <= sum(charged) for one in months)


@given(histories())
@settings(max_examples=50)
def test_nothing_is_owed_once_nothing_is_open(
    history: tuple[list[Vintage], dict[int, Expectation]],
) -> None:
    vintages, beliefs = history
    end = max(beliefs) + 1
    for one in vintages:
        gone = (one.redeemed, one.expired, one.reversed, one.taken)
        one.expired[end] = one.issued - sum(sum(moved.values()) for moved in gone)
    months = roll_forward(vintages, {**beliefs, end: Expectation()}, worth=Worth(1, 1))
    assert months[-1].closing_minor == 0


def test_a_curve_finds_what_was_planted() -> None:
    cohorts = [Cohort(1_000, (200, 160, 64), (0, 0, 576)) for _ in range(8)]
    found = estimate(cohorts, life_months=2)
    assert found is not None
    assert found.rate == Fraction(424, 1_000)
    assert found.low == found.high == pytest.approx(0.424)
    assert redeemed_in_the_end(found.curve, age=2) == Fraction(64, 640)


def test_cohorts_that_differ_make_a_wide_interval() -> None:
    cohorts = [Cohort(1_000, (share, 0)) for share in (100, 300, 500, 700, 900, 200)]
    found = estimate(cohorts, life_months=1)
    assert found is not None
    assert found.low < 0.35 < found.rate < 0.55 < found.high


@pytest.fixture
def program(db: None) -> Program:
    return make.program(
        units=(
            UnitInput(
                "points",
                "Points",
                "spendable",
                worth_minor=1,
                expiry=Expiry(kind="months", months=2),
            ),
            UnitInput("status", "Status", "qualifying"),
        )
    )


def unit() -> Unit:
    return Unit.objects.get(code="points")


def buy(number: str, *, total_minor: int = 10_000, at: datetime = JANUARY) -> None:
    lines = [make.line(total_minor=total_minor)]
    take_purchases([make.receipt(number, card="1", lines=lines, bought_at=at)], now=at)


def test_the_ledger_gives_vintages_that_tie_to_its_open_lots(program: Program) -> None:
    buy("1")
    buy("2", at=JANUARY + timedelta(days=31))
    (member,) = Member.objects.all()
    redeem_points(member, 150, key="a", now=JANUARY + timedelta(days=32))
    back = ReturnInput(
        "till", "r", "till", "2", JANUARY + timedelta(days=33), (ReturnLineInput(1, 400),)
    )
    (returned,) = record_returns([back], now=JANUARY + timedelta(days=33))
    post_returns(return_ids=[returned.return_id], now=JANUARY + timedelta(days=33))
    end = JANUARY + timedelta(days=100)
    expire_points(now=end)
    first, second = vintages_of(unit(), now=end)
    place = place_of(JANUARY.date().replace(day=1))
    assert (first.issued, first.sold, first.price_minor) == (100, 100, 10_000)
    assert first.redeemed == {place + 1: 100}
    assert (second.redeemed, second.reversed) == ({place + 1: 50}, {place + 1: 40})
    assert sum(second.expired.values()) == 10
    owed = liability_of(unit(), now=end)
    assert all(map(closes, owed.months))
    assert owed.months[-1].open == sum(Lot.objects.values_list("remaining", flat=True)) == 0
    assert owed.closing_minor == 0


def test_the_price_of_a_sale_is_shared_with_its_points(program: Program) -> None:
    buy("1", total_minor=100_000)
    owed = liability_of(unit(), now=JANUARY)
    # 1,000 points at 1 beside goods at 100,000.
    assert owed.closing_minor == 990
    sides = [(one.debit, one.credit, one.minor) for one in journal_of(owed)]
    assert sides == [("revenue", "contract_liability", 990)]


def test_a_late_job_stores_what_a_punctual_one_would_have(program: Program) -> None:
    for month in range(8):
        buy(f"{month}", total_minor=50_000, at=JANUARY + timedelta(days=30 * month))
        (member,) = Member.objects.all()
        redeem_points(member, 100, key=f"{month}", now=JANUARY + timedelta(days=30 * month + 1))
        expire_points(now=JANUARY + timedelta(days=30 * month + 1))
        store_estimates(now=JANUARY + timedelta(days=30 * month + 2))
    columns = ("month", "basis", "rate_ppm", "low_ppm", "high_ppm", "curve")
    punctual = list(LiabilityEstimate.objects.order_by("month").values_list(*columns))
    LiabilityEstimate.objects.all().delete()
    store_estimates(now=JANUARY + timedelta(days=30 * 7 + 2))
    assert list(LiabilityEstimate.objects.order_by("month").values_list(*columns)) == punctual
    assert store_estimates(now=JANUARY + timedelta(days=30 * 7 + 3)) == 0
    bases = [row[1] for row in punctual]
    assert (bases[0], bases[-1]) == ("none", "curve")


def test_a_stated_rate_is_a_catch_up_of_its_month(program: Program) -> None:
    buy("1", total_minor=100_000)
    later = JANUARY + timedelta(days=31)
    state_rate(unit(), rate_ppm=500_000, reason="audit", by=None, now=later)
    owed = liability_of(unit(), now=later)
    january, february = owed.months
    assert (january.closing_minor, february.opening_minor) == (990, 990)
    # Half of the points redeemed so far is none: the belief changes what is still to come.
    assert february.re_estimated_minor == 0
    (member,) = Member.objects.all()
    redeem_points(member, 250, key="a", now=later)
    assert liability_of(unit(), now=later).closing_minor == 990 // 2
    with pytest.raises(Refused, match="say why"):
        state_rate(unit(), rate_ppm=1, reason=" ", by=None, now=later)


def test_the_page_and_the_journal(program: Program, client: Client) -> None:
    buy("1", total_minor=100_000)
    client.force_login(
        make.employee("loyalty_manager"), "allauth.account.auth_backends.AuthenticationBackend"
    )
    page = client.get("/loyalty/club/liability")
    assert page.status_code == 200
    assert "$9.90" in page.content.decode()
    add_unit(program, UnitInput("stars", "Stars", "spendable", worth_minor=1))
    page = client.get("/loyalty/club/liability?unit=stars")
    assert '<a href="?unit=stars" aria-current="page">Stars</a>' in page.content.decode()
    journal = client.get("/loyalty/club/journal.csv").content.decode("utf-8-sig")
    assert "revenue,contract_liability,9.90,USD" in journal
    wrong = client.post("/loyalty/club/liability", {"rate": "101", "reason": ""})
    assert wrong.status_code == 422
    stated = client.post("/loyalty/club/liability", {"rate": "80", "reason": "audit"})
    assert stated.status_code == 302
