"""Pages of loyalty: the program, its rules, a wallet, the card and the till."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from regulars.customers.actions.segments import SegmentInput, create_segment
from regulars.customers.models import Segment
from regulars.loyalty.actions import hold_points, take_purchases
from regulars.loyalty.models import Account, Member, Program, Redemption, Rule
from regulars.loyalty.pages.drawing import resolved
from regulars.loyalty.pages.titles import TEXTS
from regulars.loyalty.rules.mechanic import mechanics
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    return make.program()


@pytest.fixture
def member(program: Program) -> Member:
    anna = make.customer("Anna", phone="+79161234567", card="A1")
    take_purchases([make.receipt(customer=anna, lines=[make.line(total_minor=30_000)])], now=NOW)
    return Member.objects.get()


def signed_in(role: str = "owner") -> Client:
    client = Client()
    client.force_login(make.employee(role))
    return client


def points(member: Member) -> int | None:
    return Account.objects.get(member=member, unit__code="points").balance


def keys_of(text: str) -> list[str]:
    return [part.partition('"')[0] for part in text.split('name="key" value="')[1:]]


def test_without_a_program_one_click_opens_one() -> None:
    client = signed_in()
    assert "Open a program" in client.get(reverse("loyalty.home")).content.decode()
    client.post(reverse("loyalty.open_new_program"), {"template": "club"})
    assert Program.objects.get().code == "club"
    assert "Bronze" not in client.get(reverse("loyalty.home")).content.decode()


def test_home_shows_what_is_owed(member: Member) -> None:
    shown = signed_in().get(reverse("loyalty.home")).content.decode()
    assert "Worth in money" in shown
    assert "$3" in shown
    assert "Silver" in shown


def test_members_are_listed_and_found(member: Member) -> None:
    client, address = signed_in(), reverse("loyalty.members", args=["club"])
    assert "Anna" in client.get(address).content.decode()
    for asked in ({"q": member.number[:6]}, {"q": "Anna"}, {"sort": "-visits"}, {"tier": "gone"}):
        shown = client.get(address, asked).content.decode()
        assert ("Nobody matches" in shown) == ("tier" in asked)
    assert signed_in("cashier").get(address).status_code == 403


def test_the_wallet_panel_shows_balance_and_way(member: Member) -> None:
    client = signed_in()
    shown = client.get(reverse("loyalty.wallet", args=[member.customer_id])).content.decode()
    assert "200 more to Gold" in shown
    assert "+300" in shown
    assert client.get(reverse("loyalty.wallet", args=[999_999])).status_code == 404


def test_the_card_is_light_and_only_for_who_has_the_link(member: Member) -> None:
    response = Client().get(reverse("loyalty.card", args=[member.token]))
    shown = response.content.decode()
    assert "Hello, Anna" in shown
    assert shown.count("<svg") >= 2
    assert len(response.content) < 10_000
    assert Client().get(reverse("loyalty.card", args=["wrong"])).status_code == 404


@pytest.mark.parametrize("asked", ["number", "spaced", "+7 916 123-45-67", "8 (916) 123-45-67"])
def test_the_till_finds_a_member_by_card_or_phone(member: Member, asked: str) -> None:
    spaced = f"{member.number[:4]} {member.number[4:]}"
    text = {"number": member.number, "spaced": spaced}.get(asked, asked)
    client = signed_in("cashier")
    shown = client.get(reverse("loyalty.till"), {"q": text}, follow=True).content.decode()
    assert "Anna" in shown
    assert "autofocus" in shown


def test_the_till_says_when_nobody_has_the_card(member: Member) -> None:
    response = signed_in("cashier").get(reverse("loyalty.till"), {"q": "123"})
    assert response.status_code == 422
    assert "Nobody has the card" in response.content.decode()


def test_pressing_accrue_twice_counts_once(member: Member) -> None:
    client = signed_in("cashier")
    shown = client.get(reverse("loyalty.till_member", args=[member.number])).content.decode()
    form = {"amount": "12.50", "key": keys_of(shown)[0]}
    for _ in range(2):
        done = client.post(reverse("loyalty.till_accrue", args=[member.number]), form, follow=True)
        assert "12 points accrued" in done.content.decode()
    assert points(member) == 312


def test_redeeming_offers_an_undo_that_gives_the_points_back(member: Member) -> None:
    client = signed_in("owner")
    shown = client.get(reverse("loyalty.till_member", args=[member.number])).content.decode()
    form = {"points": "100", "key": keys_of(shown)[1]}
    address = reverse("loyalty.till_redeem", args=[member.number])
    done = client.post(address, form, follow=True).content.decode()
    assert "$1" in done
    assert points(member) == 200
    client.post(address, form)
    assert points(member) == 200
    redemption = Redemption.objects.get()
    assert reverse("loyalty.till_undo", args=[redemption.pk]) in done
    client.post(reverse("loyalty.till_undo", args=[redemption.pk]))
    assert points(member) == 300


def test_too_many_points_are_refused_beside_the_field(member: Member) -> None:
    client = signed_in("cashier")
    address = reverse("loyalty.till_redeem", args=[member.number])
    response = client.post(address, {"points": "301", "key": "k"})
    assert response.status_code == 422
    assert "not enough points" in response.content.decode()
    assert client.post(address, {"points": "x", "key": "k"}).status_code == 422


def test_a_cashier_sees_the_till_and_nothing_else(member: Member) -> None:
    client = signed_in("cashier")
    assert client.get(reverse("loyalty.home")).status_code == 403
    assert client.get(reverse("loyalty.rules", args=["club"])).status_code == 403


@pytest.mark.parametrize(
    "kind", ["share_of_purchase", "multiplier", "percentage_cashback", "welcome_gift"]
)
def test_every_mechanic_draws_its_form(program: Program, kind: str) -> None:
    response = signed_in().get(reverse("loyalty.new_rule", args=["club", kind]))
    assert response.status_code == 200
    assert "What members get" in response.content.decode()


def test_a_rule_is_added_changed_and_ended(program: Program) -> None:
    client = signed_in()
    form = {
        "name": "Bakery",
        "unit": "points",
        "points": "2",
        "per_minor": "1",
        "counting": "steps",
        "base": "after_discounts",
        "rounding": "floor",
        "level": "purchase",
        "lines__categories": "Food/Bakery, Food/Cakes",
    }
    address = reverse("loyalty.new_rule", args=["club", "share_of_purchase"])
    assert client.post(address, form).status_code == 302
    rule = Rule.objects.get(name="Bakery")
    assert rule.settings["per_minor"] == 100
    assert rule.settings["lines"] == {"categories": ["Food/Bakery", "Food/Cakes"]}
    edit = reverse("loyalty.edit_rule", args=["club", rule.pk])
    assert "Food/Bakery, Food/Cakes" in client.get(edit).content.decode()
    client.post(edit, {**form, "points": "3"})
    newest = Rule.objects.get(name="Bakery", version=2)
    assert (newest.settings["points"], newest.code) == ("3", rule.code)
    client.post(reverse("loyalty.stop_rule", args=["club", newest.pk]))
    newest.refresh_from_db()
    assert newest.in_force_to is not None


def test_a_rule_stays_as_narrow_as_it_was_when_its_segment_is_switched_off(
    program: Program,
) -> None:
    vip = create_segment("vip", SegmentInput("VIP", condition={"all": []}), now=NOW)
    form = {
        "name": "For few",
        "unit": "points",
        "points": "2",
        "per_minor": "1",
        "counting": "steps",
        "base": "after_discounts",
        "rounding": "floor",
        "level": "purchase",
        "terms__segments": ["vip"],
    }
    client = signed_in()
    client.post(reverse("loyalty.new_rule", args=["club", "share_of_purchase"]), form)
    rule = Rule.objects.get(name="For few")
    assert rule.settings["terms"] == {"segments": ["vip"]}
    Segment.objects.filter(pk=vip.pk).update(is_on=False)
    edit = reverse("loyalty.edit_rule", args=["club", rule.pk])
    assert "vip (no longer offered)" in client.get(edit).content.decode()
    assert client.post(edit, {**form, "points": "3"}).status_code == 302
    assert Rule.objects.get(name="For few", version=2).settings["terms"] == {"segments": ["vip"]}


def test_a_wrong_setting_is_named(program: Program) -> None:
    address = reverse("loyalty.new_rule", args=["club", "multiplier"])
    form = {
        "name": "Too much",
        "unit": "points",
        "factor": "11",
        "factor_max": "10",
        "places_max": "3",
        "rounding": "floor",
    }
    response = signed_in().post(address, form)
    assert response.status_code == 422
    assert "above the largest" in response.content.decode()


def test_every_text_of_a_mechanic_can_be_translated() -> None:
    known = {str(text) for text in TEXTS}
    asked: set[str] = set()
    for mechanic in mechanics.kinds().values():
        asked |= {mechanic.title, (mechanic.__doc__ or "").partition("\n")[0]}
        schema = mechanic.model_json_schema()
        for shape in (schema, *schema.get("$defs", {}).values()):
            for one in shape["properties"].values():
                whole = resolved(one, schema)
                asked |= {whole.get("title", ""), one.get("description", "")}
                asked |= {choice.replace("_", " ") for choice in whole.get("enum", ())}
    assert asked - known - {""} == set()


def test_terms_are_set_on_their_page(program: Program) -> None:
    owner = signed_in()
    path = f"/loyalty/{program.code}/terms"
    told = {"returns": "limited", "dead_points": "die", "pending": "days"}
    wrong = owner.post(path, told)
    assert wrong.status_code == 422
    owner.post(path, {**told, "debt_max": 50, "pending_days": 14})
    program.refresh_from_db()
    assert (program.returns, program.debt_max) == ("limited", 50)
    assert (program.pending, program.pending_days) == ("days", 14)
    assert 'value="14"' in owner.get(path).content.decode()


def test_what_is_set_aside_is_shown_and_set_free(member: Member) -> None:
    hold = hold_points(member, 5, key="k", ends_at=now() + timedelta(hours=1), now=now())
    owner = signed_in()
    panel = f"/customers/{member.customer_id}/wallet"
    free = f"/loyalty/holds/{hold.pk}/release"
    assert free in owner.get(panel).content.decode()
    owner.post(free)
    assert free not in owner.get(panel).content.decode()
    hold.refresh_from_db()
    assert hold.outcome == "released"


def test_a_broken_address_of_the_list_of_members_finds_nobody() -> None:
    make.program()
    listed = signed_in().get("/loyalty/club/members", {"tier": "\x00", "q": "\x00", "page": "x"})
    assert listed.status_code == 200
