"""Points that partners pay for are owed like all others, and kept apart: by month, to the cent."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from regulars.core.errors import Refused
from regulars.customers.actions.returns import record_returns
from regulars.customers.rules.purchases import ReturnInput, ReturnLineInput
from regulars.loyalty.actions import (
    UnitInput,
    expire_points,
    post_returns,
    redeem_points,
    take_purchases,
)
from regulars.loyalty.actions.adjusting import AdjustmentInput, Asker, adjust_points
from regulars.loyalty.actions.liability import state_rate, store_estimates
from regulars.loyalty.actions.partners import PartnerInput, close_month, set_partner
from regulars.loyalty.models import Lot, Member, Partner, Program, Unit
from regulars.loyalty.queries.liability import Liability, journal_of, liability_of
from regulars.loyalty.queries.months import month_at
from regulars.loyalty.queries.partners import months_of
from regulars.loyalty.rules.expiry import Expiry
from regulars.loyalty.tests.test_api import Caller
from regulars.loyalty.tests.test_liability import closes
from regulars.loyalty.tests.test_pages import signed_in
from tests import make

pytestmark = pytest.mark.django_db
OCTOBER = datetime(2026, 10, 10, 12, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NAME = "Coffee House"
runs = iter(range(10**9))


def opened(code: str = "club", *, price_minor: int | None = 90) -> Program:
    """A program whose second rule is paid by a partner, as much as its own."""
    life = Expiry(kind="months", months=2)
    rules = (
        make.RuleInput("base", "Base", "share_of_purchase"),
        make.RuleInput("coffee", "Coffee", "share_of_purchase", {"partner": NAME}),
    )
    units = (UnitInput("points", "Points", "spendable", worth_minor=100, expiry=life),)
    program = make.program(code, rules=rules, units=units)
    if price_minor is not None:
        told = PartnerInput(NAME, issue_price_minor=price_minor, redeem_price_minor=80)
        set_partner(program, told, now=OCTOBER - 90 * DAY)
    return program


def unit_of(program: Program) -> Unit:
    return Unit.objects.get(program=program)


def bought(
    program: Program, number: str, total_minor: int, at: datetime, *, late: timedelta = 0 * DAY
) -> None:
    lines = [make.line(total_minor=total_minor, quantity_milli=10_000)]
    card = f"{program.code}-1"
    receipt = make.receipt(f"{program.code}-{number}", card=card, lines=lines, bought_at=at - late)
    take_purchases([receipt], now=at)


def given_back(program: Program, number: str, at: datetime, *, milli: int) -> None:
    line, name = ReturnLineInput(1, milli), f"{program.code}-{number}"
    told = ReturnInput("till", f"{name}-{at}", "till", name, returned_at=at, lines=(line,))
    (done,) = record_returns([told], now=at)
    if done.refused is None:
        post_returns(return_ids=[done.return_id], now=at)


def balances(owed: Liability) -> Counter[str]:
    """By account what the journal leaves on its credit side."""
    sums = Counter[str]()
    for line in journal_of(owed):
        sums[line.credit] += line.minor
        sums[line.debit] -= line.minor
    return sums


def holds_together(program: Program, now: datetime) -> None:
    """Every month closes, opens where the last one closed, and ties to lots, journal, statements."""
    owed = liability_of(unit_of(program), now=now)
    for months in (owed.months, owed.owed_paid):
        assert all(map(closes, months))
        closings = [0, *(one.closing_minor for one in months)]
        assert [one.opening_minor for one in months] == closings[:-1]
    due = [one.receivable for one in owed.paid]
    assert [one.opening_minor for one in due] == [0, *(one.closing_minor for one in due)][:-1]
    lots = Lot.objects.filter(account__member__program=program)
    assert owed.open == sum(lots.values_list("remaining", flat=True))
    left = balances(owed)
    assert sum(left.values()) == 0
    assert -left["partner_receivable"] == owed.receivable_minor
    assert left["contract_liability"] + left["partner_contract_liability"] == owed.closing_minor
    (partner,) = Partner.objects.filter(program=program)
    assert owed.receivable_minor == not_billed(partner)
    issued = {one.month: one.moved.issued for one in months_of(partner)}
    assert {month_at(one.owed.month): one.owed.issued for one in owed.paid if one.owed.issued} == {
        month: points for month, points in issued.items() if points
    }


def not_billed(partner: Partner) -> int:
    months = [one for one in months_of(partner) if one.closed_at is None]
    return sum((one.moved.issued - one.moved.returned) * one.issue_price_minor for one in months)


def test_what_a_partner_pays_is_deferred_and_no_part_of_the_sale() -> None:
    program = opened()
    bought(program, "1", 100_000, OCTOBER)
    owed = liability_of(unit_of(program), now=OCTOBER)
    (own,), (paid,) = owed.months, owed.paid
    # 1,000 own points worth 100,000 beside goods at 100,000; as many of the partner's at 90 each.
    assert (own.from_sales_minor, own.issued) == (50_000, 1_000)
    assert (paid.owed.from_sales_minor, paid.owed.issued) == (90_000, 1_000)
    assert owed.closing_minor == 140_000
    assert (owed.receivable_minor, owed.open) == (90_000, 2_000)
    sides = {(one.debit, one.credit, one.minor) for one in journal_of(owed)}
    assert sides == {
        ("revenue", "contract_liability", 50_000),
        ("partner_receivable", "partner_contract_liability", 90_000),
    }
    holds_together(program, OCTOBER)


def test_a_closed_month_is_billed_at_its_price() -> None:
    program = opened()
    bought(program, "1", 100_000, OCTOBER)
    given_back(program, "1", OCTOBER + DAY, milli=5_000)
    (partner,) = Partner.objects.all()
    close_month(partner, date(2026, 10, 1), now=NOVEMBER)
    set_partner(
        program, PartnerInput(NAME, issue_price_minor=70, redeem_price_minor=1), now=NOVEMBER
    )
    bought(program, "2", 10_000, NOVEMBER)
    owed = liability_of(unit_of(program), now=NOVEMBER)
    october, november = (one.receivable for one in owed.paid)
    assert (october.charged_minor, october.credited_minor) == (90_000, 45_000)
    assert (november.billed_minor, november.charged_minor) == (45_000, 7_000)
    assert owed.receivable_minor == november.closing_minor == 7_000
    assert balances(owed)["trade_receivable"] == -45_000
    holds_together(program, NOVEMBER)


@pytest.mark.parametrize("price_minor", [None, 0])
def test_points_that_nobody_agreed_to_pay_for_are_the_programs_own(price_minor: int | None) -> None:
    program = opened(price_minor=price_minor)
    bought(program, "1", 100_000, OCTOBER)
    owed = liability_of(unit_of(program), now=OCTOBER)
    assert (owed.paid, owed.receivable_minor) == ((), 0)
    assert owed.months[0].issued == owed.open == 2_000


step = st.tuples(
    st.sampled_from(
        ("buy", "buy", "give_back", "spend", "expire", "adjust", "price", "close", "rate", "store")
    ),
    st.integers(1, 400),
    st.sampled_from((1, 9, 31)),
)


class Years:
    """Does to a program what hypothesis thinks of, each a while after the one before."""

    def __init__(self) -> None:
        self.program, self.at, self.sales = opened(f"paid{next(runs)}"), OCTOBER, 0

    def act(self, kind: str, number: int, days: int) -> None:
        self.at += days * DAY
        with suppress(Refused), transaction.atomic():
            getattr(self, kind)(number)

    def member(self) -> Member:
        return Member.objects.get(program=self.program)

    def buy(self, number: int) -> None:
        self.sales += 1
        bought(self.program, str(self.sales), number * 130, self.at, late=number % 20 * DAY)

    def spend(self, number: int) -> None:
        key = f"{self.program.code}-{self.at}"
        if self.sales:
            redeem_points(self.member(), number, key=key, now=self.at)

    def adjust(self, number: int) -> None:
        if self.sales:
            told = AdjustmentInput(
                f"{self.program.code}-{self.at}",
                self.member().pk,
                "points",
                number % 80 - 40 or 1,
                "goodwill",
            )
            adjust_points(self.program, [told], asker=Asker(), now=self.at)

    def price(self, number: int) -> None:
        told = PartnerInput(NAME, issue_price_minor=number, redeem_price_minor=3)
        set_partner(self.program, told, now=self.at)

    def close(self, number: int) -> None:
        last = (self.at.replace(day=1) - DAY).date().replace(day=1)
        close_month(Partner.objects.get(program=self.program), last, now=self.at)

    def rate(self, number: int) -> None:
        told = {"rate_ppm": number * 2_000, "reason": "audit", "by": None}
        state_rate(unit_of(self.program), now=self.at, **told)  # type: ignore[arg-type]

    def give_back(self, number: int) -> None:
        if self.sales:
            sale = str(1 + number % self.sales)
            given_back(self.program, sale, self.at, milli=(1 + number % 9) * 1_000)

    def store(self, number: int) -> None:
        store_estimates(now=self.at)

    def expire(self, number: int) -> None:
        expire_points(now=self.at)


@settings(
    max_examples=25, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck)
)
@given(st.lists(step, max_size=20))
def test_whatever_happens_both_roll_forwards_close_and_tie(
    steps: Iterable[tuple[str, int, int]],
) -> None:
    with transaction.atomic():
        years = Years()
        for one in steps:
            years.act(*one)
        holds_together(years.program, years.at + DAY)
        transaction.set_rollback(True)


def test_the_page_the_file_and_the_api_keep_them_apart(client: Client) -> None:
    program = opened()
    bought(program, "1", 100_000, OCTOBER)
    client = signed_in()
    page = client.get(f"/loyalty/{program.code}/liability").content.decode()
    assert page.count("<tr data-paid>") == page.count("<tr data-receivable>") >= 1
    assert "Points that partners pay for" in page
    assert "$900" in page
    journal = client.get(f"/loyalty/{program.code}/journal.csv").content.decode("utf-8-sig")
    assert "partner_receivable,partner_contract_liability,900.00,USD" in journal
    told = Caller().get(f"/programs/{program.code}/liability").json()
    assert (told["closing_minor"], told["receivable_minor"]) == (140_000, 90_000)
    assert told["paid_by_partners"][0]["receivable"]["charged_minor"] == 90_000
    assert told["paid_by_partners"][0]["from_sales_minor"] == 90_000
