"""Surveys in calls that a provider carries: signed webhooks, TwiML, and calls that we make."""

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import pytest
from django.conf import settings
from django.test import Client

from regulars.channels.actions import change_channel, deliver_messages
from regulars.channels.models import Message
from regulars.channels.tests.provider import provider
from regulars.feedback.actions.invitations import InvitationInput, invite
from regulars.feedback.actions.surveys import link_for
from regulars.feedback.models import Answer, Invitation, Sitting
from regulars.feedback.tests import cast
from tests import make

pytestmark = pytest.mark.django_db

TOKEN = "t0ken"


@pytest.fixture(autouse=True)
def _phone() -> None:
    change_channel("phone", {"account": "AC1", "token": TOKEN, "number": "+15550100"})


def posted(path: str, *, token: str = TOKEN, **form: str) -> Any:
    form = {"CallSid": "CA1", "From": "+79161234567", **form}
    told = "".join(f"{name}{form[name]}" for name in sorted(form))
    signed = hmac.new(token.encode(), f"{settings.BASE_URL}{path}{told}".encode(), hashlib.sha1)
    signature = base64.b64encode(signed.digest()).decode()
    return Client().post(path, form, headers={"X-Twilio-Signature": signature})


def gathered(answer: Any) -> tuple[str, str, ET.Element]:
    """Where the keys go, what is said, and the whole."""
    root = ET.fromstring(answer.content)
    gather, say = root.find("Gather"), root.find(".//Say")
    assert say is not None
    return (gather.get("action", "") if gather is not None else ""), say.text or "", root


def test_a_caller_answers_with_keys_and_only_the_provider_gets_in():
    ann = make.customer("Ann", phone="+79161234567")
    path = f"/voice/{link_for(cast.survey(), store=None).code}"
    assert posted(path, token="guess").status_code == 403
    assert posted("/voice/nobody").status_code == 404
    action, said, root = gathered(posted(path))
    assert "recommend" in said
    assert root.find("Gather").get("numDigits") is None, "ten has two digits"
    again, said, _ = gathered(posted(action))
    assert said.startswith("Please answer"), "silence is asked again"
    star, said, root = gathered(posted(again, Digits="*"))
    assert "порекомендуете" in said
    assert root.find(".//Say").get("language") == "ru-RU"
    second, said, root = gathered(posted(star, Digits="10"))
    assert root.find("Gather").get("numDigits") == "1"
    repeated = gathered(posted(star, Digits="10"))
    assert repeated[0] == second, "the same post once more answers nothing"
    action, _said, root = gathered(posted(second, FinishedOnKey="#"))
    assert action == ""
    assert root.find("Hangup") is not None
    answer = Answer.objects.get()
    assert (answer.values, answer.language, answer.channel) == ({"nps": 10}, "ru", "phone")
    assert answer.customer_id == ann.pk
    assert gathered(posted(second, Digits="1"))[0] == "", "what has ended stays ended"


def test_an_invitation_by_telephone_rings_and_asks_that_person():
    ann = make.customer("Ann", phone="+79161234567")
    with provider(lambda asked: (201, {"sid": "CA9"})) as outside:
        told = {"account": "AC1", "token": TOKEN, "number": "+15550100", "base_url": outside.url}
        change_channel("phone", told)
        survey = cast.survey()
        invite(
            [InvitationInput(survey_id=survey.pk, cause="p", customer_id=ann.pk, channel="phone")],
            now=make.NOW,
        )
        deliver_messages(message_ids=list(Message.objects.values_list("pk", flat=True)))
        rung = parse_qs(outside.asked[0].body.decode())
    path = f"/voice/{Invitation.objects.get().token}"
    assert rung["To"] == ["+79161234567"]
    assert rung["Url"] == [f"{settings.BASE_URL}{path}"]
    action, _said, _root = gathered(posted(path, Direction="outbound-api", To="+79161234567"))
    posted(action, Digits="9")
    sitting = Sitting.objects.get()
    assert (sitting.customer_id, sitting.values) == (ann.pk, {"nps": 9}), (
        "kept, though they hang up"
    )
