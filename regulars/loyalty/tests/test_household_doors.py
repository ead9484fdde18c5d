"""Households by the card, by page and by API; what they share is seen and spent at the till."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now as moment_of_now

from regulars.channels.models import Message
from regulars.customers.actions import CustomerRef, PurchaseInput
from regulars.customers.models import Identity, Relation, RelationMember
from regulars.loyalty.actions import take_purchases
from regulars.loyalty.actions.households import (
    decline_invitation,
    invite_member,
    set_household_rules,
    start_household,
    write_invitations,
)
from regulars.loyalty.actions.rewards import RewardInput, set_reward
from regulars.loyalty.models import Household, Member, Program, RewardOrder, Seat
from regulars.loyalty.rules.cards import grouped
from regulars.loyalty.tests.test_api import Caller
from regulars.loyalty.tests.test_pages import signed_in
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def two() -> tuple[Member, Member]:
    """Anna and Ben with 100 points each, in a program whose members may share."""
    program = make.program()
    now = moment_of_now()
    found = []
    for name in ("Anna", "Ben"):
        customer = make.customer(name, card=name)
        bought = PurchaseInput(
            "till",
            name,
            CustomerRef("id", str(customer.pk)),
            None,
            now,
            (make.line(total_minor=100_00),),
        )
        take_purchases([bought], now=now)
        found.append(Member.objects.get(customer=customer))
    set_household_rules(program, {})
    return found[0], found[1]


def card(member: Member) -> str:
    return reverse("loyalty.card_household", args=[member.token])


def act(member: Member, name: str, **told: object) -> str:
    answer = Client().post(card(member), {"act": name, **told}, follow=True)
    return answer.content.decode()


def together(two: tuple[Member, Member]) -> Seat:
    anna, ben = two
    act(anna, "start")
    act(anna, "invite", card=ben.number)
    seat = Seat.objects.get(member=ben)
    act(ben, "accept", seat=seat.pk)
    return seat


def test_by_the_card_from_the_start_to_the_end(two: tuple[Member, Member]) -> None:
    anna, ben = two
    assert "Start a household" in Client().get(card(anna)).content.decode()
    assert "invite the others" in act(anna, "start")
    assert "Nobody" not in act(anna, "invite", card=ben.number)
    assert (
        "you are invited"
        in Client().get(reverse("loyalty.card", args=[ben.token])).content.decode()
    )
    seat = Seat.objects.get(member=ben)
    assert "Anna invites you" in Client().get(card(ben)).content.decode()
    assert "You share your points" in act(ben, "accept", seat=seat.pk)
    assert "You may spend 200" in Client().get(card(ben)).content.decode()
    assert "and 100 of the household" in (
        Client().get(reverse("loyalty.card", args=[anna.token])).content.decode()
    )
    assert "Only the head" in act(ben, "close")
    assert "do not share" in act(ben, "leave", seat=seat.pk)
    assert "closed" in act(anna, "close")
    assert not Seat.objects.filter(state="in").exists()


def test_nobody_acts_for_others_by_their_card(two: tuple[Member, Member]) -> None:
    anna, ben = two
    seat = together(two)
    for name in ("leave", "accept", "decline"):
        act(anna, name, seat=seat.pk)
    for told in ("x", "999999", ""):
        act(anna, "head", seat=told)
        act(anna, "accept", seat=told)
    seat.refresh_from_db()
    assert (seat.state, Household.objects.get().head) == ("in", anna)
    Program.objects.update(household_rules={})
    assert Client().get(card(ben)).status_code == 404


def test_the_till_and_the_rewards_spend_what_is_shared(two: tuple[Member, Member]) -> None:
    anna, _ben = two
    together(two)
    till = signed_in("owner")
    page = till.get(reverse("loyalty.till_member", args=[anna.number])).content.decode()
    assert "and 100 of the household" in page
    told = {"points": "120", "key": "k"}
    done = till.post(reverse("loyalty.till_redeem", args=[anna.number]), told, follow=True)
    assert "120 points redeemed" in done.content.decode()
    reward = set_reward(anna.program, RewardInput("mug", "gift", "Mug", 80), now=moment_of_now())
    shown = Client().get(reverse("loyalty.card_rewards", args=[anna.token])).content.decode()
    assert "You have 80" in shown
    rewards = reverse("loyalty.card_rewards", args=[anna.token])
    Client().post(rewards, {"reward": str(reward.pk), "key": "r"})
    assert RewardOrder.objects.get().price == 80


def test_employees_see_and_change_households(two: tuple[Member, Member]) -> None:
    anna, ben = two
    page, program = signed_in(), anna.program.code
    rules = reverse("loyalty.households", args=[program])
    told = {
        "is_on": "on",
        "earns": "all",
        "spends": "head",
        "share_percent": "0",
        "leaving": "stay",
        "members_max": "4",
    }
    assert page.post(rules, told).status_code == 422
    assert page.post(rules, told | {"share_percent": "50"}).status_code == 302
    assert Program.objects.get().household_rules["share_percent"] == 50
    act(anna, "start")
    assert "Anna" in page.get(rules).content.decode()
    one = reverse("loyalty.household", args=[Household.objects.get().pk])
    for asked in ({"act": "invite", "card": ben.number}, {"act": "invite", "card": "no"}):
        page.post(one, asked)
    seat = Seat.objects.get(member=ben)
    act(ben, "accept", seat=seat.pk)
    page.post(one, {"act": "head", "seat": seat.pk})
    assert Household.objects.get().head == ben
    assert "Ben" in page.get(one).content.decode()
    panel = page.get(reverse("loyalty.wallet", args=[ben.customer_id])).content.decode()
    assert one in panel
    page.post(one, {"act": "close"})
    assert "Closed on" in page.get(one).content.decode()


def test_who_shares_a_phone_is_proposed_and_nobody_else(two: tuple[Member, Member]) -> None:
    anna, ben = two
    act(anna, "start")
    one = reverse("loyalty.household", args=[Household.objects.get().pk])
    page = signed_in()
    assert grouped(ben.number) not in page.get(one).content.decode()
    phone = Identity.objects.create(
        kind="phone", value="+79160000000", customer_id=anna.customer_id
    )
    relation = Relation.objects.create(kind="household", identity=phone, at=make.NOW)
    for member in two:
        RelationMember.objects.create(relation=relation, customer_id=member.customer_id)
    assert grouped(ben.number) in page.get(one).content.decode()
    page.post(one, {"act": "invite", "card": ben.number})
    assert "May live together" not in page.get(one).content.decode()
    assert Seat.objects.get(member=ben).state == "invited"


def test_by_the_api(two: tuple[Member, Member]) -> None:
    anna, ben = two
    api = Caller()
    path = f"/programs/{anna.program_id}/household-rules"
    assert api.put(path, {"rules": {"share_percent": 400}}).status_code == 422
    assert api.put(path, {"rules": {"spends": "head"}}).json()["rules"]["spends"] == "head"
    assert api.get(path).json()["rules"]["members_max"] > 1
    made = api.post("/households", {"card": anna.number}).json()
    seat = api.post(f"/households/{made['id']}/invitations", {"card": ben.number}).json()
    assert api.post("/households", {"card": "1"}).status_code == 422
    accepted = api.post(f"/household-seats/{seat['id']}/accept", {}).json()
    assert (accepted["state"], accepted["is_head"]) == ("in", False)
    shared = api.get(f"/members/{anna.pk}").json()["balances"]
    assert [one["shared"] for one in shared if one["kind"] == "spendable"] == [100]
    assert api.post(f"/household-seats/{seat['id']}/decline", {}).status_code == 422
    (listed,) = api.get("/households", member_id=str(ben.pk)).json()["items"]
    assert [one["state"] for one in listed["seats"]] == ["in", "in"]
    told = {"key": "k", "member": anna.number, "amount": 150}
    assert api.post("/redemptions", told).json() == api.post("/redemptions", told).json()
    (draw,) = api.get("/handovers", giver_id=str(ben.pk)).json()["items"]
    assert (draw["kind"], draw["taker"]) == ("draw", anna.number)
    api.post(f"/households/{made['id']}/head", {"card": ben.number})
    assert api.post(f"/household-seats/{seat['id']}/leave", {}).status_code == 422
    closed = api.post(f"/households/{made['id']}/close", {}).json()
    assert closed["closed_at"]
    assert api.get(f"/households/{made['id']}").json() == closed


def test_who_is_invited_hears_of_it_once_and_not_after_answering(
    two: tuple[Member, Member],
) -> None:
    anna, ben = two
    ben.customer.email, ben.customer.language = "ben@example.com", "ru"
    ben.customer.save()
    now = moment_of_now()
    seat = invite_member(start_household(anna, now=now), ben, now=now)
    assert write_invitations([seat.pk], now=now) == 1
    write_invitations([seat.pk], now=now)
    (letter,) = Message.objects.all()
    assert letter.customer_id == ben.customer_id
    assert "Anna приглашает" in letter.text
    assert card(ben) in letter.text
    decline_invitation(seat, now=now)
    Message.objects.all().delete()
    assert write_invitations([seat.pk], now=now) == 0
