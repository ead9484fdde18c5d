"""Mail that came back: the signed return address of each message, and what was read of the mailbox."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet
from django.utils.crypto import constant_time_compare, salted_hmac

from regulars.channels.models import Mailbox, MailReport, Suppression

SALT = "regulars.channels.return"
SIGNATURE_LENGTH = 12
_SIGNED = re.compile(r"(\d{1,18})-([0-9a-f]{12})@")


def return_address(mailbox: str, message_id: int) -> str:
    """Where reports about one message go (VERP): the mailbox with the message's number, signed."""
    name, _, host = mailbox.rpartition("@")
    return f"{name}+{signed_number(message_id)}@{host}"


def signed_number(message_id: int) -> str:
    """The message's number as nobody but us can write it: reports about it are believed."""
    return f"{message_id}-{_signature(message_id)}"


def message_of_return(address: str) -> int | None:
    """The message that a return address or a Message-ID of ours names; None for any other."""
    match = _SIGNED.search(address.lower())
    if match and constant_time_compare(match[2], _signature(int(match[1]))):
        return int(match[1])
    return None


def _signature(message_id: int) -> str:
    return salted_hmac(SALT, str(message_id), algorithm="sha256").hexdigest()[:SIGNATURE_LENGTH]


@dataclass(frozen=True, slots=True)
class MailboxSeen:
    """When the mailbox was read last, what kept it from being read, and how much of each kind came."""

    read_at: datetime | None = None
    problem: str = ""
    detail: str = ""
    counts: tuple[tuple[str, int], ...] = ()


def mailbox_seen(channel: str) -> MailboxSeen:
    """How the mailbox of a channel is; two statements."""
    box = Mailbox.objects.filter(channel=channel).first()
    counted = MailReport.objects.filter(channel=channel).order_by("kind").values_list("kind")
    counts = tuple(counted.annotate(count=Count("id")))
    if box is None:
        return MailboxSeen(counts=counts)
    problem, _, detail = box.problem.partition("\n")
    return MailboxSeen(box.read_at, problem, detail, counts)


def closed_among(channel: str, addresses: Collection[str]) -> set[str]:
    """Those of these addresses that bounces closed."""
    sources = ("bounce", "returned")
    rows = Suppression.objects.filter(channel=channel, source__in=sources, address__in=addresses)
    return set(rows.values_list("address", flat=True))


def mail_reports(*, channel: str = "", kind: str = "") -> QuerySet[MailReport]:
    """What came back, newest first."""
    rows = MailReport.objects.select_related("message").order_by("-id")
    if channel:
        rows = rows.filter(channel=channel)
    return rows.filter(kind=kind) if kind else rows
