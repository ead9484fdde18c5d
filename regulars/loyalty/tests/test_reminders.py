"""Reminders of expiry: each lot once, behind the door, and what the card shows of it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now as moment_of_now

from regulars.channels.models import Message
from regulars.customers.actions import ConsentInput, CustomerRef, record_consents
from regulars.loyalty.actions import redeem_points, take_purchases
from regulars.loyalty.actions.prolonging import set_expiry
from regulars.loyalty.actions.reminding import remind_of_expiry, set_reminders, write_reminders
from regulars.loyalty.models import ExpiryReminder, Member, Program
from regulars.loyalty.queries import audit
from regulars.loyalty.rules.expiry import Expiry
from regulars.loyalty.tests.test_api import Caller
from regulars.loyalty.tests.test_expiry import buy, program, unit
from regulars.loyalty.tests.test_pages import signed_in
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def club() -> Program:
    return set_reminders(program(Expiry(kind="months", months=1)), 10)


def noted() -> list[int]:
    return list(ExpiryReminder.objects.order_by("id").values_list("amount", flat=True))


def test_each_lot_is_told_of_once_and_an_account_not_too_often(club: Program) -> None:
    buy(NOW)
    buy(NOW + DAY, points=30)
    buy(NOW + 4 * DAY, points=7)
    assert remind_of_expiry(now=NOW + 10 * DAY) == 0
    assert [remind_of_expiry(now=NOW + 24 * DAY) for _ in range(2)] == [1, 0]
    assert noted() == [130]
    assert remind_of_expiry(now=NOW + 26 * DAY) == 0
    assert remind_of_expiry(now=NOW + 30 * DAY) == 1
    assert noted() == [130, 7]
    assert audit(NOW + 30 * DAY).mismatches == ()


def test_what_is_spent_or_dead_is_not_told_of(club: Program) -> None:
    buy(NOW)
    redeem_points(Member.objects.get(), 60, key="k", now=NOW + DAY)
    assert remind_of_expiry(now=NOW + 60 * DAY) == 0
    assert remind_of_expiry(now=NOW + 29 * DAY) == 1
    assert noted() == [40]


def test_points_that_live_on_are_told_of_again(club: Program) -> None:
    set_expiry(unit(), {"kind": "rolling", "months": 1}, now=NOW - DAY)
    buy(NOW)
    assert remind_of_expiry(now=NOW + 25 * DAY) == 1
    buy(NOW + 26 * DAY, points=1)
    assert remind_of_expiry(now=NOW + 27 * DAY) == 0
    assert remind_of_expiry(now=NOW + 50 * DAY) == 1
    assert noted() == [100, 101]


def test_letters_go_to_those_who_agreed_and_once(club: Program) -> None:
    agreed, silent = (make.customer(card=card, email=f"{card}@example.com") for card in "ab")
    agreed.language = "ru"
    agreed.save()
    told = ConsentInput(
        customer=CustomerRef("id", str(silent.pk)),
        purpose="loyalty",
        channel="email",
        state="refused",
        at=NOW,
        source="crm",
    )
    record_consents([told], now=NOW)
    for card in "ab":
        buy(NOW, card=card)
    assert remind_of_expiry(now=NOW + 25 * DAY) == 2
    ids = list(ExpiryReminder.objects.values_list("pk", flat=True))
    assert write_reminders(ids, now=NOW + 25 * DAY) == 1
    write_reminders(ids, now=NOW + 25 * DAY)
    letters = Message.objects.order_by("customer_id")
    assert [one.customer_id for one in letters] == [agreed.pk, silent.pk]
    assert [one.state for one in letters] == ["waiting", "refused"]
    assert "скоро сгорят 100 points" in letters[0].text
    assert Member.objects.get(customer=agreed).token in letters[0].text


def test_by_page_and_api_and_on_the_card(club: Program) -> None:
    buy(NOW)
    page = signed_in()
    shown = reverse("loyalty.expiry", args=["club"])
    assert page.post(shown, {"days": "900"}).status_code == 422
    assert page.post(shown, {"days": "14"}).status_code == 302
    club.refresh_from_db()
    assert club.reminds_days == 14
    till = Caller()
    path = f"/programs/{club.pk}/expiry-reminders"
    assert till.put(path, {"days": None}).json() == {"days": None}
    assert till.put(path, {"days": -1}).status_code == 422
    now = moment_of_now()
    lines = [make.line(total_minor=10_000)]
    take_purchases([make.receipt(card="1", lines=lines, bought_at=now)], now=now)
    member = Member.objects.get()
    (points, _) = till.get(f"/members/{member.pk}").json()["balances"]
    assert [one["amount"] for one in points["expires"]] == [100]
    card = page.get(reverse("loyalty.card", args=[member.token])).content.decode()
    assert "100 expire after" in card
