"""What a mail that came back says: a report of delivery (RFC 3464), or a complaint (RFC 5965)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import Message
from email.utils import getaddresses

from regulars.core.texts import keepable

HARD, SOFT, COMPLAINT, OPT_OUT, NOTHING = "hard", "soft", "complaint", "opt_out", "nothing"

TEXT_MAX = 300

NOT_ABOUT_THE_ADDRESS = re.compile(r"5\.2\.[23]|5\.3\.\d+|5\.4\.[67]|5\.[67]\.\d+")
"""Lasting failures that another message may not meet: a full mailbox, a message too large, a loop, a
refusal of what was written or of who wrote it. They count as soft."""

_NOBODY = re.compile(r"\b5\.(?:1\.(?:1|2|3|6|10)|2\.1)\b")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_REPLY = re.compile(r"\b([45])\d\d[ -]")
_ANGLED = re.compile(r"<([^<>\s]+)>")


class Unreadable(Exception):
    """The mail is no report that can be understood; says why."""


@dataclass(frozen=True, slots=True)
class Marks:
    """All by which the mail that a report is about may be recognised.

    `sent_to` are addresses that the report itself came to, `sent_from` the return path of the mail it
    is about, `message_id` its Message-ID: each of ours names the message and is signed. `unsubscribe`
    is the link off the list that the mail carried, signed too.
    """

    sent_to: tuple[str, ...] = ()
    sent_from: tuple[str, ...] = ()
    unsubscribe: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one of our mails: a kind, a status, the other server's words, which mail."""

    kind: str
    status: str = ""
    words: str = ""
    marks: Marks = Marks()


def read_report(raw: bytes) -> Report:
    """What a mail from the mailbox says; `Unreadable` for one that is no report.

    Anybody may write to the mailbox, so whatever the mail is made of, nothing else is raised.

    >>> read_report(b"Subject: Out of office\\n\\nBack on Monday.")
    Traceback (most recent call last):
    ...
    regulars.channels.mailbox.reports.Unreadable: not a report
    """
    try:
        mail = message_from_bytes(raw, policy=policy.compat32)
        return _report_in(mail)
    except (
        # Comments and parts may be nested deeper than Python goes.
        MessageError, ValueError, LookupError, AttributeError, TypeError, RecursionError,
    ) as fault:  # fmt: skip
        raise Unreadable(f"malformed: {type(fault).__name__}") from fault


def _report_in(mail: Message) -> Report:
    parts = {part.get_content_type(): part for part in mail.walk()}
    marks = _marks(mail, parts)
    if "message/feedback-report" in parts:
        return _complaint(parts["message/feedback-report"], marks)
    if "message/delivery-status" in parts:
        return _delivery(parts["message/delivery-status"], marks)
    if _is_from_a_machine(mail) and marks.sent_to:
        return _in_words(mail, marks)
    raise Unreadable("not a report")


def _delivery(part: Message, marks: Marks) -> Report:
    """A report by fields: one block for the mail, then one for each recipient."""
    blocks = [block for block in _blocks(part) if block.get("Action")]
    if not blocks:
        raise Unreadable("a report without a recipient")
    failed = [block for block in blocks if _field(block, "Action").lower() == "failed"]
    block = (failed or blocks)[0]
    status = match[1] if (match := _STATUS.search(_field(block, "Status"))) else ""
    return Report(
        kind=_kind_of(status) if failed else NOTHING,
        status=status,
        words=_field(block, "Diagnostic-Code").partition(";")[2].strip()[:TEXT_MAX],
        marks=marks,
    )


def _complaint(part: Message, marks: Marks) -> Report:
    fields = next(iter(_blocks(part)), None)
    if fields is None:
        raise Unreadable("a complaint without fields")
    about = _field(fields, "Feedback-Type").lower()
    kinds = {"not-spam": NOTHING, "opt-out": OPT_OUT, "opt-out-list": OPT_OUT, "": NOTHING}
    sender = _field(fields, "Original-Mail-From").strip("<>").lower()
    marks = replace(marks, sent_from=(*marks.sent_from, sender))
    return Report(
        kind=kinds.get(about, COMPLAINT),
        status=about[:20],
        words=_field(fields, "User-Agent")[:TEXT_MAX],
        marks=marks,
    )


def _in_words(mail: Message, marks: Marks) -> Report:
    """A report that says it in words only, as older servers do; its return address names the mail."""
    text = _text_of(mail)
    status = match[1] if (match := _STATUS.search(text)) else ""
    if not status and (reply := _REPLY.search(text)):
        status = f"{reply[1]}.0.0"
    words = next((line.strip() for line in text.splitlines() if status[:1] in line), "")
    kind = _kind_of(status) if status else SOFT
    return Report(kind, status, words[:TEXT_MAX], marks=marks)


def _kind_of(status: str) -> str:
    """Whether an address is dead, or may take another mail.

    >>> [_kind_of(one) for one in ("5.1.1", "5.0.0", "5.2.2", "5.7.1", "4.4.7", "")]
    ['hard', 'hard', 'soft', 'soft', 'soft', 'soft']
    """
    is_lasting = status.startswith("5") and not NOT_ABOUT_THE_ADDRESS.fullmatch(status)
    return HARD if is_lasting else SOFT


def says_nobody(refusal: str) -> bool:
    """Whether a mail server refuses an address because it leads to nobody, by its code of RFC 3463.

    A bare 550 may as well be about us, the sender.

    >>> [says_nobody(one) for one in ("550 5.1.1 no such user", "550 5.7.1 spam", "550 no", "450 4.1.1")]
    [True, False, False, False]
    """
    return bool(_NOBODY.search(refusal))


def _marks(mail: Message, parts: dict[str, Message]) -> Marks:
    """By what the mail may be known, from the report's own headers and those of what came back."""
    sent_to = tuple(_addresses(mail, "To", "Delivered-To", "X-Original-To", "Envelope-To"))
    headers: Message | None = None
    if "message/rfc822" in parts:
        headers = next(iter(_blocks(parts["message/rfc822"])), None)
    elif "text/rfc822-headers" in parts:
        headers = message_from_bytes(_payload(parts["text/rfc822-headers"]))
    if headers is None:
        return Marks(sent_to)
    links = [one for one in _ANGLED.findall(_field(headers, "List-Unsubscribe")) if "/" in one]
    return Marks(
        sent_to,
        tuple(_addresses(headers, "Return-Path")),
        links[0] if links else "",
        _field(headers, "Message-ID"),
    )


def _blocks(part: Message) -> Iterator[Message]:
    """The groups of fields inside a part, whichever way the parser took it."""
    inside = part.get_payload()
    if isinstance(inside, list):
        yield from (one for one in inside if isinstance(one, Message))
    else:
        for text in re.split(rb"\r?\n\r?\n", _payload(part)):
            yield message_from_bytes(text.lstrip() + b"\n\n")


def _payload(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _field(headers: Message, name: str) -> str:
    return " ".join(keepable(str(headers.get(name, ""))).split())


def _addresses(headers: Message, *names: str) -> list[str]:
    given = [str(one) for name in names for one in headers.get_all(name, [])]
    return [address.lower() for _name, address in getaddresses(given) if "@" in address]


def _is_from_a_machine(mail: Message) -> bool:
    """By who wrote it; an empty return path says nothing, for holiday notes have one too."""
    sender = " ".join(_addresses(mail, "From", "Return-Path"))
    return sender.startswith(("mailer-daemon@", "postmaster@"))


def _text_of(mail: Message) -> str:
    texts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    text = "\n".join(_payload(part).decode("utf-8", "replace") for part in texts)
    return keepable(text[:20_000])
