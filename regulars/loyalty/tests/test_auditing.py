"""The audit's passes clear what is right and nothing else, on one connection and on several."""

import pytest
from django.db import connection

from regulars.cli.bench.ledger.measure import measure_ledger
from regulars.loyalty.actions import redeem_points, take_purchases
from regulars.loyalty.models import Member
from regulars.loyalty.queries import audit
from tests import make
from tests.make import NOW

WRONG = {
    "balance_is_the_sum_of_transfers": "UPDATE loyalty_account SET balance = balance + 1"
    " WHERE member_id IS NOT NULL",
    "balance_is_the_sum_of_lots_less_debt": "UPDATE loyalty_lot SET remaining = remaining - 1",
    "lot_is_its_grant_less_its_uses": "UPDATE loyalty_lot SET remaining = remaining - 1",
    "every_grant_has_its_lot": "UPDATE loyalty_lot SET granted = granted + 1",
    "every_spending_has_its_uses": "DELETE FROM loyalty_lotuse",
    "transfer_stays_in_one_unit": "UPDATE loyalty_transfer SET target_id = (SELECT id FROM"
    " loyalty_account WHERE pot = 'expired' AND unit_id <> (SELECT unit_id FROM loyalty_account"
    " account WHERE account.id = source_id)) WHERE redemption_id IS NOT NULL",
    "receipt_is_what_was_posted": "UPDATE loyalty_accrual SET receipt ="
    " jsonb_set(receipt, '{earned,points}', '1')",
    "tier_follows_from_transfers": "UPDATE loyalty_member SET tier_id = NULL",
    "visits_are_the_purchases_that_stand": "UPDATE loyalty_member SET visits = visits + 1",
}


def bought_and_spent() -> None:
    make.program()
    for card in ("1", "2"):
        lines = [make.line(total_minor=30_000)]
        take_purchases([make.receipt(card=card, lines=lines, bought_at=NOW)], now=NOW)
    redeem_points(Member.objects.order_by("id")[0], 50, key="k", now=NOW)


def spoil(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def found() -> set[str]:
    return {text.split(":")[0] for text in audit(NOW).mismatches}


@pytest.mark.django_db
@pytest.mark.parametrize("check", WRONG)
def test_what_is_wrong_is_named_by_its_check(check: str) -> None:
    bought_and_spent()
    assert audit(NOW).mismatches == ()
    spoil(WRONG[check])
    assert check in found()


@pytest.mark.django_db
def test_a_receipt_of_an_unknown_unit_and_amounts_beyond_measure_are_found() -> None:
    bought_and_spent()
    spoil("UPDATE loyalty_accrual SET receipt = jsonb_set(receipt, '{earned,stars}', '7')")
    assert "receipt_is_what_was_posted" in found()
    spoil("UPDATE loyalty_lot SET granted = granted + 4000000000000000000")
    assert {"every_grant_has_its_lot", "lot_is_its_grant_less_its_uses"} <= found()


@pytest.mark.django_db(transaction=True)
def test_several_connections_find_the_same() -> None:
    bought_and_spent()
    assert audit(NOW).mismatches == ()
    spoil(WRONG["every_grant_has_its_lot"])
    assert found() >= {"every_grant_has_its_lot", "lot_is_its_grant_less_its_uses"}


@pytest.mark.django_db
def test_a_made_up_ledger_is_right_to_the_last_row() -> None:
    measured = measure_ledger(entries=300, lots=20, probes=2)
    counts = measured["audit"]
    assert (counts["transfers"], counts["lots"]) == (3 * 100 + 2 * 20 + 2, 3 * 46 + 2 * 20)
    assert measured["redeeming"]["times"] == 2
