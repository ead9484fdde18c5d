"""Webhooks: a real server takes them, checks the signature, refuses some, and is told again."""

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from regulars.connectors.actions.webhooks import (
    WebhookWish,
    change_webhook,
    open_webhook,
    rotate_secret,
    send_again,
    send_test,
)
from regulars.connectors.hooks.calling import NotAllowed, checked_address
from regulars.connectors.hooks.sending import send_due, take_up
from regulars.connectors.models import Webhook, WebhookAttempt, WebhookMessage
from regulars.connectors.rules.webhooks import PAUSES
from regulars.core.api.keys import create_key
from regulars.core.errors import Refused
from regulars.core.events import publish
from regulars.customers.actions.segments import SegmentInput, create_segment, put_into_segment
from regulars.customers.events import SegmentsEntered
from tests import make
from tests.worker import work

pytestmark = pytest.mark.django_db(transaction=True)
BOTH = ("segment.entered", "segment.left")


class Receiver(ThreadingHTTPServer):
    """Another program: keeps what it got and answers as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.got: list[tuple[dict[str, str], str]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hook"


class _Door(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
        status, headers = self.server.answers.pop(0) if self.server.answers else (204, {})
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("WEBHOOKS_MAY_REACH", "127.0.0.0/8")
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def opened(receiver: Receiver, **told: object) -> Webhook:
    wish = WebhookWish("Mail", receiver.url, **{"kinds": BOTH, **told})  # type: ignore[arg-type]
    return open_webhook(wish, now=timezone.now())


def is_signed(headers: dict[str, str], body: str, secret: str) -> bool:
    """What a receiver does, by the letter of Standard Webhooks."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}"
    wanted = base64.b64encode(hmac.new(key, signed.encode(), sha256).digest()).decode()
    return f"v1,{wanted}" in headers["webhook-signature"].split(" ")


def test_who_comes_into_a_segment_is_told_signed_and_once(receiver: Receiver) -> None:
    webhook = opened(receiver)
    opened(receiver, subjects=("other",))
    opened(receiver, kinds=("segment.left",))
    vip = create_segment("vip", SegmentInput("VIP", kind="static"), now=timezone.now())
    ann = make.customer("Ann", email="ann@example.com")
    put_into_segment(vip, [ann.pk], now=timezone.now())
    work()
    ((headers, body),) = receiver.got
    assert is_signed(headers, body, webhook.secrets[0]["secret"])
    assert not is_signed(headers, body + " ", webhook.secrets[0]["secret"])
    assert abs(int(headers["webhook-timestamp"]) - timezone.now().timestamp()) < 300
    told = json.loads(body)
    assert (told["type"], told["data"]["segment"]["code"]) == ("segment.entered", "vip")
    assert told["data"]["customer_ids"] == [ann.pk]
    assert "ann@example.com" not in body
    assert "Ann" not in body
    message = WebhookMessage.objects.get()
    assert (message.state, message.public_id) == ("sent", headers["webhook-id"])
    work()
    assert len(receiver.got) == 1


def test_many_people_are_told_in_parts(receiver: Receiver) -> None:
    opened(receiver)
    vip = create_segment("vip", SegmentInput("VIP", kind="static"), now=timezone.now())
    with transaction.atomic():
        publish(SegmentsEntered(segment_id=vip.pk, customer_ids=tuple(range(1, 2_502))))
    work()
    parts = [json.loads(body)["data"]["customer_ids"] for _, body in receiver.got]
    assert sorted(one for part in parts for one in part) == list(range(1, 2_502))
    assert max(map(len, parts)) <= 1_000


def test_what_is_not_taken_is_tried_again_later_and_later(receiver: Receiver) -> None:
    webhook = opened(receiver)
    receiver.answers = [(500, {}), (429, {"retry-after": "900"}), (302, {"location": receiver.url})]
    message = send_test(webhook, now=timezone.now())
    waits = []
    for _ in range(3):
        assert send_due(webhook.pk) == 0
        message.refresh_from_db()
        waits.append((message.due_at - timezone.now()).total_seconds())
        assert send_due(webhook.pk) == 0, "it is not due yet"
        past = timezone.now() - timedelta(seconds=1)
        WebhookMessage.objects.update(due_at=past)
        Webhook.objects.update(rests_until=past)
    assert PAUSES[0].total_seconds() - 5 < waits[0] <= PAUSES[0].total_seconds()
    assert 890 < waits[1] <= 900, "the other side said when"
    webhook.refresh_from_db()
    assert webhook.failing_since is not None
    assert send_due(webhook.pk) == 1
    webhook.refresh_from_db()
    assert (webhook.failing_since, webhook.rests_until) == (None, None)
    statuses = WebhookAttempt.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == [500, 429, 302, 204]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_a_dead_destination_rests_and_is_switched_off_in_the_end(receiver: Receiver) -> None:
    webhook = opened(receiver)
    receiver.answers = [(503, {})] * 20
    messages = [send_test(webhook, now=timezone.now()) for _ in range(3)]
    send_due(webhook.pk)
    assert len(receiver.got) == 1, "the others wait while it rests"
    assert take_up(now=timezone.now()) == 0
    assert take_up(now=timezone.now() + timedelta(minutes=1)) == 1
    long_ago = timezone.now() - timedelta(days=6)
    Webhook.objects.update(failing_since=long_ago, rests_until=None)
    WebhookMessage.objects.update(due_at=long_ago)
    send_due(webhook.pk)
    webhook.refresh_from_db()
    assert (webhook.is_on, webhook.off_reason) == (False, "failing")
    assert take_up(now=timezone.now() + timedelta(days=2)) == 0
    receiver.answers = []
    wish = WebhookWish("Mail", receiver.url, BOTH)
    change_webhook(webhook, wish, now=timezone.now())
    WebhookMessage.objects.update(due_at=timezone.now())
    assert send_due(webhook.pk) == len(messages)


def test_gone_for_good_ends_it_at_once_and_people_may_try_again(receiver: Receiver) -> None:
    webhook = opened(receiver)
    receiver.answers = [(410, {})]
    message = send_test(webhook, now=timezone.now())
    send_due(webhook.pk)
    message.refresh_from_db()
    webhook.refresh_from_db()
    assert (message.state, webhook.is_on, webhook.off_reason) == ("failed", False, "gone")
    change_webhook(webhook, WebhookWish("Mail", receiver.url, BOTH), now=timezone.now())
    assert send_again([message], now=timezone.now()) == 1
    assert send_due(webhook.pk) == 1


def test_both_secrets_sign_for_a_day(receiver: Receiver) -> None:
    webhook = opened(receiver)
    before = webhook.secrets[0]["secret"]
    after = rotate_secret(webhook, now=timezone.now())
    send_test(webhook, now=timezone.now())
    send_due(webhook.pk)
    headers, body = receiver.got[-1]
    assert is_signed(headers, body, before)
    assert is_signed(headers, body, after)
    rotate_secret(webhook, now=timezone.now() - timedelta(days=2))
    send_test(webhook, now=timezone.now())
    send_due(webhook.pk)
    headers, body = receiver.got[-1]
    assert not is_signed(headers, body, before)
    assert not is_signed(headers, body, after)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://127.0.0.1/hook", "private_address"),
        ("https://localhost/hook", "private_address"),
        ("https://[::1]/hook", "private_address"),
        ("https://[::ffff:10.0.0.1]/hook", "private_address"),
        ("https://169.254.169.254/latest", "private_address"),
        ("https://192.168.1.1/", "private_address"),
        ("https://2130706433/", "private_address"),
        ("http://93.184.215.14/", "not_https"),
        ("ftp://93.184.215.14/", "not_https"),
        ("https://user@93.184.215.14/", "not_an_address"),
    ],
)
def test_private_addresses_are_never_called(url: str, why: str) -> None:
    with pytest.raises(NotAllowed, match=why):
        checked_address(url)


def test_a_private_address_fails_when_it_is_called_not_only_when_it_is_typed() -> None:
    wish = WebhookWish("Inside", "https://localhost/hook", BOTH)
    webhook = open_webhook(wish, now=timezone.now())
    send_test(webhook, now=timezone.now())
    send_due(webhook.pk)
    attempt = WebhookAttempt.objects.get()
    assert (attempt.status, attempt.failure) == (None, "private_address")


def test_bad_wishes_are_refused() -> None:
    for wish, field in (
        (WebhookWish(" ", "https://a.example", BOTH), "name"),
        (WebhookWish("A", "https://a.example", ()), "kinds"),
        (WebhookWish("A", "https://a.example", ("flew",)), "kinds"),
        (WebhookWish("A", "http://a.example", BOTH), "url"),
        (WebhookWish("A", "nonsense", BOTH), "url"),
    ):
        with pytest.raises(Refused) as refused:
            open_webhook(wish, now=timezone.now())
        assert refused.value.field == field


def test_the_api_makes_tests_and_shows_what_became_of_it(receiver: Receiver) -> None:
    key = create_key(name="k", scopes=["*"], now=timezone.now())
    client = Client(headers={"authorization": f"Bearer {key.secret}"})

    def post(path: str, told: object, number: str) -> dict[str, object]:
        sent = {"idempotency-key": number}
        answer = client.post(f"/api/v1{path}", told, "application/json", headers=sent)
        assert answer.status_code in (200, 201), answer.content
        return answer.json()

    made = post("/webhooks", {"name": "A", "url": receiver.url, "kinds": list(BOTH)}, "1")
    (secret,) = client.get(f"/api/v1/webhooks/{made['id']}/secret").json()["secrets"]
    message = post(f"/webhooks/{made['id']}/test", {}, "2")
    work()
    assert is_signed(*receiver.got[-1], secret)
    shown = client.get(f"/api/v1/webhooks/{made['id']}/messages/{message['id']}").json()
    assert (shown["state"], shown["tries"][0]["status"]) == ("sent", 204)
    assert "whsec" not in json.dumps(client.get("/api/v1/webhooks").json())
    again = post(f"/webhooks/{made['id']}/messages/{message['id']}/resend", {}, "3")
    assert again["state"] == "waiting"
    work()
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]
    refused = client.post(
        "/api/v1/webhooks",
        {"name": "A", "url": "http://x", "kinds": ["flew"]},
        "application/json",
        headers={"idempotency-key": "4"},
    )
    assert refused.status_code == 422
