"""The one door: limits, opt-outs, repeats; and mail through a real SMTP server."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.mail.backends import smtp
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from regulars.channels.actions import (
    OutgoingMessage,
    change_channel,
    change_contact_rule,
    deliver_messages,
    opt_out,
    send,
)
from regulars.channels.actions.delivery import retry_failed, take_up
from regulars.channels.models import ContactRule, Message, Suppression
from regulars.channels.queries.returns import signed_number
from regulars.channels.rules import ATTEMPTS_MAX
from regulars.channels.tests.mail_server import Box, mail_server
from regulars.core.errors import Refused
from regulars.core.models import Event
from regulars.customers.models import Customer

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def ann() -> Customer:
    return Customer.objects.create(name="Ann", email="ann@example.com", known_since=NOW)


def survey(customer: Customer, key: str, **changes: Any) -> OutgoingMessage:
    message = OutgoingMessage(
        key=key,
        purpose="survey",
        subject="How was it?",
        text="Tell us: https://example.com/s/1",
        html="<p>Tell us: <a href='https://example.com/s/1'>here</a></p>",
        customer_id=customer.pk,
        address=customer.email,
        channel="outbox",
    )
    return replace(message, **changes)


@pytest.fixture
def box(settings) -> Iterator[Box]:
    with mail_server(settings) as box:
        yield box


def ids() -> list[int]:
    return list(Message.objects.order_by("id").values_list("id", flat=True))


def states() -> list[str]:
    return list(Message.objects.order_by("id").values_list("state", flat=True))


def test_a_repeat_gets_the_same_answer(ann):
    first = send([survey(ann, "a")], now=NOW)[0]
    again = send([survey(ann, "a")], now=NOW + timedelta(days=1))[0]
    assert (first.is_accepted, first.repeated) == (True, False)
    assert again == replace(first, repeated=True)
    assert Message.objects.count() == 1


def test_one_survey_in_thirty_days(ann):
    answers = send([survey(ann, "a"), survey(ann, "b")], now=NOW)
    assert [each.code for each in answers] == ["", "asked_enough"]
    assert "2026-04-01" in answers[1].reason
    almost = NOW + timedelta(days=30) - timedelta(seconds=1)
    assert send([survey(ann, "c")], now=almost)[0].code == "asked_enough"
    assert send([survey(ann, "d")], now=NOW + timedelta(days=30))[0].is_accepted
    assert send([survey(ann, "e", purpose="service")], now=NOW)[0].is_accepted


def test_a_refused_message_keeps_its_reason_and_never_leaves(ann):
    send([survey(ann, "a"), survey(ann, "b")], now=NOW)
    deliver_messages(message_ids=ids())
    assert states() == ["sent", "refused"]
    assert Message.objects.get(key="b").failure.startswith("Asked enough")
    assert send([survey(ann, "b")], now=NOW + timedelta(days=99))[0].code == "asked_enough"


def test_people_without_a_profile_are_counted_by_address():
    stranger = OutgoingMessage(
        key="a", purpose="survey", text="?", address="Who@Example.com", channel="outbox"
    )
    twice = [stranger, replace(stranger, key="b", address=" who@example.com")]
    assert [each.code for each in send(twice, now=NOW)] == ["", "asked_enough"]


def rule(code: str = "surveys", **told: Any) -> ContactRule:
    usual: dict[str, Any] = {"scope": "purpose:survey", "max": 2, "window": "P7D", "name": "Rule"}
    return ContactRule(code=code, **(usual | told))


def test_the_company_sets_its_own_limit(ann):
    change_contact_rule(rule())
    answers = send([survey(ann, key) for key in "abc"], now=NOW)
    assert [each.code for each in answers] == ["", "", "asked_enough"]
    change_contact_rule(rule(is_on=False))
    assert send([survey(ann, "d")], now=NOW)[0].is_accepted


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"max": -1}, "max"),
        ({"window": "P0D"}, "window"),
        ({"window": "P1M"}, "window"),
        ({"window": "soon"}, "window"),
        ({"scope": "somebody"}, "scope"),
        ({"on_excess": "delay"}, "delay"),
        ({"condition": {"field": "shoe_size", "is": "is_known"}}, "field"),
        ({"code": "duplicate"}, "code"),
    ],
)
def test_a_rule_that_will_not_do_is_refused(told, field):
    with pytest.raises(Refused) as refused:
        change_contact_rule(rule(**({"code": "x1"} | told)))
    assert field in (refused.value.field or "")


def test_who_opted_out_is_not_written_to(ann):
    opt_out(channel="outbox", address="ANN@example.com", now=NOW)
    opt_out(channel="outbox", address="ann@example.com", now=NOW)
    assert Suppression.objects.count() == 1
    answer = send([survey(ann, "a")], now=NOW)[0]
    assert (answer.code, answer.is_accepted) == ("opted_out", False)
    assert send([survey(ann, "b", purpose="service")], now=NOW)[0].is_accepted


def test_mail_needs_an_address(ann):
    assert send([survey(ann, "a", address="", channel="email")], now=NOW)[0].code == "no_address"


@pytest.mark.parametrize("count", [1, 400])
def test_statements_do_not_grow_with_the_batch(count):
    people = Customer.objects.bulk_create([Customer(known_since=NOW) for _ in range(count)])
    batch = [survey(person, f"k{person.pk}", address="x@example.com") for person in people]
    with CaptureQueriesContext(connection) as spent:
        assert all(each.is_accepted for each in send(batch, now=NOW))
    assert len([query for query in spent if "SAVEPOINT" not in query["sql"]]) <= 18


def test_mail_carries_both_texts_and_one_click_unsubscribing(ann, box):
    change_channel("email", {"sender": "Shop <shop@example.com>", "reply_to": "help@example.com"})
    other = Customer.objects.create(email="bob@example.com", known_since=NOW)
    send([survey(ann, "a", channel="email"), survey(other, "b", channel="email")], now=NOW)
    deliver_messages(message_ids=ids())
    assert states() == ["sent", "sent"]
    assert box.connections == 1
    mail = box.mails[0]
    assert (mail["To"], mail["From"], mail["Reply-To"]) == (
        "ann@example.com",
        "Shop <shop@example.com>",
        "help@example.com",
    )
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Message-ID"] == f"<regulars.{signed_number(ids()[0])}@localhost>"
    assert {part.get_content_type() for part in mail.iter_parts()} == {"text/plain", "text/html"}
    assert Event.objects.filter(name="channels.MessagesSent").count() == 1


def test_the_link_in_a_mail_takes_the_reader_off_the_list(ann, box):
    send([survey(ann, "a", channel="email")], now=NOW)
    deliver_messages(message_ids=ids())
    header = "".join(box.mails[0]["List-Unsubscribe"].split())
    path = re.search(r"https?://[^/]+(/.+)>", header)[1]
    reader = Client(enforce_csrf_checks=True)
    assert reader.get(path).status_code == 200
    assert not Suppression.objects.exists()
    assert reader.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert reader.post(path).status_code == 200
    kept = Suppression.objects.get()
    assert (kept.channel, kept.address) == ("email", "ann@example.com")
    assert reader.get("/unsubscribe/forged").status_code == 404


def test_a_refused_address_fails_and_the_others_arrive(ann, box):
    box.answers["ann@example.com"] = "550 no such user"
    bob = Customer.objects.create(email="bob@example.com", known_since=NOW)
    send([survey(ann, "a", channel="email"), survey(bob, "b", channel="email")], now=NOW)
    deliver_messages(message_ids=ids())
    assert states() == ["failed", "sent"]
    assert "no such user" in Message.objects.get(key="a").failure


def test_an_address_that_its_server_does_not_know_is_closed(ann, box):
    box.answers["ann@example.com"] = "550 5.7.1 we do not like you"
    send([survey(ann, "a", channel="email")], now=NOW)
    deliver_messages(message_ids=ids())
    assert not Suppression.objects.exists(), "that was about us"
    box.answers["ann@example.com"] = "550 5.1.1 no such user"
    assert retry_failed(ids(), now=NOW) == 1
    deliver_messages(message_ids=ids())
    assert states() == ["failed"]
    closed = Suppression.objects.get()
    assert (closed.channel, closed.address, closed.source) == ("email", "ann@example.com", "bounce")
    send([survey(ann, "b", channel="email")], now=NOW)
    assert states() == ["failed", "refused"]


def test_what_can_be_tried_again_is_until_it_counts_as_failed(ann, box, settings):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    send([survey(ann, "a", channel="email")], now=NOW)
    for _ in range(ATTEMPTS_MAX):
        assert states() == ["waiting"]
        deliver_messages(message_ids=ids())
    assert states() == ["failed"]
    assert "does not answer" in Message.objects.get().failure
    settings.EMAIL_PORT = port
    assert retry_failed(ids(), now=NOW) == 1
    deliver_messages(message_ids=ids())
    assert states() == ["sent"]


def test_a_greylisting_server_is_asked_again(ann, box):
    box.answers["ann@example.com"] = "451 later"
    send([survey(ann, "a", channel="email")], now=NOW)
    deliver_messages(message_ids=ids())
    assert states() == ["waiting"]
    box.answers.clear()
    assert take_up(now=NOW) == 0
    assert take_up(now=datetime(2999, 1, 1, tzinfo=UTC)) == 1
    deliver_messages(message_ids=ids())
    assert states() == ["sent"]


def test_a_sent_message_is_not_sent_again(ann, box):
    send([survey(ann, "a", channel="email")], now=NOW)
    deliver_messages(message_ids=ids())
    deliver_messages(message_ids=ids())
    assert len(box.mails) == 1


class Dies(smtp.EmailBackend):
    """Mail leaves, and the worker is gone before it can say so."""

    def send_messages(self, email_messages):
        super().send_messages(email_messages)
        raise RuntimeError("killed")


def test_a_worker_that_dies_of_a_message_each_time_does_not_send_it_for_ever(ann, box, settings):
    settings.EMAIL_BACKEND = f"{__name__}.Dies"
    send([survey(ann, "a", channel="email")], now=NOW)
    for _ in range(ATTEMPTS_MAX):
        with pytest.raises(RuntimeError, match="killed"):
            deliver_messages(message_ids=ids())
        Message.objects.update(due_at=NOW)
    deliver_messages(message_ids=ids())
    assert states() == ["failed"]
    assert len(box.mails) == ATTEMPTS_MAX


def test_a_setting_that_will_not_do_is_named():
    with pytest.raises(Refused) as refused:
        change_channel("email", {"sender": "x" * 300})
    assert refused.value.field == "sender"
