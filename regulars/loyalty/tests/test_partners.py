"""Partners: whose points they are, what is owed for a month, and that a closed one stays."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from regulars.core.errors import Refused
from regulars.customers.actions.returns import record_returns
from regulars.customers.rules.purchases import ReturnInput, ReturnLineInput
from regulars.loyalty.actions import (
    RuleInput,
    post_returns,
    set_rule,
    take_purchases,
    undo_redemption,
)
from regulars.loyalty.actions.partners import PartnerInput, close_month, set_partner
from regulars.loyalty.actions.rewards import RewardInput, order_reward, set_reward
from regulars.loyalty.models import Account, Member, Partner, Program, Transfer
from regulars.loyalty.queries import audit
from regulars.loyalty.queries.partners import (
    lines_of,
    months_of,
    names_without_terms,
    partners_of,
)
from regulars.loyalty.reasons import reason_in_words
from regulars.loyalty.rules.partners import Moved, share_returned
from regulars.loyalty.tests.test_api import Caller
from regulars.loyalty.tests.test_pages import signed_in
from tests import make

pytestmark = pytest.mark.django_db
OCTOBER = datetime(2026, 10, 10, 12, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 3, 12, tzinfo=UTC)
MADE = datetime(2026, 1, 1, tzinfo=UTC)
NAME = "Coffee House"


@pytest.fixture
def program() -> Program:
    """A program whose second rule is paid by a partner, as much as its own."""
    rules = (
        make.RuleInput("base", "Base", "share_of_purchase"),
        make.RuleInput("coffee", "Coffee", "share_of_purchase", {"partner": NAME}),
    )
    return make.program("club", rules=rules)


def bought(number: str, total_minor: int, at: datetime) -> int:
    lines = [make.line(total_minor=total_minor, quantity_milli=7_000)]
    receipt = make.receipt(number, card="1", lines=lines, bought_at=at)
    return take_purchases([receipt], now=at)[0].purchase_id


def priced(program: Program, issue: int = 90, redeem: int = 80) -> Partner:
    return set_partner(program, PartnerInput(NAME, issue, redeem), now=OCTOBER)


def moved(partner: Partner) -> dict[date, Moved]:
    return {one.month: one.moved for one in months_of(partner)}


def test_points_of_a_partner_come_from_its_pot_and_are_settled_by_month(program: Program) -> None:
    assert names_without_terms(program) == [NAME]
    bought("R1", 10_000, OCTOBER)
    partner = priced(program)
    assert names_without_terms(program) == []
    pots = Transfer.objects.filter(rule__code="coffee").values_list("source__pot", flat=True)
    assert set(pots) == {"partner"}
    issued = sum(Transfer.objects.filter(rule__code="coffee").values_list("amount", flat=True))
    (month,) = months_of(partner)
    assert month.moved == Moved(issued=issued)
    assert month.owed_minor == issued * partner.issue_price_minor
    assert audit(NOVEMBER).mismatches == ()


def test_returns_in_parts_come_to_what_one_return_comes_to(program: Program) -> None:
    bought("R1", 10_001, OCTOBER)
    partner = priced(program)
    issued = moved(partner)[date(2026, 10, 1)].issued
    for sevenths in (1, 2, 3):
        line = ReturnLineInput(1, sevenths * 1_000)
        goods = ReturnInput(
            "till", f"B{sevenths}", "till", "R1", returned_at=NOVEMBER, lines=(line,)
        )
        (done,) = record_returns([goods], now=NOVEMBER)
        assert done.refused is None, done.refused
        post_returns(return_ids=[done.return_id], now=NOVEMBER)
    taken = moved(partner)[date(2026, 11, 1)].returned
    reversed_ = Transfer.objects.filter(target__pot="reversed").values_list("amount", flat=True)
    assert 0 < taken == sum(reversed_) * issued // (2 * issued) <= issued
    assert audit(NOVEMBER).mismatches == ()


def test_rewards_of_a_partner_are_for_it_until_they_are_given_back(program: Program) -> None:
    bought("R1", 10_000, OCTOBER)
    partner = priced(program)
    entry = RewardInput("latte", "partner", "Latte", 30, partner=NAME)
    reward = set_reward(program, entry, now=OCTOBER)
    order = order_reward(Member.objects.get(), reward, key="o1", now=OCTOBER)
    owed = months_of(partner)[0].owed_minor
    assert months_of(partner)[0].moved.redeemed == order.price
    assert owed == moved(partner)[date(2026, 10, 1)].issued * 90 - order.price * 80
    assert order.redemption is not None
    undo_redemption(order.redemption, now=NOVEMBER, within=None)
    assert moved(partner)[date(2026, 11, 1)] == Moved(given_back=order.price)


def test_an_order_stays_with_whose_reward_it_was(program: Program) -> None:
    bought("R1", 10_000, OCTOBER)
    partner, month = priced(program), date(2026, 10, 1)
    entry = RewardInput("latte", "partner", "Latte", 30, partner=NAME)
    reward = set_reward(program, entry, now=OCTOBER)
    order_reward(Member.objects.get(), reward, key="o1", now=OCTOBER)
    (closed,) = close_month(partner, month, now=NOVEMBER)
    other = set_partner(program, PartnerInput("Tea House", 90, 80), now=NOVEMBER)
    set_reward(program, replace(entry, partner=other.name), now=NOVEMBER)
    assert (months_of(other), moved(partner)[month].redeemed) == ([], closed.redeemed)
    assert audit(NOVEMBER).mismatches == ()
    again = order_reward(Member.objects.get(), reward, key="o2", now=NOVEMBER)
    assert moved(other) == {date(2026, 11, 1): Moved(redeemed=again.price)}


@pytest.mark.parametrize("payer", ["", NAME])
def test_what_returns_take_from_cashback_is_of_who_paid_it(program: Program, payer: str) -> None:
    told = {"unit": "points", "visits": 2, "quiet_minutes": 0, "partner": payer}
    set_rule(program, RuleInput("back", "Back", "cashback_by_visits", told), now=MADE)
    partner = priced(program)
    bought("R1", 10_000, OCTOBER)
    given = moved(partner)[date(2026, 10, 1)].issued
    bought("R2", 10_000, OCTOBER + timedelta(days=1))
    paid = sum(Transfer.objects.filter(rule__code="back").values_list("amount", flat=True))
    mine = paid if payer else 0
    assert moved(partner)[date(2026, 10, 1)] == Moved(issued=2 * given + mine)
    line = ReturnLineInput(1, 7_000)
    for number in ("R1", "R2"):
        goods = ReturnInput(
            "till", f"B{number}", "till", number, returned_at=NOVEMBER, lines=(line,)
        )
        (done,) = record_returns([goods], now=NOVEMBER)
        post_returns(return_ids=[done.return_id], now=NOVEMBER)
    assert moved(partner)[date(2026, 11, 1)] == Moved(returned=2 * given + mine)
    assert audit(NOVEMBER).mismatches == ()
    taken = _taken_before_keys_named_rules()
    shares = [share_returned(one, before=0, part=given, whole=2 * given) for one in taken]
    assert moved(partner)[date(2026, 11, 1)].returned == sum(shares)


def _taken_before_keys_named_rules() -> list[int]:
    """Gives returns the keys they had before payouts named their rule; what each purchase lost."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE loyalty_transfer SET key = regexp_replace(key, ':payout:[0-9]+:', ':payout:')"
        )
    taken: Counter[int | None] = Counter()
    for back in Transfer.objects.filter(target__pot="reversed"):
        taken[back.accrual_id] += back.amount
    return list(taken.values())


def test_many_partners_take_no_more_statements_than_one(program: Program) -> None:
    asked = []
    for number in range(3):
        set_partner(program, PartnerInput(f"Partner {number}", 1, 1), now=OCTOBER)
        with CaptureQueriesContext(connection) as queries:
            assert len(partners_of(program, now=NOVEMBER)) == number + 1
        asked.append(len(queries))
    assert len(set(asked)) == 1


def test_a_closed_month_stays_whatever_becomes_of_prices_and_points(program: Program) -> None:
    bought("R1", 10_000, OCTOBER)
    partner = priced(program)
    month = date(2026, 10, 1)
    with pytest.raises(Refused, match="an hour after"):
        close_month(partner, month, now=datetime(2026, 10, 31, 12, tzinfo=UTC))
    with pytest.raises(Refused, match="no points moved"):
        close_month(partner, date(2026, 9, 1), now=NOVEMBER)
    (closed,) = close_month(partner, month, now=NOVEMBER)
    partner = priced(program, issue=1, redeem=1)
    bought("R2", 50_000, NOVEMBER)
    late = make.receipt("R3", card="1", lines=[make.line(total_minor=9_900)], bought_at=OCTOBER)
    take_purchases([late], now=NOVEMBER)
    assert close_month(partner, month, now=NOVEMBER + timedelta(days=1)) == [closed]
    newest, oldest = months_of(partner)
    assert (oldest.owed_minor, oldest.closed_at) == (closed.owed_minor, NOVEMBER)
    assert newest.owed_minor == newest.moved.issued
    assert [line.points for line in lines_of(partner, month)] == [closed.issued]
    assert audit(NOVEMBER).mismatches == ()
    for change in ("UPDATE loyalty_partnerstatement SET issued = 0, owed_minor = 0", "DELETE FROM"):
        statement = change if "SET" in change else f"{change} loyalty_partnerstatement"
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_audit_names_a_month_that_is_not_what_was_booked(program: Program) -> None:
    bought("R1", 10_000, OCTOBER)
    close_month(priced(program), date(2026, 10, 1), now=NOVEMBER)
    own = Account.objects.get(unit__code="points", pot="issued")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE loyalty_transfer SET source_id = %s WHERE rule_id IN"
            " (SELECT id FROM loyalty_rule WHERE code = 'coffee')",
            [own.pk],
        )
    found = {text.split(":")[0] for text in audit(NOVEMBER).mismatches}
    assert found == {"a_closed_month_is_what_was_booked"}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE loyalty_transfer SET source_id = (SELECT id FROM loyalty_account WHERE"
            " pot = 'partner' AND unit_id = %s)",
            [own.unit_id],
        )
    found = {text.split(":")[0] for text in audit(NOVEMBER).mismatches}
    assert "a_partners_pot_pays_for_its_rules" in found


def test_the_manager_sets_prices_closes_a_month_and_takes_the_file(
    program: Program, client: Client
) -> None:
    client = signed_in()
    bought("R1", 10_000, OCTOBER)
    page = client.get(f"/loyalty/{program.code}/partners")
    assert NAME in page.content.decode()
    told: dict[str, Any] = {"name": NAME, "issue_price": "0.90"}
    for wrong in ("-1", "10000000.01"):
        told["redeem_price"] = wrong
        page = client.post(f"/loyalty/{program.code}/partners/new", told)
        assert (page.status_code, "redeem_price" in page.context["form"].errors) == (422, True)
    told["redeem_price"] = "0.80"
    client.post(f"/loyalty/{program.code}/partners/new", told)
    partner = Partner.objects.get()
    assert (partner.issue_price_minor, partner.redeem_price_minor) == (90, 80)
    address = f"/loyalty/{program.code}/partners/{partner.pk}"
    client.post(f"{address}/close", {"month": "2026-10-01"})
    (closed,) = months_of(partner)
    assert closed.closed_at is not None
    file = client.get(f"{address}/movements.csv?month=2026-10").content.decode()
    header, *rows = file.removeprefix("\ufeff").splitlines()
    assert header.startswith("booked_at,movement")
    assert sum(float(row.split(",")[6]) for row in rows) * 100 == closed.owed_minor
    for month in ("13", "9999-12"):
        assert client.get(f"{address}/movements.csv?month={month}").status_code == 404
    client.post(f"{address}/close", {"month": "soon"})
    assert "no month" in client.get(address).content.decode()
    client.post(f"{address}/close", {"month": "2026-09-01"})
    assert reason_in_words("nothing_to_settle") in client.get(address).content.decode()


def test_other_systems_read_and_close_months(program: Program) -> None:
    api = Caller()
    bought("R1", 10_000, OCTOBER)
    told = {
        "program": program.code,
        "name": NAME,
        "issue_price_minor": 90,
        "redeem_price_minor": 80,
    }
    made = api.put("/partners", told).json()
    address = f"/partners/{made['id']}"
    (open_month,) = api.get(f"{address}/statements").json()["items"]
    assert open_month["closed_at"] is None
    (closed,) = api.post(f"{address}/statements", {"month": "2026-10"}).json()["items"]
    assert closed["owed_minor"] == open_month["owed_minor"] > 0
    assert api.post(f"{address}/statements", {"month": "2026-13"}).status_code == 422
    (line,) = api.get(f"{address}/movements?month=2026-10").json()["items"]
    assert (line["kind"], line["points"]) == ("issued", closed["issued"])
