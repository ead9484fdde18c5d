"""Ladders by the API, on the loyalty manager's page, on the member's card."""

import pytest
from django.urls import reverse

from regulars.loyalty.actions import LadderInput, StepInput, judge_due_members, set_ladder
from regulars.loyalty.models import GivenTier, LadderVersion, Member, Program, Tier
from regulars.loyalty.tests.test_api import Caller, receipt
from regulars.loyalty.tests.test_pages import signed_in
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
YEARLY = {"period": "calendar", "falls": "at_period_end"}
BODY = {
    "name": "Tiers",
    "rules": YEARLY,
    "steps": [
        {"code": "silver", "name": "Silver", "minimum": 100, "benefits": ["free_delivery"]},
        {"code": "gold", "name": "Gold", "minimum": 300},
    ],
}


@pytest.fixture
def till() -> Caller:
    make.program()
    return Caller()


def test_a_new_version_by_the_api_and_a_forecast_for_the_member(till: Caller) -> None:
    path = f"/programs/{Program.objects.get().pk}/ladders/main"
    assert till.put(path, BODY).json()["version"] == 2
    (ladder,) = till.get(path.rpartition("/")[0]).json()
    assert ladder["steps"][0]["benefits"] == ["free_delivery"]
    till.post("/purchases", receipt())
    member = till.get(f"/members/{Member.objects.get().pk}").json()
    (standing,) = member["ladders"]
    assert (standing["tier"], standing["counted"], standing["next_tier"]) == ("silver", 200, "gold")
    assert (member["tier"], member["next_tier"], member["missing"]) == ("silver", "gold", 100)


def test_what_is_wrong_with_a_ladder_is_named(till: Caller) -> None:
    path = f"/programs/{Program.objects.get().pk}/ladders/main"
    answer = till.put(path, BODY | {"rules": {"period": "rolling_days"}})
    assert answer.status_code == 422
    assert "length" in answer.content.decode()
    assert LadderVersion.objects.count() == 1


def test_a_tier_is_given_by_the_api(till: Caller) -> None:
    till.post("/purchases", receipt())
    path = f"/members/{Member.objects.get().pk}/given-tiers"
    told = {"key": "g1", "tier": "gold", "reason": "Guest of another hotel"}
    assert till.post(path, told).json() == till.post(path, told).json()
    assert Member.objects.get().tier == Tier.objects.get(code="gold")
    assert till.post(path, told | {"key": "g2", "tier": "ruby"}).status_code == 422


def test_the_page_makes_a_new_version_and_retires_a_tier() -> None:
    make.program()
    client = signed_in()
    edit = reverse("loyalty.edit_ladder", args=["club", "main"])
    assert "Silver" in client.get(edit).content.decode()
    told = {
        "name": "Tiers",
        "basis": "unit",
        "period": "calendar",
        "calendar": "year",
        "upgrade": "at_once",
        "falls": "at_period_end",
        "downgrade": "one_down",
        "returns": "undo",
        "tier-TOTAL_FORMS": "2",
        "tier-INITIAL_FORMS": "2",
        "tier-0-code": "silver",
        "tier-0-name": "Silver",
        "tier-0-minimum": "150",
        "tier-0-benefits": "free_delivery, lounge",
        "tier-1-code": "gold",
    }
    answer = client.post(edit, told)
    assert answer.status_code == 302
    silver = Tier.objects.get(code="silver")
    assert (silver.qualifying_min, silver.benefits) == (150, ["free_delivery", "lounge"])
    assert Tier.objects.get(code="gold").is_retired
    page = client.get(reverse("loyalty.ladders", args=["club"])).content.decode()
    assert "lounge" in page
    again = client.post(edit, told | {"tier-0-minimum": ""})
    assert again.status_code == 422
    assert "Say what it takes" in again.content.decode()


def test_a_tier_is_given_and_taken_away_by_page(till: Caller) -> None:
    till.post("/purchases", receipt())
    member = Member.objects.get()
    client = signed_in()
    path = reverse("loyalty.give_member_tier", args=[member.pk])
    told = {"tier": "gold", "reason": "Guest", "key": "k"}
    assert client.post(path, told | {"reason": ""}).status_code == 422
    assert client.post(path, told | {"last_day": "2020-01-01"}).status_code == 422
    for _ in range(2):
        assert client.post(path, told).status_code == 302
    given = GivenTier.objects.get()
    assert "Guest" in client.get(path).content.decode()
    member.refresh_from_db()
    assert member.tier == Tier.objects.get(code="gold")
    client.post(path, {"end": str(given.pk)})
    member.refresh_from_db()
    assert member.tier == Tier.objects.get(code="silver")


def test_the_card_says_how_much_more_is_needed_and_by_when() -> None:
    program = make.program(tiers=())
    steps = (StepInput("silver", "Silver", 100), StepInput("gold", "Gold", 300))
    set_ladder(program, LadderInput("main", "Tiers", steps, YEARLY), now=NOW)
    till = Caller()
    till.post("/purchases", receipt())
    judge_due_members(now=NOW)
    page = signed_in().get(reverse("loyalty.card", args=[Member.objects.get().token]))
    assert "100 points more until Gold by" in page.content.decode()


def test_tiers_by_money_are_shown_and_written_as_money() -> None:
    make.program()
    client = signed_in()
    edit = reverse("loyalty.edit_ladder", args=["club", "spenders"])
    told = {
        "name": "Spenders",
        "basis": "spend",
        "period": "lifetime",
        "calendar": "year",
        "upgrade": "at_once",
        "falls": "at_period_end",
        "downgrade": "never",
        "returns": "undo",
        "tier-TOTAL_FORMS": "1",
        "tier-INITIAL_FORMS": "0",
        "tier-0-name": "Patron",
        "tier-0-minimum": "1500.50",
    }
    assert client.post(edit, told).status_code == 302
    assert Tier.objects.get(name="Patron").qualifying_min == 150_050
    page = client.get(reverse("loyalty.ladders", args=["club"])).content.decode()
    assert "1,500.50" in page
    assert 'value="1500.50"' in client.get(edit).content.decode()
    visits = client.post(edit, told | {"basis": "visits"})
    assert visits.status_code == 422
    assert "Only money has places" in visits.content.decode()
