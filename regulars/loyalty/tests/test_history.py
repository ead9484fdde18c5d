"""What a member's history says, and that it explains every entry."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from regulars.core.api.keys import create_key
from regulars.loyalty.actions import (
    RuleInput,
    redeem_points,
    set_rule,
    take_purchases,
    undo_redemption,
)
from regulars.loyalty.actions.expiring import expire_points
from regulars.loyalty.models import Account, Lot, Member
from regulars.loyalty.queries.history import Entry, by_day, history_of
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    program = make.program()
    shoes = RuleInput("shoes", "shoe campaign", "bonus", {"points": 20}, name_ru="акция на обувь")
    set_rule(program, shoes, now=NOW - timedelta(days=1))
    buy(make.customer("Anna", card="A1"))
    return Member.objects.get()


def buy(customer: Any, total_minor: int = 1_000) -> None:
    lines = [make.line(total_minor=total_minor)]
    take_purchases([make.receipt(customer=customer, lines=lines)], now=NOW)


def told(member: Member) -> list[Entry]:
    return history_of(member).entries


def test_a_purchase_is_one_entry_with_all_its_parts(member: Member) -> None:
    (entry,) = told(member)
    assert (entry.amount, entry.cause) == (30, "accrual")
    assert entry.why.startswith("30 = 10 for $10 + 20 shoe campaign, rules of ")
    with translation.override("ru"):
        (entry,) = told(member)
    assert "20 акция на обувь, правила от " in entry.why


def test_what_left_the_card_and_came_back_is_explained(member: Member) -> None:
    redemption = redeem_points(member, 10, key="k", now=NOW)
    undo_redemption(redemption, now=NOW)
    undone, spent, _ = told(member)
    assert (spent.amount, undone.amount) == (-10, 10)
    assert spent.why == "$0.10 off the price"
    assert undone.why.startswith("spent on ")
    Lot.objects.update(expires_at=NOW + timedelta(days=1))
    expire_points(now=NOW + timedelta(days=2))
    dead = [one for one in told(member) if one.cause == "expiry"]
    assert all(one.why.startswith("earned on ") for one in dead)
    (line,) = by_day(dead)
    assert line.amount == -30


def test_the_history_comes_in_pages_that_tear_no_receipt_apart(member: Member) -> None:
    for _ in range(4):
        buy(member.customer)
    secret = create_key(name="till", scopes=["loyalty:read"], now=NOW).secret
    client = Client(headers={"authorization": f"Bearer {secret}"})
    address, cursor, found = f"/api/v1/members/{member.pk}/history", "", []
    while True:
        page = client.get(address, {"limit": 2, "cursor": cursor}).json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert len(page["items"]) == 2
    assert [one["amount"] for one in found] == [30] * 5
    assert sum(one["amount"] for one in found) == points(member)
    assert found[0]["explanation"].startswith("30 = 10 for $10 + 20 shoe campaign")
    assert client.get(address, {"cursor": "nonsense"}).status_code == 422
    russian = client.get(address, headers={"accept-language": "ru"}).json()
    assert "акция на обувь" in russian["items"][0]["explanation"]


def test_the_card_and_the_wallet_show_why(member: Member) -> None:
    client = Client()
    card = client.get(reverse("loyalty.card", args=[member.token])).content.decode()
    assert "10 for $10 + 20 shoe campaign" in card
    client.force_login(make.employee("owner"))
    wallet = client.get(reverse("loyalty.wallet", args=[member.customer_id])).content.decode()
    assert "10 for $10 + 20 shoe campaign" in wallet


def points(member: Member) -> int | None:
    return Account.objects.get(member=member, unit__code="points").balance
