"""Vouchers and gift cards: money on them is spent once, and never more than there is."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regulars.core.errors import Conflict, NotFound, Refused
from regulars.loyalty.actions.paying import (
    PaymentInput,
    RefundInput,
    capture_holds,
    lapse_payments,
    pay_with_values,
    refund_payments,
    release_holds,
)
from regulars.loyalty.actions.values import (
    LoadInput,
    ValueInput,
    block_value,
    cancel_value,
    expire_values,
    issue_values,
    load_values,
    unblock_value,
)
from regulars.loyalty.models.values import StoredValue, ValueEntry, ValuePayment
from regulars.loyalty.queries import audit
from regulars.loyalty.queries.values import liability_of
from regulars.loyalty.rules.cards import check_digit
from tests import make
from tests.make import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def clean_books(db: None) -> Iterator[None]:
    make.program()
    yield
    assert audit(NOW).mismatches == ()


def issued(key: str = "c", amount_minor: int = 5_000, **told: Any) -> StoredValue:
    entry = ValueInput(key, **{"kind": "gift_card", "amount_minor": amount_minor, **told})
    (made,) = issue_values(make.program(), [entry], now=NOW)
    assert isinstance(made, StoredValue)
    return made


def paid(
    card: StoredValue, amount_minor: int, key: str = "p", *, now: datetime = NOW, **told: Any
) -> ValuePayment:
    (payment,) = pay_with_values([PaymentInput(key, card.code, amount_minor, **told)], now=now)
    assert isinstance(payment, ValuePayment)
    return payment


def balance(card: StoredValue) -> tuple[int, int]:
    card.refresh_from_db()
    return card.balance_minor, card.held_minor


@pytest.mark.usefixtures("clean_books")
class TestIssuing:
    def test_a_card_is_issued_once_by_its_key(self) -> None:
        card = issued(pin="1234")
        assert issued(pin="1234") == card
        assert "1234" not in card.pin_hash
        assert check_digit(card.code[:-1]) == card.code[-1]
        entry = ValueInput("c", "gift_card", 6_000)
        (answer,) = issue_values(make.program(), [entry], now=NOW)
        assert isinstance(answer, Conflict)
        assert ValueEntry.objects.count() == 1

    @pytest.mark.parametrize(
        ("told", "field"),
        [
            ({"amount_minor": 0}, "amount_minor"),
            ({"kind": "voucher"}, "member"),
            ({"kind": "cheque"}, "kind"),
            ({"pin": "12a4"}, "pin"),
            ({"expires_at": NOW}, "expires_at"),
        ],
    )
    def test_what_cannot_be_issued_is_refused_alone(self, told: dict[str, Any], field: str) -> None:
        bad = ValueInput("bad", **{"kind": "gift_card", "amount_minor": 1, **told})
        good = ValueInput("good", "gift_card", 100)
        refused, made = issue_values(make.program(), [bad, good], now=NOW)
        assert isinstance(refused, Refused)
        assert refused.field == field
        assert isinstance(made, StoredValue)

    def test_a_load_counts_once(self) -> None:
        card = issued()
        loads = [LoadInput("l", card.pk, 1_000), LoadInput("l", card.pk, 1_000)]
        for _ in range(2):
            assert load_values(loads, now=NOW) == [card, card]
        assert balance(card) == (6_000, 0)
        (other,) = load_values([LoadInput("l", card.pk, 2)], now=NOW)
        assert isinstance(other, Conflict)

    def test_what_is_unused_can_be_cancelled_once(self) -> None:
        card = issued()
        for _ in range(2):
            assert cancel_value(card, now=NOW).balance_minor == 0
        assert unblock_value(card).blocked_at is not None
        used = issued("used")
        paid(used, 1)
        with pytest.raises(Refused, match="spent"):
            cancel_value(used, now=NOW)


@pytest.mark.usefixtures("clean_books")
class TestPaying:
    def test_a_payment_is_made_once_and_refunded_in_parts(self) -> None:
        card = issued()
        assert paid(card, 3_000) == paid(card, 3_000)
        assert balance(card) == (2_000, 0)
        refunds = [RefundInput("r1", "p", 1_000), RefundInput("r2", "p", 2_000)]
        for _ in range(2):
            refund_payments(refunds, now=NOW)
        assert balance(card) == (5_000, 0)
        (more,) = refund_payments([RefundInput("r3", "p", 1)], now=NOW)
        assert isinstance(more, Refused)

    def test_the_same_key_with_another_amount_is_a_conflict(self) -> None:
        card = issued()
        paid(card, 3_000)
        (answer,) = pay_with_values([PaymentInput("p", card.code, 1)], now=NOW)
        assert isinstance(answer, Conflict)

    def test_a_hold_is_captured_in_part_and_the_rest_is_free(self) -> None:
        card = issued()
        assert paid(card, 4_000, is_hold=True).state == "held"
        assert paid(card, 2_000, "other").reason == "not_enough_money"
        for _ in range(2):
            (payment,) = capture_holds(["p"], now=NOW, amounts={"p": 3_500})
            assert isinstance(payment, ValuePayment)
            assert payment.captured_minor == 3_500
        assert balance(card) == (1_500, 0)
        (released,) = release_holds(["p"], now=NOW)
        assert isinstance(released, Conflict)

    def test_a_hold_ends_once(self) -> None:
        card = issued()
        paid(card, 4_000, is_hold=True)
        for _ in range(2):
            release_holds(["p"], now=NOW)
        assert balance(card) == (5_000, 0)
        (captured,) = capture_holds(["p"], now=NOW)
        assert isinstance(captured, Conflict)

    def test_a_hold_that_lapsed_bars_nobody(self) -> None:
        card = issued()
        paid(card, 5_000, is_hold=True)
        (late,) = capture_holds(["p"], now=NOW + HOUR)
        assert isinstance(late, Refused)
        assert paid(card, 5_000, "next", now=NOW + HOUR).state == "captured"
        assert lapse_payments(now=NOW + HOUR) == 0

    def test_a_single_use_voucher_pays_once_and_its_rest_is_lost(self) -> None:
        voucher = issued(kind="voucher", member_id=make.member().pk, is_single_use=True)
        paid(voucher, 3_000)
        assert balance(voucher) == (0, 0)
        assert paid(voucher, 1, "again").reason == "not_enough_money"

    def test_wrong_pins_close_a_card_until_somebody_opens_it(self) -> None:
        card = issued(pin="1234")
        assert paid(card, 1, "right", pin="1234").state == "captured"
        attempts = [paid(card, 1, f"w{n}", pin="9999").reason for n in range(5)]
        assert set(attempts) == {"wrong_pin"}
        assert paid(card, 1, "late", pin="1234").reason == "too_many_wrong_pins"
        unblock_value(card)
        assert paid(card, 1, "now", pin="1234").state == "captured"

    def test_blocked_and_expired_cards_pay_nothing(self) -> None:
        card = issued()
        block_value(card, now=NOW)
        assert paid(card, 1).reason == "is_blocked"
        old = issued("old", expires_at=NOW + HOUR)
        assert paid(old, 1, "late", now=NOW + HOUR).reason == "has_expired"
        (nobody,) = pay_with_values([PaymentInput("x", "1234", 1)], now=NOW)
        assert isinstance(nobody, NotFound)

    def test_a_late_or_repeated_expiry_run_takes_the_same(self) -> None:
        card = issued(expires_at=NOW + HOUR)
        paid(card, 1_000, is_hold=True, now=NOW + HOUR - timedelta(minutes=1))
        assert [expire_values(now=NOW + HOUR) for _ in range(2)] == [1, 0]
        assert balance(card) == (1_000, 1_000)
        release_holds(["p"], now=NOW + HOUR)
        assert expire_values(now=NOW + 2 * HOUR) == 1
        assert balance(card) == (0, 0)
        assert set(ValueEntry.objects.filter(kind="expire").values_list("at", flat=True)) == {
            NOW + HOUR
        }

    def test_the_liability_rolls_forward(self) -> None:
        card = issued()
        paid(card, 2_000)
        refund_payments([RefundInput("r", "p", 500)], now=NOW + HOUR)
        first = liability_of(make.program(), "gift_card", since=NOW, until=NOW + HOUR)
        then = liability_of(make.program(), "gift_card", since=NOW + HOUR, until=NOW + 2 * HOUR)
        assert (first.opening_minor, first.closing_minor) == (0, 3_000)
        assert (then.opening_minor, then.refunded_minor, then.closing_minor) == (3_000, 500, 3_500)
        assert then.closing_minor == balance(card)[0]

    def test_statements_do_not_depend_on_the_size_of_the_batch(self) -> None:
        cards = [issued(f"c{n}") for n in range(20)]

        def spent(count: int, name: str) -> int:
            keys = [f"{name}{n}" for n in range(count)]
            wishes = [
                PaymentInput(key, card.code, 10, is_hold=True)
                for key, card in zip(keys, cards, strict=False)
            ]
            with CaptureQueriesContext(connection) as taken:
                pay_with_values(wishes, now=NOW)
                capture_holds(keys, now=NOW)
                refund_payments([RefundInput(key, key, 5) for key in keys], now=NOW)
            return len(taken)

        assert spent(2, "a") == spent(20, "b")


@pytest.mark.django_db(transaction=True)
def test_eight_tills_never_overdraw_a_card() -> None:
    cards = [issued("a", 1_000), issued("b", 1_000)]

    def pay(number: int) -> int:
        try:
            wishes = [
                PaymentInput(f"{number}:{n}", cards[(number + n) % 2].code, 300) for n in range(3)
            ]
            answers = pay_with_values(wishes, now=NOW)
            return sum(one.captured_minor for one in answers if isinstance(one, ValuePayment))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(pay, range(8)))
    assert taken == 1_800
    assert [balance(card) for card in cards] == [(100, 0), (100, 0)]
    assert audit(NOW).mismatches == ()


@pytest.mark.django_db(transaction=True)
def test_one_key_at_once_for_two_cards_pays_with_one_of_them() -> None:
    cards = [issued("a"), issued("b")]

    def pay(number: int) -> object:
        try:
            return pay_with_values([PaymentInput("p", cards[number % 2].code, 300)], now=NOW)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(pay, range(8)))
    assert {type(one) for one in answers} == {ValuePayment, Conflict}
    assert sorted(balance(card) for card in cards) == [(4_700, 0), (5_000, 0)]

    def refund(number: int) -> object:
        try:
            return refund_payments([RefundInput("r", "p", 100 + number % 2)], now=NOW)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(refund, range(8)))
    assert {type(one) for one in answers} == {ValuePayment, Conflict}
    assert ValueEntry.objects.filter(kind="refund").count() == 1
