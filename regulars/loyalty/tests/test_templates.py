"""Programs from templates earn at once, and a basket is tried without a trace."""

import pytest
from django.test import Client
from django.urls import reverse

from regulars.core.errors import Refused
from regulars.loyalty.actions import take_purchases
from regulars.loyalty.actions.templates import TEMPLATES, open_from_template
from regulars.loyalty.models import Account, Accrual, Member, Program, Reward
from regulars.loyalty.queries import audit
from regulars.loyalty.tests.test_api import Caller
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db


def bought(total_minor: int, number: str = "") -> None:
    lines = [make.line(total_minor=total_minor)]
    (taken,) = take_purchases([make.receipt(number, card="1", lines=lines)], now=NOW)
    assert taken.refused is None


@pytest.mark.parametrize(
    ("template", "unit", "earned"),
    [
        ("club", "points", 100 + 600),
        ("points", "points", 600),
        ("cashback", "cashback", 1_800),
        ("stamps", "stamps", 1),
    ],
)
def test_each_template_earns_as_it_says(template: str, unit: str, earned: int) -> None:
    program = open_from_template(template, currency="USD", now=NOW)
    bought(60_000)
    member = Member.objects.get(program=program)
    assert Account.objects.get(member=member, unit__code=unit).balance == earned
    assert audit(NOW).mismatches == ()


def test_cashback_grows_with_what_was_spent() -> None:
    open_from_template("cashback", currency="USD", now=NOW)
    for number, total in enumerate((50_000, 150_000, 10_000)):
        bought(total, f"R{number}")
    cashback = Account.objects.get(unit__code="cashback", member__isnull=False)
    assert cashback.balance == 50_000 * 3 // 100 + 150_000 * 5 // 100 + 10_000 * 7 // 100


def test_nine_stamps_are_a_cup() -> None:
    program = open_from_template("stamps", currency="USD", now=NOW)
    reward = Reward.objects.get(program=program)
    assert (reward.price, reward.unit.code) == (9, "stamps")


def test_a_second_one_of_the_same_stands_beside_the_first() -> None:
    codes = [open_from_template("points", currency="USD", now=NOW).code for _ in range(3)]
    assert codes == ["points", "points-2", "points-3"]
    with pytest.raises(Refused):
        open_from_template("lottery", currency="USD", now=NOW)


def test_the_api_lists_and_opens_templates() -> None:
    caller = Caller()
    listed = caller.get("/program-templates").json()
    assert [one["code"] for one in listed] == list(TEMPLATES)
    made = caller.post("/programs", {"template": "stamps"})
    assert (made.status_code, made.json()["code"]) == (201, "stamps")
    assert caller.post("/programs", {"template": "lottery"}).status_code == 422


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(
        make.employee("loyalty_manager"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    return client


def test_a_basket_is_tried_without_a_trace(manager: Client) -> None:
    manager.post(reverse("loyalty.open_new_program"), {"template": "club"})
    bought(1_000)
    member, before = Member.objects.get(), Accrual.objects.count()
    make.product("shoes")
    address = reverse("loyalty.basket", args=[member.program.code])
    told = {"card": member.number, "sku1": "shoes", "pieces1": "2", "paid1": "120"}
    shown = manager.post(address, told).content.decode()
    assert "120 for $120" in shown
    assert "Rules that gave nothing here" in shown
    assert "A gift at every tenth visit" in shown
    assert Accrual.objects.count() == before
    assert Account.objects.get(unit__code="points", member=member).balance == 110


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"card": "999"}, "Nobody in this program has this card"),
        ({"sku1": "nothing"}, "No product has this number"),
        ({"paid1": ""}, "Put something into the basket"),
    ],
)
def test_what_is_wrong_with_a_basket_is_said(
    manager: Client, wrong: dict[str, str], said: str
) -> None:
    program = open_from_template("club", currency="USD", now=NOW)
    bought(1_000)
    told = {"card": Member.objects.get().number, "paid1": "10"} | wrong
    page = manager.post(reverse("loyalty.basket", args=[program.code]), told)
    assert (page.status_code, said in page.content.decode()) == (422, True)
    assert Program.objects.count() == 1
