"""Surveys answered by writing: a messenger against its provider on loopback, from code to answer."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from regulars.channels.actions import change_channel, change_contact_rule, deliver_messages
from regulars.channels.actions.hearing import hear
from regulars.channels.kind import Heard
from regulars.channels.models import ContactRule, HeardMessage, KnownAddress, Message
from regulars.channels.tests.provider import Provider, provider
from regulars.feedback.actions.invitations import (
    Approach,
    InvitationInput,
    approach_again,
    invite,
)
from regulars.feedback.actions.sittings import (
    SittingInput,
    invited_input,
    keep_answers,
    open_sitting,
)
from regulars.feedback.actions.surveys import link_for, open_survey
from regulars.feedback.actions.talking import Opening, open_talks, settle
from regulars.feedback.actions.writing_back import hold_dialogues
from regulars.feedback.models import Answer, Dialogue, Invitation, Sitting, Survey
from regulars.feedback.queries.surveys import latest_version
from regulars.feedback.tests import cast
from tests import make

pytestmark = pytest.mark.django_db
SURVEYS = ("after_purchase", "after_service")


@pytest.fixture
def outside() -> Iterator[Provider]:
    with provider(lambda asked: (200, {"ok": True, "result": {"message_id": 1}})) as found:
        change_channel("telegram", {"token": "t", "secret": "s", "base_url": found.url})
        change_channel("sms_http", {"url": found.url, "secret": "s"})
        yield found


def written(outside: Provider, text: str, *, chat: int = 4711, pressed: bool = False) -> Any:
    """What the bot sends after somebody wrote or pressed, through the webhook; None if nothing."""
    number = HeardMessage.objects.count() + 1
    chats = {"chat": {"id": chat, "type": "private"}}
    update: dict[str, Any] = {"update_id": number, "message": {"text": text, **chats}}
    if pressed:
        update = {
            "update_id": number,
            "callback_query": {"id": "c", "data": text, "message": chats},
        }
    headers = {"X-Telegram-Bot-Api-Secret-Token": "s"}
    answer = Client().post(
        "/hooks/channels/telegram",
        json.dumps(update),
        content_type="application/json",
        headers=headers,
    )
    assert answer.status_code == 200
    return taken_in(outside)


def taken_in(outside: Provider) -> Any:
    asked = len(outside.asked)
    new = HeardMessage.objects.order_by("-pk").values_list("pk", flat=True)[:1]
    hold_dialogues(list(new), now=timezone.now())
    waiting = Message.objects.filter(state="waiting").values_list("pk", flat=True)
    deliver_messages(message_ids=list(waiting))
    assert len(outside.asked) <= asked + 1, "what was heard is answered once"
    return outside.asked[-1].json if len(outside.asked) > asked else None


def test_a_printed_code_leads_through_the_survey_in_a_messenger(outside):
    asked = cast.survey()
    link = link_for(asked, store=cast.store())
    first = written(outside, f"/start {link.code}")
    assert "recommend" in first["text"]
    assert len(first["reply_markup"]["inline_keyboard"]) == 3, "eleven ratings, four in a row"
    assert "0" in written(outside, "eleven")["text"].splitlines()[0], "asked again, with the reason"
    assert "satisfied" in written(outside, "3", pressed=True)["text"]
    assert "reason" in written(outside, "2", pressed=True)["text"]
    assert "about" in written(outside, "Cold coffee")["text"]
    assert "contact you" in written(outside, "the staff")["text"]
    written(outside, "да")
    answer = Answer.objects.get()
    assert answer.values == {
        "nps": 3,
        "satisfied": 2,
        "why": "Cold coffee",
        "about": "staff",
        "call_me": True,
    }
    assert (answer.channel, answer.store_id) == ("telegram", link.store_id)
    assert Dialogue.objects.get().end == "complete"
    assert written(outside, "and another thing") is None, "nobody asked, so nobody answers yet"


def test_an_invited_customer_is_known_and_may_go_on_elsewhere(outside):
    ann = make.customer("Ann", phone="+79161234567")
    asked = cast.survey()
    given = InvitationInput(survey_id=asked.pk, cause="p:1", customer_id=ann.pk, channel="sms_http")
    invite([given], now=timezone.now())
    waiting = Message.objects.values_list("pk", flat=True)
    deliver_messages(message_ids=list(waiting))
    text = outside.asked[-1].json["text"]
    assert "recommend" in text
    assert text.endswith("STOP to get no more messages.")
    hear("sms_http", [Heard("in-1", "79161234567", "9")], now=timezone.now())
    assert "satisfied" in taken_in(outside)["text"]
    invitation = Invitation.objects.get()
    sitting = Sitting.objects.get()
    assert (sitting.values, sitting.customer_id) == ({"nps": 9}, ann.pk)
    assert "satisfied" in written(outside, f"/start {invitation.token}")["text"]
    assert KnownAddress.objects.get().customer_id == ann.pk
    assert "reason" in written(outside, "5")["text"]
    written(outside, "-")
    answer = Answer.objects.get()
    assert (answer.values, answer.customer_id) == ({"nps": 9, "satisfied": 5}, ann.pk)
    hear("sms_http", [Heard("in-2", "79161234567", "1")], now=timezone.now())
    taken_in(outside)
    assert Answer.objects.count() == 1, "what was finished elsewhere is not answered twice"


def invited_by_text(asked: Survey, customer_id: int) -> Invitation:
    cause = f"p:{asked.pk}"
    told: dict[str, Any] = {
        "survey_id": asked.pk,
        "customer_id": customer_id,
        "channel": "sms_http",
    }
    invite([InvitationInput(cause=cause, **told)], now=timezone.now())
    return Invitation.objects.select_related("version", "survey").get(cause=cause)


def out(invitation_id: int, outside: Provider) -> str:
    """What the last message about an invitation says, once it has left the house."""
    waiting = Message.objects.filter(state="waiting", key__contains=f":{invitation_id}")
    deliver_messages(message_ids=list(waiting.values_list("pk", flat=True)))
    return outside.asked[-1].json["text"]


def replied(outside: Provider, words: str) -> str:
    hear("sms_http", [Heard(words, "79161234567", words)], now=timezone.now())
    return taken_in(outside)["text"]


def test_a_reminder_asks_what_is_left_and_its_reply_answers_that(outside):
    change_contact_rule(ContactRule(code="surveys", name="Off", is_on=False, max=1, window="P1D"))
    ann = make.customer("Ann", phone="+79161234567")
    first = invited_by_text(cast.survey("after_service"), ann.pk)
    out(first.pk, outside)
    replied(outside, "6")
    assert Dialogue.objects.get(end="").sitting.values == {"effort": 6}
    second = invited_by_text(cast.survey(), ann.pk)
    here = open_sitting(invited_input(second), now=timezone.now())
    keep_answers(here, {"nps": 2}, now=timezone.now())
    again = Approach(second.pk, "sms_http", 1, is_reminder=True)
    approach_again([again], now=timezone.now())
    assert "satisfied" in out(second.pk, outside)
    assert "reason" in replied(outside, "5")
    kept = dict(Sitting.objects.values_list("invitation", "values"))
    assert kept == {first.pk: {"effort": 6}, second.pk: {"nps": 2, "satisfied": 5}}
    approach_again([replace(again, step=2)], now=timezone.now())
    assert "reason" in out(second.pk, outside)
    keep_answers(here, {"why": "Slow"}, now=timezone.now())
    assert "about" in replied(outside, "Too slow"), "answered elsewhere meanwhile, so asked anew"
    here.refresh_from_db()
    assert here.values == {"nps": 2, "satisfied": 5, "why": "Slow"}


def test_what_is_heard_out_of_order_is_taken_in_order(outside):
    code = link_for(cast.survey(), store=None).code
    ids = [
        hear("telegram", [Heard(str(n), "7", text)], now=timezone.now())[0]
        for n, text in enumerate(("hello", f"/start {code}", "3", "2", f"/start {code}", "9"))
    ]
    assert hold_dialogues(ids[3:4], now=timezone.now()) == 1
    assert hold_dialogues(ids[:3], now=timezone.now()) == 0
    kept = Sitting.objects.order_by("pk").values_list("values", flat=True)
    assert list(kept) == [{"nps": 3, "satisfied": 2}, {"nps": 9}]


def test_codes_that_lead_nowhere_cost_no_statements_of_their_own():
    counts = []
    for size in (2, 40):
        texts = [Heard(f"{size}:{n}", str(size), f"/start nobody{n}") for n in range(size)]
        ids = hear("telegram", texts, now=timezone.now())
        with CaptureQueriesContext(connection) as spent:
            assert hold_dialogues(ids, now=timezone.now()) == 0
        counts.append(len(spent))
    assert counts[0] == counts[1], counts


def test_what_follows_a_code_is_said_in_its_conversation():
    first, second = (link_for(cast.survey(one), store=None).code for one in SURVEYS)
    for number, text in enumerate((first, "3", second)):
        ids = hear("telegram", [Heard(str(number), "7", text)], now=timezone.now())
    hold_dialogues(ids, now=timezone.now())
    assert [one.sitting.values["nps"] for one in Dialogue.objects.select_related("sitting")] == [3]


def test_stop_ends_it_and_a_closed_survey_says_so(outside):
    asked = cast.survey()
    link = link_for(asked, store=None)
    written(outside, f"/start {link.code}")
    assert "no more" in written(outside, "stop")["text"]
    assert Sitting.objects.get().disposition == "refused"
    written(outside, f"start {link.code}", chat=5)
    written(outside, "7", chat=5)
    open_survey(asked, is_open=False)
    assert "ended" in written(outside, "4", chat=5)["text"]
    assert Sitting.objects.get(values={"nps": 7}).ended_at is None


def test_a_repeat_changes_nothing_and_a_batch_takes_no_more_statements(outside):
    code = link_for(cast.survey(), store=None).code
    written(outside, f"/start {code}")
    hold_dialogues([HeardMessage.objects.get().pk], now=timezone.now())
    assert Message.objects.count() == 1
    counts = []
    for size in (2, 12):
        batch = [Heard(f"{size}:{one}", f"{size}{one:03}", code) for one in range(size)]
        ids = hear("telegram", batch, now=timezone.now())
        with CaptureQueriesContext(connection) as spent:
            assert hold_dialogues(ids, now=timezone.now()) == size
        counts.append(len(spent))
    assert counts[0] == counts[1], counts


def test_a_turn_keeps_only_what_was_said_in_it():
    given = SittingInput(key="k", version=latest_version(cast.survey()), channel="telegram")
    now = timezone.now()
    (step,) = open_talks([Opening(key="k", sitting=given, address="7", mode="message")], now=now)
    keep_answers(step.sitting, {"satisfied": 5}, now=now)
    step.hear("3")
    settle([step], now=now)
    assert Sitting.objects.get().values == {"nps": 3, "satisfied": 5}


def test_odd_input_is_taken_in_unharmed(outside):
    code = link_for(cast.survey(), store=None).code
    for text in ("\x00", "/start ../../etc", "/start " + "x" * 5000, "'; drop table", "🙂" * 3000):
        written(outside, text)
    assert "recommend" in written(outside, code)["text"]
    for text in ("\x00", "9" * 400, "<b>9</b>"):
        written(outside, text)
    assert Dialogue.objects.get().end == "given_up"
    assert not Answer.objects.exists()
