"""Balances of an old program: members with their points, once, and off the books again by an undo."""

import pytest

from regulars.connectors.actions import run_undo, undo_import
from regulars.connectors.tests.test_imports import NOW, counts, media, ran, reasons
from regulars.loyalty.actions import RuleInput, UnitInput, redeem_points
from regulars.loyalty.models import Account, Lot, Member
from regulars.loyalty.queries import audit
from tests import make

pytestmark = pytest.mark.django_db
__all__ = ["media"]

HEADER = "Номер карты;Баллы;Вид баллов;Действует до;Участник с"


@pytest.fixture(autouse=True)
def program() -> object:
    yield make.program(
        "club",
        units=(
            UnitInput("points", "Points", "spendable", worth_minor=1),
            UnitInput("cash", "Cash", "money", worth_minor=1),
            UnitInput("status", "Status", "qualifying"),
        ),
        rules=(RuleInput("base", "Base", "share_of_purchase"),),
    )
    assert audit(NOW).mismatches == ()


def imported(*rows: str):
    return ran("\n".join([HEADER, *rows]).encode(), "old.csv", target="balances", source="old")


def balances(card: str) -> dict[str, int]:
    held = Account.objects.filter(member__customer=make.owner_of("card", card))
    return {code: balance for code, balance in held.values_list("unit__code", "balance") if balance}


def test_members_come_with_what_they_had() -> None:
    batch = imported(
        "A1;250;;31.12.2027;15.03.2024",
        "A1;700;status;;",
        "A2;12,50;cash;;",
        "A3;0;;;01.02.2025",
    )
    assert counts(batch) == (4, 0, 0), reasons(batch)
    assert balances("A1") == {"points": 250, "status": 700}
    assert balances("A2") == {"cash": 1_250}
    anna = Member.objects.get(customer=make.owner_of("card", "A1"))
    assert (anna.joined_at.year, anna.tier.code if anna.tier else "") == (2024, "gold")
    assert Lot.objects.get(granted=250).expires_at.year in {2027, 2028}
    assert Member.objects.count() == 3


def test_the_same_file_again_changes_nothing() -> None:
    imported("A1;250;;;")
    assert counts(imported("A1;250;;;")) == (0, 1, 0)
    other = imported("A1;300;;;")
    assert reasons(other) == [(2, "Баллы", "other_content")]
    assert balances("A1") == {"points": 250}


def test_an_undo_takes_back_what_is_left() -> None:
    first = imported("A1;250;;;", "A2;100;;;", "A3;40;;;")
    for card, amount in (("A1", 50), ("A3", 40)):
        member = Member.objects.get(customer=make.owner_of("card", card))
        redeem_points(member, amount, key=card, now=NOW)
    undone = run_undo(undo_import(first).pk, now=NOW)
    assert undone.units_undone == 2
    assert not Account.objects.filter(member__isnull=False, balance__gt=0).exists()


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("A1;-5;;;", "Баллы", "negative"),
        ("A1;1,5;;;", "Баллы", "not_a_balance"),
        ("A1;5;miles;;", "Вид баллов", "unknown_unit"),
        ("A1;5;;31.12.2020;", "Действует до", "has_expired"),
        ("A1;5;status;31.12.2030;", "Действует до", "no_dates_here"),
    ],
)
def test_a_wrong_line_is_left_out_with_its_reason(row: str, column: str, reason: str) -> None:
    batch = imported(row, "A2;7;;;")
    assert reasons(batch) == [(2, column, reason)]
    assert balances("A2") == {"points": 7}
    assert Member.objects.count() == 1
