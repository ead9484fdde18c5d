"""Mail that comes back, read from a real IMAP server on loopback: what it does, once."""

import imaplib
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from regulars.channels.actions import OutgoingMessage, change_channel, deliver_messages, send
from regulars.channels.actions.optouts import close_addresses, opt_out
from regulars.channels.actions.returns import open_address, read_mailbox
from regulars.channels.mailbox.reports import HARD, SOFT, Unreadable, read_report
from regulars.channels.models import Mailbox, MailReport, Message, Suppression
from regulars.channels.queries import may_contact
from regulars.channels.queries.returns import closed_among, message_of_return, return_address
from regulars.channels.tests.mailboxes import full_server, imap_server, opened
from regulars.channels.tests.test_sending import Box, box
from regulars.core.models import Event
from regulars.customers.models import Consent, Customer
from tests import make

pytestmark = pytest.mark.django_db
__all__ = ["box"]

FOLDER = "Returns"


@pytest.fixture(scope="module")
def imap() -> Iterator[int]:
    """The port of an IMAP server with one user."""
    with imap_server() as port:
        yield port


def settings_of(port: int, **told: Any) -> dict[str, Any]:
    given = {"bounces_to": "back@example.com", "imap_host": "127.0.0.1", "imap_port": port}
    given |= {"imap_encryption": "none", "imap_user": "demouser", "imap_password": "demopass"}
    return (
        given | {"imap_folder": FOLDER, "sender": "Shop <shop@example.com>", "soft_max": 2} | told
    )


@pytest.fixture
def mailbox(imap) -> Iterator[imaplib.IMAP4]:
    change_channel("email", settings_of(imap))
    with opened(imap) as found:
        found.delete(FOLDER)
        found.create(FOLDER)
        yield found


def put(mailbox: imaplib.IMAP4, *mails: str) -> None:
    for mail in mails:
        mailbox.append(FOLDER, None, None, mail.replace("\n", "\r\n").encode())


def written(customer: Customer, key: str = "a") -> Message:
    """A message that left by mail and was taken by the next server."""
    (answer,) = send(
        [
            OutgoingMessage(
                key=key, purpose="service", subject="Hello", text="Hello", channel="email",
                customer_id=customer.pk, address=customer.email,
            )
        ],
        now=make.NOW,
    )  # fmt: skip
    deliver_messages(message_ids=[answer.message_id])
    return Message.objects.get(pk=answer.message_id, state="sent")


def bounced(message: Message, status: str = "5.1.1", *, action: str = "failed", **told: str) -> str:
    """A report as RFC 3464 has it, to the return address unless told otherwise."""
    to = told.get("to", return_address("back@example.com", message.pk))
    about = told.get("about", message.address)
    return f"""From: MAILER-DAEMON@relay.example
To: {to}
Subject: Undelivered {told.get("subject", message.key)}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
Arrival-Date: Mon, 2 Mar 2026 12:00:00 +0000

Final-Recipient: rfc822; {about}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} No such user here

--b
Content-Type: text/rfc822-headers

Message-ID: <regulars.{message.pk}@localhost>
Subject: Hello

--b--
"""


def complained(unsubscribe: str, message_id: str = "<x@y>") -> str:
    """A complaint as RFC 5965 has it, without the address, as most senders of them do."""
    return f"""From: <abuse@provider.example>
To: <back@example.com>
Subject: FW: Hello
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Provider/1.0
Version: 1

--b
Content-Type: message/rfc822

From: <shop@example.com>
Message-ID: {message_id}
List-Unsubscribe: <{unsubscribe}>
Subject: Hello

Hello
--b--
"""


@pytest.fixture
def ann() -> Customer:
    return make.customer("Ann", email="ann@example.com")


def read() -> int:
    return read_mailbox("email", now=make.NOW + timedelta(hours=1))


def reports() -> list[tuple[str, str, str]]:
    rows = MailReport.objects.order_by("pk").values_list("kind", "effect", "address")
    return list(rows)


def test_a_dead_address_fails_its_message_and_gets_no_more(ann, box: Box, mailbox):
    message = written(ann)
    (mail,) = box.mails
    assert mail["From"] == "Shop <shop@example.com>"
    put(mailbox, bounced(message))
    assert (read(), read()) == (1, 0)
    message.refresh_from_db()
    assert (message.state, message.failure) == ("failed", "5.1.1 550 5.1.1 No such user here")
    assert reports() == [("hard", "closed", "ann@example.com")]
    verdict = may_contact(ann.pk, "service", "email", make.NOW, address=ann.email)
    assert (verdict.allowed, verdict.code) == (False, "undeliverable")
    assert Event.objects.filter(name__endswith="MessagesFailed").count() == 1
    assert open_address("email", "Ann@example.com")
    assert may_contact(ann.pk, "service", "email", make.NOW, address=ann.email).allowed


def test_passing_failures_close_an_address_only_when_they_are_many(ann, box: Box, mailbox):
    put(mailbox, bounced(written(ann, "a"), "4.2.2"))
    read()
    assert reports() == [("soft", "counted", "ann@example.com")]
    assert not Suppression.objects.exists()
    put(mailbox, bounced(written(ann, "b"), "5.2.2"), bounced(written(ann, "c"), action="delayed"))
    read()
    assert reports()[1:] == [
        ("soft", "closed", "ann@example.com"),
        ("nothing", "none", "ann@example.com"),
    ]
    assert Suppression.objects.get().source == "bounce"


def test_a_complaint_withdraws_consent_and_closes_the_address(ann, box: Box, mailbox):
    written(ann)
    link = box.mails[0]["List-Unsubscribe"].strip("<>")
    put(mailbox, complained(link))
    read()
    assert reports() == [("complaint", "withdrawn", "ann@example.com")]
    for purpose, code in (("service", "complained"), ("marketing", "complained")):
        assert may_contact(ann.pk, purpose, "email", make.NOW, address=ann.email).code == code
    assert not open_address("email", ann.email), "a complaint is its owner's no"
    word = Consent.objects.get(customer=ann, state="withdrawn")
    assert (word.channel, word.source) == ("email", "complaint")


@pytest.mark.parametrize("says_no_first", [True, False])
def test_an_owners_no_outlives_mail_that_came_back(says_no_first):
    def say_no() -> None:
        opt_out(channel="email", address="Ann@example.com", now=make.NOW)

    def come_back() -> None:
        close_addresses([("email", "ann@example.com")], "bounce", now=make.NOW + timedelta(1))

    for act in (say_no, come_back) if says_no_first else (come_back, say_no):
        act()
    assert closed_among("email", ["ann@example.com"])
    assert open_address("email", "ann@example.com")
    assert Suppression.objects.get().source == "link"
    assert not open_address("email", "ann@example.com")


def test_a_complaint_stays_one_when_mail_comes_back_later():
    for source in ("complaint", "bounce"):
        close_addresses([("email", "ann@example.com")], source, now=make.NOW)
    assert not open_address("email", "ann@example.com")
    assert Suppression.objects.get().source == "complaint"


def test_nobody_closes_the_address_of_another_by_a_forged_report(ann, box: Box, mailbox):
    message = written(ann)
    forged = f"back+{message.pk}-000000000000@example.com"
    put(
        mailbox,
        bounced(message, to=forged, about="eve@example.com"),
        bounced(message, to="back@example.com"),
        complained("https://example.com/unsubscribe/forged", f"<regulars.{message.pk}@localhost>"),
    )
    read()
    assert {kind for kind, _effect, _address in reports()} == {"unknown"}
    assert not Suppression.objects.exists()
    message.refresh_from_db()
    assert message.state == "sent"


def test_our_message_id_in_what_came_back_names_the_message(ann, box: Box, mailbox):
    message = written(ann)
    told = bounced(message, to="back@example.com")
    known = box.mails[0]["Message-ID"]
    put(mailbox, told.replace(f"<regulars.{message.pk}@localhost>", known))
    read()
    assert reports() == [("hard", "closed", "ann@example.com")]


def test_a_holiday_note_is_no_report(ann, box: Box, mailbox):
    message = written(ann)
    back = return_address("back@example.com", message.pk)
    put(
        mailbox,
        f"Return-Path: <>\nFrom: {ann.email}\nTo: {back}\nSubject: Out of office\n\n"
        "I am away until 5.12.26, in urgent cases call 550 12 34.\n",
    )
    read()
    assert reports() == [("unreadable", "none", "")]
    message.refresh_from_db()
    assert message.state == "sent"


def test_a_mail_made_to_break_the_reader_holds_up_nothing(ann, box: Box, mailbox):
    written(ann)
    link = box.mails[0]["List-Unsubscribe"].strip("<>")
    put(mailbox, complained(link).replace("abuse\n", "ab\0use\n").replace("Provider/", "\0/"))
    assert read() == 1
    assert reports() == [("complaint", "withdrawn", "ann@example.com")]


@pytest.mark.parametrize(
    "part", ["Content-Type: message/rfc822\n\n", "Content-Type: multipart/x; boundary=b\n\n--b\n"]
)
def test_a_mail_nested_without_end_is_put_aside(part):
    for mail in (part * sys.getrecursionlimit(), f"To: {'(' * sys.getrecursionlimit()}\n\n"):
        with pytest.raises(Unreadable):
            read_report(mail.encode())


def test_a_mailbox_whose_numbers_fill_more_than_a_line_is_read(ann, box: Box, mailbox, monkeypatch):
    put(mailbox, "Subject: Hello\n\nHello\n")
    mailbox.select(FOLDER)
    for _doubled in range(7):
        mailbox.copy("1:*", FOLDER)
    mailbox.close()
    put(mailbox, bounced(written(ann)))
    monkeypatch.setattr(imaplib, "_MAXLINE", 400)
    assert read() == 2, "of mails that are the same one is new"
    assert Mailbox.objects.get().problem == ""
    assert reports()[-1] == ("hard", "closed", "ann@example.com")
    assert read() == 0


def test_a_server_that_is_full_is_a_problem_that_is_told(mailbox):
    with full_server() as port:
        change_channel("email", settings_of(port))
        read()
    assert "Too many" in Mailbox.objects.get().problem


def test_what_cannot_be_read_is_put_aside_and_the_rest_goes_on(ann, box: Box, mailbox):
    message = written(ann)
    broken = bounced(message).replace("Action: failed\n", "")
    put(mailbox, "Subject: Back on Monday\n\nI am away.\n", broken, "\0\xff", bounced(message))
    assert read() == 4
    assert [kind for kind, _effect, _address in reports()] == ["unreadable"] * 3 + ["hard"]
    assert MailReport.objects.filter(words="not a report").count() == 2


@pytest.mark.usefixtures("box")
def test_a_reader_that_was_killed_goes_on_and_a_server_that_numbers_anew_repeats_nothing(
    ann, mailbox, imap, monkeypatch
):
    put(mailbox, *(bounced(written(ann, f"{n}"), "4.4.1", subject=f"{n}") for n in range(3)))
    with monkeypatch.context() as killing:
        killing.setattr(MailReport.objects, "bulk_create", _killed)
        with pytest.raises(KeyboardInterrupt):
            read()
    assert not Mailbox.objects.exclude(last_uid=0).exists()
    assert read() == 3
    Mailbox.objects.update(epoch=1)
    assert read() == 0
    assert MailReport.objects.count() == 3
    change_channel("email", settings_of(imap, imap_password="wrong"))
    read()
    assert "user or password" in Mailbox.objects.get().problem
    change_channel("email", settings_of(1))
    read()
    assert Mailbox.objects.get().problem.startswith("The mail server does not answer.")


def _killed(*_given: Any, **_told: Any) -> None:
    raise KeyboardInterrupt


def test_the_page_shows_what_came_back_and_opens_an_address_again(ann, box: Box, mailbox):
    put(mailbox, bounced(written(ann)))
    read()
    client = Client()
    client.force_login(
        make.employee("owner"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    page = reverse("channels.channel", args=["email"])
    shown = client.get(page).content.decode()
    assert "demopass" not in shown
    assert "No such user here" in shown
    client.post(reverse("channels.reopen_address", args=["email"]), {"address": ann.email})
    assert not Suppression.objects.exists()
    assert "Write again" not in client.get(page).content.decode()


QMAIL = """Return-Path: <>
To: back+1-000000000000@example.com
From: MAILER-DAEMON@old.example

Hi. This is the qmail-send program.
<ann@example.com>:
{words}
"""


@pytest.mark.parametrize(
    ("words", "kind"),
    [("550 5.1.1 gone", HARD), ("550 no such user", HARD), ("452 4.2.2 full", SOFT), ("?", SOFT)],
)
def test_old_servers_say_it_in_words(words, kind):
    report = read_report(QMAIL.format(words=words).encode())
    assert report.kind == kind


def test_only_our_own_return_addresses_name_a_message():
    address = return_address("back@example.com", 7)
    assert message_of_return(address.upper()) == 7
    assert message_of_return(address.replace("+7-", "+8-")) is None
    with pytest.raises(Unreadable):
        read_report(b"\0" * 10)
