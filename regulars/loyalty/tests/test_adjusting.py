"""Adjustments by hand: once, all or none, debts first, a second person for large ones."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from regulars.core.errors import Conflict, Refused
from regulars.customers.models import TimelineEntry
from regulars.loyalty.actions import (
    TermsInput,
    UnitInput,
    expire_points,
    hold_points,
    regroup_everywhere,
    reverse_purchases,
    take_purchases,
)
from regulars.loyalty.actions.adjusting import (
    AdjustmentInput,
    Asker,
    adjust_points,
    approve_adjustment,
    decline_adjustment,
)
from regulars.loyalty.models import Account, Adjustment, Lot, Member, Program, Transfer, Unit
from regulars.loyalty.queries import audit
from regulars.loyalty.queries.history import history_of
from regulars.loyalty.queries.liability import liability_of
from regulars.loyalty.rules.expiry import Expiry
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def program() -> object:
    units = (
        UnitInput(
            "points", "Points", "spendable", worth_minor=1, expiry=Expiry(kind="months", months=1)
        ),
        UnitInput("status", "Status", "qualifying"),
    )
    yield make.program(units=units, terms=TermsInput("unlimited"))
    assert audit(NOW).mismatches == ()


def bought(total_minor: int, card: str = "1", number: str = "") -> int:
    lines = [make.line(total_minor=total_minor)]
    return take_purchases([make.receipt(number, card=card, lines=lines)], now=NOW)[0].purchase_id


def member(card: str = "1") -> Member:
    return Member.objects.get(customer=make.owner_of("card", card))


def told(amount: int, key: str = "a", *, unit: str = "points", card: str = "1", **more: object):
    return AdjustmentInput(key, member(card).pk, unit, amount, "goodwill", **more)  # type: ignore[arg-type]


def adjust(*entries: AdjustmentInput, by: int | None = None) -> list[Adjustment | Refused]:
    return adjust_points(Program.objects.get(), entries, asker=Asker(employee_id=by), now=NOW)


def code_of(answer: Adjustment | Refused) -> str:
    return answer.code if isinstance(answer, Refused) else answer.state


def balance(card: str = "1", unit: str = "points") -> int:
    return Account.objects.get(member=member(card), unit__code=unit).balance or 0


def test_points_are_given_and_taken_once() -> None:
    bought(5_000)
    for _ in range(2):
        assert [code_of(one) for one in adjust(told(30), told(-60, "b"))] == ["done", "done"]
    assert balance() == 20
    (refused,) = adjust(told(31))
    assert isinstance(refused, Conflict)
    entries = history_of(member()).entries
    assert [(one.amount, one.why) for one in entries[:2]] == [
        (-60, "For your patience"),
        (30, "For your patience"),
    ]
    assert TimelineEntry.objects.filter(kind="loyalty.adjusted").count() == 2


def test_what_is_taken_is_usable_or_nothing_is() -> None:
    bought(5_000)
    hold_points(member(), 20, key="h", ends_at=NOW + DAY, now=NOW)
    assert [code_of(one) for one in adjust(told(-31), told(-30, "b"))] == [
        "not_enough_points",
        "done",
    ]
    assert balance() == 0
    (later,) = adjust_points(
        Program.objects.get(), [told(-20, "c")], asker=Asker(), now=NOW + 2 * DAY
    )
    assert code_of(later) == "done"


def test_a_batch_takes_what_it_gave_before() -> None:
    bought(1_000)
    answers = adjust(told(20), told(-25, "b"), told(-25, "c"), told(7, "d"), told(0, "e"))
    assert [code_of(one) for one in answers] == [
        "done",
        "done",
        "not_enough_points",
        "done",
        "nothing_to_adjust",
    ]
    assert balance() == 12


def test_a_debt_is_repaid_first() -> None:
    purchase = bought(5_000)
    adjust(told(-50))
    reverse_purchases([purchase], "void", now=NOW)
    assert balance() == -50
    adjust(told(80, "b"))
    lot = Lot.objects.latest("pk")
    assert (balance(), lot.granted, lot.remaining) == (30, 80, 30)


def test_given_points_die_by_the_rule_or_on_the_day_that_was_said() -> None:
    bought(1_000)
    adjust(
        told(5),
        told(6, "b", ends_at=NOW + DAY),
        told(7, "c", earned_at=NOW - 20 * DAY),
    )
    rule, said, older = Lot.objects.order_by("-pk")[:3][::-1]
    assert rule.expires_at == Lot.objects.order_by("pk")[0].expires_at
    assert said.expires_at == NOW + DAY
    assert older.expires_at
    assert rule.expires_at
    assert NOW < older.expires_at < rule.expires_at
    wrong = adjust(
        told(5, "d", ends_at=NOW),
        told(5, "e", earned_at=NOW - 90 * DAY),
        told(5, "f", earned_at=NOW + DAY),
        told(-5, "g", ends_at=NOW + DAY),
        told(5, "h", unit="status", ends_at=NOW + DAY),
    )
    assert [code_of(one) for one in wrong] == [
        "has_expired",
        "has_expired",
        "earned_later",
        "no_dates_here",
        "no_dates_here",
    ]
    expire_points(now=NOW + 2 * DAY)
    assert balance() == 10 + 5 + 7


def test_status_points_move_the_tier() -> None:
    bought(1_000)
    assert member().tier is None
    adjust(told(95, unit="status"))
    tier = member().tier
    assert tier is not None
    assert tier.code == "silver"
    assert [code_of(one) for one in adjust(told(-106, "b", unit="status"))] == ["not_enough_points"]
    adjust(told(-10, "c", unit="status"))
    assert member().tier is None


def test_a_large_one_waits_for_somebody_else() -> None:
    bought(1_000)
    Program.objects.update(adjust_max=100)
    asker, other = make.employee("support_lead"), make.employee("loyalty_manager")
    small, large, taken = adjust(told(100), told(101, "b"), told(-101, "c"), by=asker.pk)
    assert [code_of(one) for one in (small, large, taken)] == ["done", "waiting", "waiting"]
    assert balance() == 110
    assert isinstance(large, Adjustment)
    assert isinstance(taken, Adjustment)
    with pytest.raises(Refused, match="somebody else"):
        approve_adjustment(large, by=asker.pk, now=NOW)
    for _ in range(2):
        assert approve_adjustment(large, by=other.pk, now=NOW).state == "done"
    assert balance() == 211
    for _ in range(2):
        assert decline_adjustment(taken, by=other.pk, now=NOW).state == "declined"
    with pytest.raises(Refused):
        approve_adjustment(taken, by=other.pk, now=NOW)
    with pytest.raises(Refused):
        decline_adjustment(large, by=other.pk, now=NOW)
    assert balance() == 211
    with pytest.raises(IntegrityError), transaction.atomic():
        Adjustment.objects.filter(key="b").update(decided_by=asker)


def test_what_cannot_be_taken_any_more_goes_on_waiting() -> None:
    bought(1_000)
    Program.objects.update(adjust_max=5)
    (asked,) = adjust(told(-11))
    assert isinstance(asked, Adjustment)
    with pytest.raises(Refused, match="only 10"), transaction.atomic():
        approve_adjustment(asked, by=make.employee().pk, now=NOW)
    assert Adjustment.objects.get().state == "waiting"


def test_frozen_members_can_be_corrected_both_ways() -> None:
    bought(1_000)
    Member.objects.update(frozen_at=NOW)
    assert [code_of(one) for one in adjust(told(3), told(-13, "b"))] == ["done", "done"]


def test_bad_entries_are_answered_each() -> None:
    bought(1_000)
    one = member().pk
    answers = adjust(
        AdjustmentInput("a", one, "gold", 5, "goodwill"),
        AdjustmentInput("b", one + 99, "points", 5, "goodwill"),
        AdjustmentInput("c", one, "points", 5, "because"),
        AdjustmentInput("d", one, "points", 5, "other"),
        AdjustmentInput("e", one, "points", 5, "other", "a bet"),
    )
    assert [code_of(answer) for answer in answers] == [
        "unknown_unit",
        "unknown_member",
        "unknown_reason",
        "note_is_missing",
        "done",
    ]


def test_an_adjustment_stays_with_the_card_it_was_made_to() -> None:
    bought(1_000)
    bought(2_000, "2")
    ann, anne = make.owner_of("card", "1"), make.owner_of("card", "2")
    entry = make.merged(ann, anne)[-1]
    regroup_everywhere([ann.pk, anne.pk], cause=f"merging:{entry}", now=NOW)
    adjust(
        told(7, card="2"),
        told(-15, "b", card="2"),
        told(400, "c", card="2", unit="status"),
        told(3, "d"),
    )
    leader = Member.objects.get(led_by=None)
    held = Account.objects.filter(member=leader).order_by("unit_id")
    assert list(held.values_list("balance", flat=True)) == [25, 430]
    entry = make.parted(anne)
    regroup_everywhere([ann.pk, anne.pk], cause=f"merging:{entry}", now=NOW)
    assert (balance("1"), balance("2")) == (13, 12)
    assert (balance("1", "status"), balance("2", "status")) == (10, 420)
    assert audit(NOW).mismatches == ()


def test_the_liability_shows_adjustments_apart() -> None:
    bought(10_000)
    adjust(told(50))
    unit = Unit.objects.get(code="points")
    (month,) = liability_of(unit, now=NOW).months
    assert (month.issued, month.adjusted, month.from_gifts_minor) == (100, 50, 0)
    assert month.adjusted_minor == 50
    later = NOW + 30 * DAY
    adjust_points(Program.objects.get(), [told(-30, "b")], asker=Asker(), now=later)
    march, april = liability_of(unit, now=later).months
    assert (april.adjusted, april.reversed, april.open) == (-30, 0, 120)
    assert april.adjusted_minor == april.closing_minor - march.closing_minor < 0
    assert april.returned_minor == 0


def test_the_number_of_statements_does_not_depend_on_the_batch() -> None:
    for card in range(1, 31):
        bought(1_000, f"c{card}")
    cards = [member(f"c{card}") for card in range(1, 31)]

    def statements(some: list[Member], turn: str) -> int:
        entries = [
            AdjustmentInput(f"{turn}{unit}{one.pk}", one.pk, unit, amount, "correction")
            for one in some
            for unit, amount in (("points", 1), ("status", -1))
        ]
        with CaptureQueriesContext(connection) as caught:
            adjust(*entries)
        return len(caught)

    assert statements(cards[:3], "x") == statements(cards, "y")
    assert Transfer.objects.filter(key__startswith="adjustment:").count() == 2 * 33
