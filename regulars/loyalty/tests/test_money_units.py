"""Cashback is money: typed and shown in whole units and cents, and kept in cents."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from regulars.loyalty.actions import enrol_members, take_purchases
from regulars.loyalty.actions.templates import open_from_template
from regulars.loyalty.models import Account, Adjustment, Member, Reward
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    """A member with 12.34 dollars of cashback, which a purchase of 411.34 brought."""
    program = open_from_template("cashback", currency="USD", now=NOW - timedelta(days=30))
    anna = make.customer("Anna")
    enrol_members(program=program, joining={anna.pk: NOW}, now=NOW)
    take_purchases([make.receipt(customer=anna, lines=[make.line(total_minor=411_34)])], now=NOW)
    return Member.objects.get(customer=anna)


@pytest.fixture
def owner() -> Client:
    client = Client()
    client.force_login(make.employee("owner"))
    return client


def cents(member: Member) -> int | None:
    return Account.objects.get(member=member, unit__code="cashback").balance


def test_the_member_reads_money_everywhere(member: Member, owner: Client) -> None:
    assert cents(member) == 12_34
    card = Client().get(f"/card/{member.token}").content.decode()
    assert '<div class="big">$12.34</div><div>Cashback</div>' in card
    assert "+$12.34" in card
    assert "$12.34 = $12.34 for $411.34" in card
    till = owner.get(reverse("loyalty.till_member", args=[member.number])).content.decode()
    assert '<span class="balance">$12.34</span>' in till
    assert "Cashback to redeem, USD" in till
    ledger = owner.get("/loyalty/cashback/ledger?since=").content.decode()
    assert "+$12.34" in ledger
    wallet = owner.get(f"/customers/{member.customer_id}/wallet").content.decode()
    assert "$12.34" in wallet


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("10.50", (1_84, "$10.50 Cashback redeemed: take $10.50 off the price.")),
        ("2,3", (10_04, "$2.30 Cashback redeemed")),
        ("12", (34, "$12 Cashback redeemed")),
        ("1.005", (12_34, "Too many decimal places.")),
        ("12.35", (12_34, "There are not enough points")),
        ("0", (12_34, "Write a number above zero.")),
    ],
)
def test_a_cashier_types_money(
    member: Member, owner: Client, typed: str, told: tuple[int, str]
) -> None:
    address = reverse("loyalty.till_redeem", args=[member.number])
    page = owner.post(address, {"points": typed, "key": "k1"}, follow=True).content.decode()
    left, said = told
    assert said in page
    assert cents(member) == left


def test_points_are_whole(owner: Client) -> None:
    anna = make.member(points=100)
    address = reverse("loyalty.till_redeem", args=[anna.number])
    for typed, said in (("1.5", "Write a whole number."), ("1", "1 point redeemed")):
        page = owner.post(address, {"points": typed, "key": "k1"}, follow=True)
        assert said in page.content.decode()


def test_money_is_given_by_hand_and_asked_for_rewards(member: Member, owner: Client) -> None:
    told = {"unit": "cashback", "way": "give", "amount": "0.66", "reason": "goodwill", "key": "a"}
    page = owner.post(reverse("loyalty.adjust", args=[member.pk]), told, follow=True)
    assert "Given: $0.66 Cashback." in page.content.decode()
    assert Adjustment.objects.get().amount == 66
    assert "+$0.66" in owner.get("/loyalty/cashback/adjustments?show=all").content.decode()
    address = reverse("loyalty.new_reward", args=["cashback"])
    told = {"kind": "gift", "name": "A mug", "unit": "cashback", "price": "7.50", "position": "1"}
    assert owner.post(address, told | {"tier__gold": "5.001"}).status_code == 422
    assert owner.post(address, told | {"tier__gold": "5"}).status_code == 302
    mug = Reward.objects.get()
    assert (mug.price, mug.tier_prices) == (7_50, {"gold": 5_00})
    assert "$7.50 Cashback" in owner.get("/loyalty/cashback/rewards").content.decode()
    form = owner.get(reverse("loyalty.edit_reward", args=["cashback", mug.pk]))
    assert 'value="7.50"' in form.content.decode()
