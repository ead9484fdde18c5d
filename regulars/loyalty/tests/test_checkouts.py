"""A purchase at the till with codes and cards: as it was seen or not at all, once, and undone whole."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now as moment_of_now

from regulars.core.errors import Refused
from regulars.customers.models import Purchase
from regulars.loyalty.actions.checkouts import (
    UNDO_LASTS,
    CardWish,
    CheckoutInput,
    finish_checkout,
    hold_for_checkout,
    undo_checkout,
)
from regulars.loyalty.actions.paying import lapse_payments
from regulars.loyalty.actions.promotions import CodeInput, PromotionInput, add_codes, set_promotion
from regulars.loyalty.actions.values import ValueInput, block_value, issue_values
from regulars.loyalty.models import Account, Member, PromoCode, StoredValue, ValuePayment
from regulars.loyalty.queries import audit
from regulars.loyalty.tests.test_pages import signed_in
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
PRICE = 100_00
TENTH = PRICE // 10


@pytest.fixture
def member() -> Member:
    make.program()
    return make.member(card="A1")


def gift_card(amount: int = 60_00, **told: Any) -> StoredValue:
    entry = ValueInput("c", **{"kind": "gift_card", "amount_minor": amount, **told})
    (made,) = issue_values(make.program(), [entry], now=moment_of_now())
    assert isinstance(made, StoredValue)
    return made


def code(text: str = "SPRING", **told: Any) -> PromoCode:
    promotion = set_promotion(
        make.program(), PromotionInput(text, text, **{"percent_bp": 1_000, **told}), now=NOW
    )
    (made,) = add_codes(promotion, [CodeInput(text, None)], origin="given", now=NOW)
    assert isinstance(made, PromoCode)
    return made


def entry(due: int, **told: Any) -> CheckoutInput:
    return CheckoutInput(**{"key": "k", "amount_minor": PRICE, "due_minor": due, **told})


def wish(card: StoredValue, amount: int, nonce: str = "n", **told: Any) -> CardWish:
    return CardWish("k", nonce, card.pk, amount, PRICE, card.currency, **told)


def left_on(card: StoredValue) -> tuple[int, int]:
    card.refresh_from_db()
    return card.balance_minor, card.held_minor


def points(member: Member) -> int:
    rows = Account.objects.filter(member=member, unit__kind="spendable")
    return sum(row.balance or 0 for row in rows)


def test_a_purchase_is_finished_once_with_its_code_and_its_card(member: Member) -> None:
    spring, card, now = code(), gift_card(), moment_of_now()
    hold_for_checkout(wish(card, 60_00), now=now)
    told = entry(PRICE - TENTH - 60_00, codes=("SPRING",), customer_id=member.customer_id)
    first, again = (finish_checkout(told, now=now) for _ in range(2))
    assert first.receipts == again.receipts
    purchase = Purchase.objects.get()
    assert (purchase.total_minor, purchase.discount_minor) == (PRICE - TENTH, TENTH)
    assert purchase.tenders == {"gift_card": 60_00}
    spring.refresh_from_db()
    assert (left_on(card), spring.used) == ((0, 0), 1)
    assert points(member) == (PRICE - TENTH) // 100
    assert audit(now).mismatches == ()


def test_undoing_gives_everything_back_once(member: Member) -> None:
    spring, card, now = code(uses_max=1), gift_card(), moment_of_now()
    hold_for_checkout(wish(card, 20_00), now=now)
    told = entry(PRICE - TENTH - 20_00, codes=("SPRING",), customer_id=member.customer_id)
    finish_checkout(told, now=now)
    for _ in range(2):
        undo_checkout("k", now=now)
    spring.refresh_from_db()
    assert (left_on(card), spring.used, points(member)) == ((60_00, 0), 0, 0)
    with pytest.raises(Refused, match="undone"):
        finish_checkout(told, now=now)
    assert audit(now).mismatches == ()


def test_after_some_minutes_it_is_too_late_to_undo(member: Member) -> None:
    now = moment_of_now()
    finish_checkout(entry(PRICE), now=now)
    with pytest.raises(Refused, match="return"):
        undo_checkout("k", now=now + UNDO_LASTS + timedelta(seconds=1))


def test_what_changed_meanwhile_changes_nothing_else(member: Member) -> None:
    spring, card, now = code(uses_max=1), gift_card(), moment_of_now()
    hold_for_checkout(wish(card, 60_00), now=now)
    finish_checkout(entry(PRICE - TENTH, key="other", codes=("SPRING",)), now=now)
    with pytest.raises(Refused, match="left to pay"):
        finish_checkout(entry(PRICE - TENTH - 60_00, codes=("SPRING",)), now=now)
    spring.refresh_from_db()
    assert (left_on(card), spring.used, Purchase.objects.count()) == ((60_00, 60_00), 1, 1)


def test_a_hold_that_lapsed_is_not_taken_for_paid(member: Member) -> None:
    card, now = gift_card(), moment_of_now()
    hold_for_checkout(wish(card, 60_00), now=now)
    later = now + timedelta(hours=1)
    with pytest.raises(Refused, match="lapsed"):
        finish_checkout(entry(PRICE - 60_00), now=later)
    lapse_payments(now=later)
    finish_checkout(entry(PRICE), now=later)
    assert left_on(card) == (60_00, 0)


def test_a_card_pays_no_more_than_is_left_and_only_its_own_money(member: Member) -> None:
    card, now = gift_card(200_00), moment_of_now()
    with pytest.raises(Refused, match="left to pay"):
        hold_for_checkout(wish(card, PRICE + 1), now=now)
    StoredValue.objects.update(currency="EUR")
    with pytest.raises(Refused, match="EUR"):
        hold_for_checkout(wish(card, 1), now=now)
    assert not ValuePayment.objects.exists()


def test_the_same_wish_is_held_once_and_none_after_the_end(member: Member) -> None:
    card, now = gift_card(), moment_of_now()
    assert hold_for_checkout(wish(card, 10_00), now=now) == hold_for_checkout(
        wish(card, 10_00), now=now
    )
    assert left_on(card) == (60_00, 10_00)
    finish_checkout(entry(PRICE - 10_00), now=now)
    with pytest.raises(Refused, match="finished"):
        hold_for_checkout(wish(card, 10_00, "late"), now=now)


class Till:
    """A cashier at the page, who follows its forms as they are."""

    def __init__(self, start: str) -> None:
        self.client = signed_in("owner")
        self.shown = ""
        self.status = 0
        self.open(start)

    def open(self, address: str) -> None:
        self._take(self.client.get(address, follow=True))

    def press(self, act: str, **typed: str) -> None:
        """Sends the form of an act with what it holds and what is typed into it."""
        forms = re.findall(r"<form\b.*?</form>", self.shown, re.DOTALL)
        named = f'name="{act}"'
        (form,) = [one for one in forms if named in one or _attribute(one, "action").endswith(act)][
            :1
        ]
        inputs = re.findall(r"<input\b[^>]*>|<button\b[^>]*name=[^>]*>", form)
        held = {
            name: unescape(value)
            for one in inputs
            if (name := _attribute(one, "name")) and (value := _attribute(one, "value"))
        }
        address = unescape(_attribute(form, "action"))
        send = self.client.post if 'method="post"' in form else self.client.get
        self._take(send(address, held | typed, follow=True))

    def _take(self, answer: Any) -> None:
        self.shown, self.status = unescape(answer.content.decode()), answer.status_code
        if answer.redirect_chain:
            self.address = answer.redirect_chain[-1][0]


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return found.group(1) if found else ""


def till_of(member: Member) -> Till:
    till = Till(reverse("loyalty.till_member", args=[member.number]))
    (link,) = re.findall(r'href="(/till/baskets/[^"]*)"', till.shown)
    till.open(link)
    return till


def test_a_card_is_looked_at_and_pays_a_part_with_its_pin(member: Member) -> None:
    card = gift_card(pin="1234")
    till = till_of(member)
    till.press("goods", goods="0")
    assert till.status == 422
    till.press("goods", goods="100")
    till.press("/scan", scan=card.code)
    assert card.code not in till.shown + till.address
    till.press("/pay", amount="30", pin="9999")
    assert (till.status, "The PIN is wrong" in till.shown) == (422, True)
    till.press("/pay", amount="100.01", pin="1234")
    assert "more than is left to pay" in till.shown
    till.press("/pay", amount="30", pin="1234")
    assert "$70" in till.shown
    assert left_on(card) == (60_00, 30_00)
    till.press("/release")
    assert left_on(card) == (60_00, 0)


def test_a_cashier_finishes_with_a_code_and_a_card_and_undoes_it(member: Member) -> None:
    code()
    card = gift_card()
    till = till_of(member)
    till.press("goods", goods="100")
    till.press("/scan", scan="spring")
    assert "−$10" in till.shown
    till.press("/scan", scan=card.code)
    till.press("/pay")
    assert "$30" in till.shown
    till.press("/finish")
    assert "The purchase is finished" in till.shown
    assert "90 points accrued" in till.shown
    assert (points(member), left_on(card)) == (90, (0, 0))
    till.press("/undo")
    assert "The purchase is undone" in till.shown
    assert (points(member), left_on(card)) == (0, (60_00, 0))
    assert audit(moment_of_now()).mismatches == ()


def test_why_not_is_said_in_words(member: Member) -> None:
    code("SMALL", basket_min_minor=PRICE * 2)
    code("SHOES", scope="category:Shoes")
    till = till_of(member)
    till.press("goods", goods="100")
    for text, why in (
        ("NOSUCH", "There is no such code or card."),
        ("SMALL", "The basket is too small for it."),
        ("SHOES", "It is for certain goods only: name them."),
    ):
        till.press("/scan", scan=text)
        assert why in till.shown
    card = gift_card()
    block_value(card, now=moment_of_now())
    till.press("/scan", scan=card.code)
    assert "This card is blocked." in till.shown


def test_a_personal_code_asks_for_the_member_and_takes_the_scanned_one(member: Member) -> None:
    code("ONCE", per_customer_max=1)
    till = Till(reverse("loyalty.till") + "?q=once")
    till.press("goods", goods="100")
    assert "It needs a known customer" in till.shown
    till.press("/scan", scan=member.number)
    assert "−$10" in till.shown
    till.press("/finish")
    assert Purchase.objects.get().customer_id == member.customer_id


def test_who_has_no_card_pays_with_a_gift_card_scanned_first() -> None:
    make.program()
    card = gift_card()
    till = Till(f"{reverse('loyalty.till')}?q={card.code}")
    assert "$60" in till.shown
    till.press("goods", goods="60")
    till.press("/scan", scan=card.code)
    till.press("/pay")
    till.press("/finish")
    assert Purchase.objects.get().customer_id is None
    assert left_on(card) == (0, 0)


def test_a_signed_card_belongs_to_one_purchase(member: Member) -> None:
    card = gift_card()
    till = till_of(member)
    till.press("/scan", scan=card.code)
    told = parse_qs(urlsplit(till.address).query)["card"][0]
    other = Client()
    other.force_login(make.employee("cashier"))
    for shown in (
        other.get(reverse("loyalty.till_basket", args=["another"]), {"card": told}),
        other.get(reverse("loyalty.till_basket", args=["another"]), {"card": str(card.pk)}),
    ):
        assert "left on it" not in shown.content.decode()


def test_a_press_too_many_or_a_broken_form_changes_nothing(member: Member) -> None:
    client = signed_in("owner")
    for act in ("scan", "pay", "release", "finish", "undo"):
        address = reverse(f"loyalty.till_basket_{act}", args=["k"])
        for told in ({}, {"state": "amount=x&code=%00&card=1", "due": "x", "payment": "x"}):
            assert client.post(address, told).status_code in {302, 422}
    assert not Purchase.objects.exists()
