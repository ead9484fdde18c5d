"""What loyalty does when customers publish returns and voided purchases."""

import pytest

from regulars.customers.actions.purchases import void_purchases
from regulars.customers.actions.returns import record_returns
from regulars.customers.events import GoodsReturned, PurchasesVoided
from regulars.customers.rules.purchases import ReturnInput, ReturnLineInput
from regulars.loyalty.actions import take_purchases
from regulars.loyalty.handlers import (
    take_back_points_of_returns,
    take_back_points_of_voided_purchases,
)
from regulars.loyalty.models import Account, Member
from regulars.loyalty.queries import audit
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db


def points() -> int | None:
    return Account.objects.get(unit__code="points", member__isnull=False).balance


def bought(number: str) -> int:
    lines = [make.line(total_minor=1_000, quantity_milli=3_000)]
    (taken,) = take_purchases([make.receipt(number, card="1", lines=lines)], now=NOW)
    return taken.purchase_id


def test_three_partial_returns_take_what_one_return_would() -> None:
    make.program()
    bought("R1")
    balances = []
    for number in range(3):
        back = ReturnInput("till", f"B{number}", "till", "R1", NOW, (ReturnLineInput(1, 1_000),))
        (returned,) = record_returns([back], now=NOW)
        for _ in range(2):
            take_back_points_of_returns(GoodsReturned(return_ids=(returned.return_id,)))
        balances.append(points())
    assert balances == [7, 4, 0]
    assert Member.objects.get().visits == 0
    assert audit(NOW).mismatches == ()


def test_a_voided_purchase_loses_its_points_and_may_come_again() -> None:
    make.program()
    first = bought("R1")
    void_purchases([first], now=NOW)
    for _ in range(2):
        take_back_points_of_voided_purchases(PurchasesVoided(purchase_ids=(first,)))
    assert points() == 0
    assert bought("R1") != first
    assert points() == 10
    assert audit(NOW).mismatches == ()
