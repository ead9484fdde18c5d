"""Owners of follow-ups are written to: once a day, in their language, by a real mail server."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from regulars.channels.actions import deliver_messages
from regulars.channels.models import Message
from regulars.channels.tests.mail_server import Box, mail_server
from regulars.company.actions.people import deactivate_employee
from regulars.company.models import Employee
from regulars.core.api.keys import create_key
from regulars.feedback.actions.answers import receive_answer
from regulars.feedback.actions.doubts import set_aside
from regulars.feedback.actions.follow_up_rules import RuleInput, add_follow_up_rule
from regulars.feedback.actions.following import (
    close_follow_up,
    give_follow_up,
    open_follow_ups,
    take_follow_up,
)
from regulars.feedback.actions.reminding import remind_owners
from regulars.feedback.models import FollowUp, Signal
from regulars.feedback.owner_letters import LISTED_MAX
from regulars.feedback.rules.following import Hours
from regulars.feedback.tests import cast

pytestmark = pytest.mark.django_db

NOW = cast.NOW
DAY = timedelta(days=1)
SECRET = "The cashier shouted at me"


@pytest.fixture
def box(settings) -> Iterator[Box]:
    with mail_server(settings) as box:
        yield box


@pytest.fixture
def boss() -> Employee:
    """The owner of every follow-up of a few hours on any day but Sunday."""
    boss = cast.employee()
    week = Hours(weekdays=frozenset(range(6)))
    add_follow_up_rule(RuleInput(owner=boss, within_hours=4, week=week), now=NOW)
    return boss


def opened(asked: Any, key: str = "a", **changes: Any) -> FollowUp:
    given = cast.answer(asked, key, values={"nps": 2, "satisfied": 3, "why": SECRET}, **changes)
    (pk,) = open_follow_ups([receive_answer(given, now=NOW).answer_id], now=NOW)
    return FollowUp.objects.get(pk=pk)


def deliver() -> None:
    deliver_messages(message_ids=list(Message.objects.values_list("pk", flat=True)))


def body(mail: Any) -> str:
    return mail.get_body(("plain",)).get_content()


def test_the_owner_gets_one_letter_a_day_and_reads_nothing_of_the_customer(box, boss):
    asked, store, ann = cast.survey(), cast.store(), cast.customer("Annabel Lee")
    one = opened(asked, store_id=store.pk, customer_id=ann.pk)
    opened(asked, "b")
    assert (remind_owners(now=NOW), remind_owners(now=NOW + timedelta(hours=1))) == (1, 0)
    deliver()
    (mail,) = box.mails
    assert (mail["To"], mail["Subject"]) == (boss.email, "Your follow-ups: due today: 2")
    assert mail["List-Unsubscribe"] is None
    said = body(mail)
    assert f"NPS 2 · {store.name} · due" in said
    assert any(line.endswith(f"/listen/follow-ups/{one.pk}") for line in said.splitlines())
    html = mail.get_body(("html",)).get_content()
    for text in (said, html):
        assert f"/listen/follow-ups/{one.pk}" in text
        assert "/settings/follow-up-letters" in text
        assert "Annabel" not in text
        assert "shouted" not in text
        assert "/preferences/" not in text


def test_what_is_new_is_told_once_and_what_is_overdue_each_day(box, boss):
    asked = cast.survey()
    one = opened(asked)
    FollowUp.objects.filter(pk=one.pk).update(due_at=NOW + 2.1 * DAY)
    days = [NOW + n * DAY for n in range(4)]
    subjects = []
    for day in days:
        remind_owners(now=day)
        deliver()
        subjects.append(box.mails.pop()["Subject"] if box.mails else "")
    title = "Your follow-ups"
    assert subjects == [
        f"{title}: newly yours: 1",
        "",
        f"{title}: due today: 1",
        f"{title}: overdue: 1",
    ]
    close_follow_up(one, "settled", by=boss, now=days[3])
    assert remind_owners(now=days[3] + DAY) == 0


def test_who_gets_it_anew_is_told_and_who_took_it_is_not(box, boss):
    one, lead = opened(cast.survey()), cast.employee("support_lead")
    FollowUp.objects.filter(pk=one.pk).update(due_at=NOW + 3 * DAY)
    assert remind_owners(now=NOW) == 1
    give_follow_up(one, lead, by=boss, now=NOW)
    assert remind_owners(now=NOW) == 1
    deliver()
    assert {mail["To"] for mail in box.mails} == {boss.email, lead.email}
    take_follow_up(one, by=boss, now=NOW)
    give_follow_up(one, lead, by=lead, now=NOW)
    assert remind_owners(now=NOW + DAY) == 0


def test_the_api_says_since_when_the_owner_knows(box, boss):
    one = opened(cast.survey())
    key = create_key(name="board", scopes=["signals:read"], now=timezone.now())
    door = Client(headers={"Authorization": f"Bearer {key.secret}"})
    told = [door.get(f"/api/v1/follow-ups/{one.pk}").json()["told_at"]]
    remind_owners(now=NOW)
    told.append(door.get(f"/api/v1/follow-ups/{one.pk}").json()["told_at"])
    assert (told[0], datetime.fromisoformat(told[1])) == (None, NOW)


def test_letters_are_in_the_language_of_their_reader(box, boss):
    Employee.objects.filter(pk=boss.pk).update(language="ru")
    opened(cast.survey(), store_id=cast.store().pk)
    remind_owners(now=NOW)
    deliver()
    (mail,) = box.mails
    assert "Магазин S1" in body(mail)
    assert not re.search("[A-Za-z]{2,}", re.sub(r"https?:\S+|NPS|Regulars|S1", "", body(mail)))


@pytest.mark.parametrize("at", [NOW.replace(hour=5), NOW.replace(hour=21), NOW + 6 * DAY])
def test_nothing_is_written_at_night_or_on_a_day_of_rest(box, boss, at):
    opened(cast.survey())
    assert remind_owners(now=at) == 0
    assert remind_owners(now=NOW + 7 * DAY) == 1


def test_who_is_no_reader_gets_nothing_and_learns_it_later(box, boss):
    one = opened(cast.survey())
    page = Client()
    page.force_login(boss)
    address = "/settings/follow-up-letters"
    assert "checked" in page.get(address).content.decode()
    page.post(address, {})
    page.post(address, {})
    assert "checked" not in page.get(address).content.decode()
    assert remind_owners(now=NOW) == 0
    assert FollowUp.objects.get(pk=one.pk).told_at is None
    page.post(address, {"wanted": "yes"})
    assert remind_owners(now=NOW) == 1


def test_others_than_owners_in_charge_hear_nothing(box, boss):
    asked, store = cast.survey(), cast.store()
    aside = opened(asked, "aside")
    set_aside([aside.signal.answer_id], employee=boss, now=NOW)
    made_up = opened(asked, "made up")
    Signal.objects.filter(pk=made_up.signal_id).update(sample=True)
    manager = cast.employee("store_manager", store)
    other = cast.employee("cx_manager")
    owners = {"moved": manager, "gone": cast.employee("support_lead"), "other work": other}
    for key, name in owners.items():
        give_follow_up(opened(asked, key, store_id=store.pk), name, by=boss, now=NOW)
    manager.stores.clear()
    Employee.objects.filter(pk=other.pk).update(role="agent")
    deactivate_employee(Employee.objects.get(role="support_lead"))
    assert remind_owners(now=NOW) == 0


def test_a_worker_that_dies_before_the_end_leaves_neither_letter_nor_note(box, boss, monkeypatch):
    """The letter and what it told are one transaction; a mail sent again has the same name."""
    one = opened(cast.survey())
    FollowUp.objects.filter(pk=one.pk).update(due_at=NOW + 3 * DAY)
    remind_owners(now=NOW)
    Message.objects.update(state="sending", due_at=NOW)
    deliver()
    Message.objects.update(state="sending", due_at=NOW)
    deliver()
    first, second = box.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert remind_owners(now=NOW) == 0


def test_without_a_mail_server_the_page_says_so_and_nothing_is_written(boss):
    one = opened(cast.survey())
    assert remind_owners(now=NOW) == 0
    assert not Message.objects.exists()
    assert FollowUp.objects.get(pk=one.pk).told_at is None
    page = Client()
    page.force_login(boss)
    said = "No mail server is set up"
    assert said in page.get("/listen/follow-ups").content.decode()
    assert said in page.get("/settings/follow-up-letters").content.decode()


def test_with_a_mail_server_the_page_says_nothing_of_it(box, boss):
    page = Client()
    page.force_login(boss)
    assert "No mail server" not in page.get("/listen/follow-ups").content.decode()


def test_many_owners_and_many_follow_ups_take_no_more_statements_than_few(box, boss):
    asked = cast.survey()
    spent = []
    for day, (first, count) in enumerate([(0, 2), (2, LISTED_MAX + 3)]):
        for number in range(first, first + count):
            opened(asked, f"k{number}")
        with CaptureQueriesContext(connection) as counted:
            assert remind_owners(now=NOW + day * DAY) == 1
        spent.append(len(counted))
    assert spent[1] <= spent[0]
    text = Message.objects.latest("pk").text
    assert text.count("/listen/follow-ups/") == LISTED_MAX
    assert "And 5 more" in text
