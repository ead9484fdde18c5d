"""Redeeming, undoing and returning: what goes out comes back where it belongs."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from regulars.core.errors import Conflict, Refused
from regulars.loyalty.actions import (
    UnitInput,
    redeem_points,
    reverse_purchases,
    take_purchases,
    undo_redemption,
)
from regulars.loyalty.models import Account, Lot, Member, Redemption, Reversal, Transfer
from regulars.loyalty.queries import audit
from regulars.loyalty.rules.expiry import Expiry
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def bought(total_minor: int, number: str = "R1", at: datetime = NOW) -> int:
    lines = [make.line(total_minor=total_minor)]
    entry = make.receipt(number, card="111", lines=lines, bought_at=at)
    return take_purchases([entry], now=NOW)[0].purchase_id


def balances() -> dict[str, int | None]:
    rows = Account.objects.filter(member__isnull=False).values_list("unit__code", "balance")
    return dict(rows)


def state() -> tuple[object, ...]:
    member = Member.objects.get()
    lots = Lot.objects.filter(remaining__gt=0).values_list("transfer__accrual_id", "remaining")
    return balances(), member.visits, member.tier_id, sorted(lots)


@pytest.fixture(autouse=True)
def clean_books() -> object:
    make.program()
    yield
    assert audit(NOW).mismatches == ()


def test_soonest_expiring_points_are_spent_first() -> None:
    make.program(
        "dated",
        units=(UnitInput("points", "P", "spendable", expiry=Expiry(kind="months", months=2)),),
        tiers=(),
        rules=(make.RuleInput("base", "Base", "share_of_purchase"),),
    )
    bought(3_000, "new", NOW)
    bought(2_000, "old", NOW - timedelta(days=20))
    member = Member.objects.get(program__code="dated")
    redeem_points(member, 25, key="k", now=NOW)
    lots = Lot.objects.filter(account__member=member).order_by("expires_at")
    assert [lot.remaining for lot in lots] == [0, 25]


def test_the_same_key_redeems_once_and_other_content_is_a_conflict() -> None:
    bought(5_000)
    member = Member.objects.get()
    first = redeem_points(member, 20, key="k", now=NOW)
    assert redeem_points(member, 20, key="k", now=NOW) == first
    assert first.worth_minor == 20
    with pytest.raises(Conflict):
        redeem_points(member, 30, key="k", now=NOW)
    assert balances()["points"] == 30


@pytest.mark.parametrize("amount", [0, -5])
def test_nothing_cannot_be_redeemed(amount: int) -> None:
    bought(5_000)
    with pytest.raises(Refused) as refused:
        redeem_points(Member.objects.get(), amount, key="k", now=NOW)
    assert (refused.value.code, refused.value.field) == ("nothing_to_redeem", "amount")


def test_what_is_not_covered_is_refused_whole() -> None:
    bought(5_000)
    with pytest.raises(Refused) as refused:
        redeem_points(Member.objects.get(), 51, key="k", now=NOW)
    assert refused.value.code == "not_enough_points"
    assert balances()["points"] == 50
    assert Redemption.objects.count() == 0


def test_an_undo_within_a_minute_puts_points_back_into_their_lots() -> None:
    bought(2_000, "R1")
    bought(3_000, "R2")
    before = state()
    redemption = redeem_points(Member.objects.get(), 35, key="k", now=NOW)
    undo_redemption(redemption, now=NOW + MINUTE)
    undo_redemption(redemption, now=NOW + 5 * MINUTE)
    assert state() == before
    assert Transfer.objects.filter(redemption=redemption).count() == 2


def test_an_undo_later_is_refused_at_the_till() -> None:
    bought(2_000)
    redemption = redeem_points(Member.objects.get(), 5, key="k", now=NOW)
    with pytest.raises(Refused, match="can no longer be undone"):
        undo_redemption(redemption, now=NOW + 2 * MINUTE)


def test_undoing_purchases_takes_back_what_they_gave() -> None:
    first = bought(20_000, "R1")
    before = state()
    second = bought(40_000, "R2")
    assert Member.objects.get().tier.code == "gold"  # type: ignore[union-attr]
    assert len(reverse_purchases([second], "import 1", now=NOW)) == 2
    assert state() == before
    assert reverse_purchases([second], "import 1", now=NOW) == []
    assert reverse_purchases([second], "again", now=NOW) == []
    reverse_purchases([first], "import 1", now=NOW)
    assert balances() == {"points": 0, "status": 0}


def test_points_already_spent_are_forgiven_and_recorded() -> None:
    purchase = bought(2_000)
    redeem_points(Member.objects.get(), 15, key="k", now=NOW)
    reverse_purchases([purchase], "undo", now=NOW)
    reversal = Reversal.objects.get(unit__code="points")
    assert (reversal.due, reversal.taken) == (20, 5)
    assert balances() == {"points": 0, "status": 0}


def test_an_own_lot_pays_for_its_return_before_others() -> None:
    bought(1_000, "R1")
    second = bought(1_000, "R2")
    reverse_purchases([second], "undo", now=NOW)
    lot = Lot.objects.get(remaining__gt=0)
    assert lot.transfer.accrual.purchase.number == "R1"  # type: ignore[union-attr]


def test_the_ledger_refuses_changes() -> None:
    bought(1_000)
    with pytest.raises(AssertionError):
        Transfer.objects.all().delete()
    with pytest.raises(AssertionError):
        Transfer.objects.update(amount=1)


def test_the_audit_names_what_was_tampered_with() -> None:
    bought(1_000)
    account = Account.objects.get(unit__code="points", member__isnull=False)
    Account.objects.filter(pk=account.pk).update(balance=11)
    found = audit(NOW).mismatches
    assert any(f"balance_is_the_sum_of_transfers: {account.pk} has 11" in one for one in found)
    Account.objects.filter(pk=account.pk).update(balance=10)


USE = "INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount)"
TRANSFER = (
    "INSERT INTO loyalty_transfer (key, at, recorded_at, amount, source_id, target_id, accrual_id,"
    " rule_id) SELECT 'another', now(), now(), 1,"
)
LOT = "INSERT INTO loyalty_lot (granted, remaining, account_id, id) SELECT 1, 1,"


@pytest.mark.parametrize(
    "statement",
    [
        f"{USE} SELECT 0, max(id), 1 FROM loyalty_transfer",
        f"{USE} SELECT max(id), 0, 1 FROM loyalty_lot",
        "UPDATE loyalty_lotuse SET lot_id = 0",
        "UPDATE loyalty_lotuse SET transfer_id = 0",
        "DELETE FROM loyalty_lot",
        "DELETE FROM loyalty_transfer",
        "UPDATE loyalty_lot SET id = id + 1000",
        "UPDATE loyalty_transfer SET id = id + 1000",
        f"{TRANSFER} 0, max(target_id), max(accrual_id), max(rule_id) FROM loyalty_transfer",
        f"{TRANSFER} max(source_id), 0, max(accrual_id), max(rule_id) FROM loyalty_transfer",
        f"{TRANSFER} max(source_id), max(target_id), 0, max(rule_id) FROM loyalty_transfer",
        f"{TRANSFER} max(source_id), max(target_id), max(accrual_id), 0 FROM loyalty_transfer",
        "UPDATE loyalty_transfer SET source_id = 0",
        f"{LOT} 0, max(id) FROM loyalty_transfer",
        f"{LOT} max(account_id), 0 FROM loyalty_lot",
        "UPDATE loyalty_lot SET account_id = account_id",
        "UPDATE loyalty_accrual SET member_id = 0",
        "UPDATE loyalty_accrual SET program_id = 0",
        "DELETE FROM loyalty_accrual",
        "DELETE FROM loyalty_account",
        "DELETE FROM loyalty_rule",
        "DELETE FROM loyalty_member",
        "DELETE FROM loyalty_program",
    ],
)
def test_what_the_ledger_names_exists_and_stays(statement: str) -> None:
    bought(30_000)
    redeem_points(Member.objects.get(), 30, key="k", now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
