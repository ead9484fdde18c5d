"""Messengers and SMS by HTTP against a provider on loopback; what comes in, and how it is answered."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.test import Client

from regulars.channels.actions import OutgoingMessage, change_channel, deliver_messages, send
from regulars.channels.actions.hearing import hear, know_addresses
from regulars.channels.kind import Heard
from regulars.channels.models import HeardMessage, Message, Suppression
from regulars.channels.queries.channels import channel_of
from regulars.channels.tests.provider import Asked, Provider, provider
from regulars.core.models import Event
from regulars.customers.models import Consent
from tests import make

pytestmark = pytest.mark.django_db

BUTTONS = (*((str(number), str(number)) for number in range(6)), ("-", "Skip this one"))


def answers(asked: Asked) -> tuple[int, Any]:
    """What each provider answers to a message, in its own shape; some addresses do not work."""
    if b"blocked" in asked.body or "blocked" in asked.path:
        told: Any = {"ok": False, "error_code": 403, "description": "bot was blocked"}
        if "messages.send" in asked.path:
            return 200, {"error": {"error_code": 901, "error_msg": "no permission"}}
        return 403, told
    if "/bot" in asked.path:
        return 200, {"ok": True, "result": {"message_id": 71}}
    if "messages.send" in asked.path:
        return 200, {"response": 72}
    if "/messages" in asked.path:
        return 200, {"message": {"body": {"mid": "mid.73"}}}
    return 202, {"data": {"id": "74"}}


@pytest.fixture
def outside() -> Iterator[Provider]:
    with provider(answers) as found:
        yield found


def settings_of(kind: str, url: str) -> dict[str, Any]:
    if kind == "sms_http":
        return {"url": f"{url}/sms", "id_path": "data.id", "secret": "s3cret", "token": "Key k"}
    return {"token": "t0ken", "secret": "s3cret", "base_url": url, "confirmation": "c0nfirm"}


def by(kind: str, address: str, text: str, **changes: Any) -> OutgoingMessage:
    given: dict[str, Any] = {
        "key": f"{kind}:{address}:{text}"[:150],
        "purpose": "service",
        "text": text,
        "address": address,
        "channel": kind,
        "buttons": BUTTONS,
    }
    return OutgoingMessage(**given | changes)


def sent(*batch: OutgoingMessage) -> list[Message]:
    ids = [one.message_id for one in send(list(batch), now=make.NOW)]
    deliver_messages(message_ids=ids)
    return list(Message.objects.filter(pk__in=ids).order_by("pk"))


def shape(kind: str, asked: Asked) -> tuple[str, str, str, list[list[str]]]:
    """Address, text, secret and buttons of a message, read as the provider reads it."""
    if kind == "telegram":
        rows = asked.json["reply_markup"]["inline_keyboard"]
        buttons = [[one["callback_data"] for one in row] for row in rows]
        return asked.json["chat_id"], asked.json["text"], asked.path, buttons
    if kind == "max":
        rows = asked.json["attachments"][0]["payload"]["buttons"]
        buttons = [[one["payload"] for one in row] for row in rows]
        address = asked.path.split("user_id=")[1]
        return address, asked.json["text"], asked.headers["authorization"], buttons
    form = parse_qs(asked.body.decode())
    rows = json.loads(form["keyboard"][0])["buttons"]
    buttons = [[json.loads(one["action"]["payload"])["sent"] for one in row] for row in rows]
    return form["peer_id"][0], form["message"][0], asked.headers["authorization"], buttons


@pytest.mark.parametrize(
    ("kind", "secret", "outside_id"),
    [
        ("telegram", "/bott0ken/sendMessage", "71"),
        ("max", "t0ken", "mid.73"),
        ("vk", "Bearer t0ken", "72"),
    ],
)
def test_a_messenger_carries_text_and_buttons(outside, kind, secret, outside_id):
    change_channel(kind, settings_of(kind, outside.url))
    fine, blocked = sent(by(kind, "4711", "Как дела?"), by(kind, "blocked", "x"))
    address, text, proof, buttons = shape(kind, outside.asked[0])
    assert (address, text.splitlines()[0], proof) == ("4711", "Как дела?", secret)
    assert buttons == [["0", "1", "2", "3"], ["4", "5"], ["-"]]
    assert (fine.state, fine.outside_id) == ("sent", outside_id)
    assert blocked.state == "failed"
    assert "90" in blocked.failure or "403" in blocked.failure


def test_a_provider_that_is_down_or_busy_is_tried_again(outside):
    change_channel("telegram", settings_of("telegram", outside.url))
    outside.answering = lambda asked: (429, {"ok": False})
    busy, behind = sent(by("telegram", "1", "a"), by("telegram", "2", "b"))
    assert (busy.state, behind.state, len(outside.asked)) == ("waiting", "waiting", 1)
    change_channel("telegram", settings_of("telegram", "http://127.0.0.1:9"))
    (down,) = sent(by("telegram", "3", "c"))
    assert down.state == "waiting"
    assert "t0ken" not in down.failure, "the address of the API holds the token"


def test_an_sms_gateway_is_called_as_the_company_says(outside):
    told = settings_of("sms_http", outside.url)
    change_channel("sms_http", told)
    (message,) = sent(by("sms_http", "8 916 123-45-67", 'She said "9"\nреально'))
    asked = outside.asked[0]
    assert asked.headers["authorization"] == "Key k"
    assert (asked.json["to"], asked.json["text"].splitlines()[0]) == (
        "+79161234567",
        'She said "9"',
    )
    assert (message.state, message.outside_id) == ("sent", "74")
    change_channel("sms_http", told | {"url": f"{outside.url}/s?to=$phone&m=$text", "body": ""})
    sent(by("sms_http", "+79161234567", "a & b=1?#"))
    assert outside.asked[1].method == "GET"
    assert parse_qs(outside.asked[1].path.split("?")[1])["m"][0].startswith("a & b=1?#")


def called(kind: str, body: Any, **headers: str) -> Any:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client().post(
        f"/hooks/channels/{kind}", written, content_type="application/json", headers=headers
    )


def signed(body: bytes, secret: str = "s3cret") -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


WRITTEN = {
    "telegram": (
        {"update_id": 5, "message": {"text": "9", "chat": {"id": 4711, "type": "private"}}},
        {"X-Telegram-Bot-Api-Secret-Token": "s3cret"},
    ),
    "max": (
        {
            "update_type": "message_callback",
            "callback": {"callback_id": "c5", "payload": "9", "user": {"user_id": 4711}},
        },
        {"X-Max-Bot-Api-Secret": "s3cret"},
    ),
    "vk": (
        {
            "type": "message_new",
            "event_id": "e5",
            "secret": "s3cret",
            "object": {
                "message": {
                    "from_id": 4711,
                    "peer_id": 4711,
                    "text": "Nine",
                    "payload": '{"sent": "9"}',
                }
            },
        },
        {},
    ),
    "sms_http": ({"id": "in-5", "from": "79161234567", "text": "9"}, {}),
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_people_write_is_heard_once_and_only_with_the_secret(kind):
    change_channel(kind, settings_of(kind, "http://127.0.0.1:9"))
    body, headers = WRITTEN[kind]
    written = json.dumps(body).encode()
    if kind == "sms_http":
        headers = {"X-Signature": signed(written)}
    wrong = {name: f"{value[:-1]}!" for name, value in headers.items()}
    forged = json.dumps(body | {"secret": "guess"}).encode() if kind == "vk" else written
    assert called(kind, forged, **wrong).status_code == 403
    assert called(kind, b"[1, 2", **headers).status_code in (400, 403, 422)
    assert not HeardMessage.objects.exists()
    for _again in range(2):
        assert called(kind, written, **headers).status_code == 200
    heard = HeardMessage.objects.get()
    address = "+79161234567" if kind == "sms_http" else "4711"
    assert (heard.address, heard.text) == (address, "9")
    assert Event.objects.filter(name="channels.MessagesHeard").count() == 1


def test_without_a_secret_nobody_gets_in_and_a_channel_that_is_off_is_not_there():
    change_channel("telegram", {"token": "t"})
    empty = {"X-Telegram-Bot-Api-Secret-Token": ""}
    assert called("telegram", WRITTEN["telegram"][0], **empty).status_code == 403
    change_channel("telegram", settings_of("telegram", "http://127.0.0.1:9"), is_on=False)
    assert called("telegram", *WRITTEN["telegram"][:1]).status_code == 404
    assert called("email", {}).status_code == 404


def test_a_secret_is_stored_and_never_shown_again():
    client = Client()
    client.force_login(make.employee("owner"))
    change_channel("telegram", settings_of("telegram", "http://127.0.0.1:9"))
    shown = client.get("/settings/channels/telegram").content.decode()
    assert "s3cret" not in shown
    assert "t0ken" not in shown
    told = {"token": "", "secret": "changed", "base_url": "https://api.example.com"}
    assert client.post("/settings/channels/telegram", told).status_code == 302
    kept = channel_of("telegram").model_dump()
    assert (kept["token"], kept["secret"]) == ("t0ken", "changed")


def test_vk_is_told_the_confirmation_string():
    change_channel("vk", settings_of("vk", "http://127.0.0.1:9"))
    asked = called("vk", {"type": "confirmation", "secret": "s3cret"})
    assert asked.content == b"c0nfirm"


def test_reports_settle_what_became_of_a_message(outside):
    change_channel("sms_http", settings_of("sms_http", outside.url))
    (first,) = sent(by("sms_http", "+79161234567", "a"))
    for status in ("DELIVRD", "UNDELIV"):
        body = json.dumps({"id": "74", "status": status}).encode()
        assert called("sms_http", body, **{"X-Signature": signed(body)}).status_code == 200
    first.refresh_from_db()
    assert (first.state, first.delivered_at is not None) == ("sent", True), "the first report holds"
    (second,) = sent(by("sms_http", "+79161234567", "b"))
    called("sms_http", body, **{"X-Signature": signed(body)})
    second.refresh_from_db()
    assert (second.state, second.failure) == ("failed", "undeliv")


def test_a_reply_needs_no_consent_and_no_budget_but_must_answer_somebody(outside):
    ann = make.customer("Ann", phone="+79161234567")
    sent = Heard("k\x00\ud800", "79161234567", "\ud8009\x00")
    (heard_id,) = hear("sms_http", [sent], now=make.NOW)
    assert hear("sms_http", [sent], now=make.NOW) == []
    assert HeardMessage.objects.get().customer_id == ann.pk
    for number in range(5):
        reply = by("sms_http", ann.phone, str(number), purpose="survey", in_reply_to=heard_id)
        assert send([reply], now=make.NOW)[0].code == "", "five replies are no five surveys"
    survey = by("sms_http", ann.phone, "s", purpose="survey", customer_id=ann.pk)
    assert send([survey], now=make.NOW)[0].code == "", "replies used up no budget"
    late = by("sms_http", ann.phone, "l", purpose="survey", in_reply_to=heard_id)
    tomorrow = make.NOW + timedelta(hours=24, seconds=1)
    assert send([late], now=tomorrow)[0].code == "too_late_to_reply"
    elsewhere = by("sms_http", "+79160000000", "e", purpose="survey", in_reply_to=heard_id)
    assert send([elsewhere], now=make.NOW)[0].code == "not_a_reply"


def test_stop_takes_the_sender_off_the_list_and_is_answered_once():
    ann = make.customer("Ann", phone="+79161234567")
    (before, stop) = hear(
        "sms_http",
        [Heard("k1", ann.phone, "9"), Heard("k2", ann.phone, " СТОП! ")],
        now=make.NOW,
    )
    HeardMessage.objects.filter(pk=before).update(received_at=make.NOW - timedelta(seconds=5))
    assert Suppression.objects.get().source == "message"
    assert Consent.objects.get(customer=ann).state == "withdrawn"
    offer = by("sms_http", ann.phone, "o", purpose="survey", customer_id=ann.pk)
    assert send([offer], now=make.NOW)[0].code == "opted_out"
    answered = [
        send([by("sms_http", ann.phone, key, purpose="survey", in_reply_to=to)], now=make.NOW)[0]
        for key, to in (("x", before), ("y", stop))
    ]
    assert [one.code for one in answered] == ["opted_out", ""]


def test_a_chat_number_is_nobodys_telephone():
    make.customer("Ann", phone="+79161234567")
    hear("telegram", [Heard("u1", "79161234567", "hello")], now=make.NOW)
    assert HeardMessage.objects.get().customer_id is None
    bob = make.customer("Bob")
    know_addresses("telegram", {"79161234567": bob.pk}, now=make.NOW)
    hear("telegram", [Heard("u2", "79161234567", "hello")], now=make.NOW)
    assert HeardMessage.objects.latest("pk").customer_id == bob.pk
