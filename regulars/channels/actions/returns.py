"""Acting on mail that came back: dead addresses get no more, complaints are a no, once each."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from regulars.channels.actions.delivery import note_failures
from regulars.channels.actions.optouts import close_addresses, opt_out
from regulars.channels.kind import ChannelKind, channel_kinds
from regulars.channels.mailbox.imap import Fetched, fetch
from regulars.channels.mailbox.reports import (
    COMPLAINT,
    HARD,
    NOTHING,
    OPT_OUT,
    SOFT,
    Report,
    Unreadable,
    read_report,
)
from regulars.channels.models import Mailbox, MailReport, Message, Suppression
from regulars.channels.queries.channels import channel_of, is_on, reader_of_token
from regulars.channels.queries.returns import message_of_return
from regulars.channels.rules import normal_address
from regulars.core.errors import NotFound, Permanent, Retry
from regulars.core.jobs import every

AT_ONCE = 50
ROUNDS_MAX = 40
SOFT_WITHIN = timedelta(days=30)


@every("*/5 * * * *", queue="bulk")
def read_mailboxes(timestamp: int) -> None:
    """Read what came back to the mailboxes of all channels that have one."""
    for kind in channel_kinds.kinds():
        if is_on(kind):
            read_mailbox(kind, now=timezone.now())


def read_mailbox(kind: str, *, now: datetime) -> int:
    """Take everything new in a channel's mailbox; how many mails. What keeps us out is on record.

    Each fifty are one transaction with the number read so far, so a reader that was killed goes on
    where it was. Mails stay in the mailbox, unchanged.
    """
    channel = channel_of(kind)
    access = channel.mailbox()
    if access is None:
        return 0
    total = 0
    for _round in range(ROUNDS_MAX):
        box, _ = Mailbox.objects.get_or_create(channel=kind, defaults={"read_at": now})
        try:
            fetched = fetch(access, epoch=box.epoch, after=box.last_uid, limit=AT_ONCE)
        except (Retry, Permanent) as problem:
            Mailbox.objects.filter(pk=box.pk).update(problem=str(problem)[:300])
            return total
        total += take_returns(kind, channel, fetched, before=box, now=now)
        if len(fetched.mails) < AT_ONCE:
            break
    return total


@dataclass(frozen=True, slots=True)
class _Judged:
    """A mail with what it says and whom it is about."""

    uid: int
    digest: str
    report: Report
    failure: str = ""
    message: Message | None = None
    address: str = ""

    @property
    def kind(self) -> str:
        if self.failure:
            return "unreadable"
        return self.report.kind if self.address else "unknown"


@transaction.atomic
def take_returns(
    kind: str, channel: ChannelKind, fetched: Fetched, *, before: Mailbox, now: datetime
) -> int:
    """Act on mails that came back, each once; how many were new. A constant number of statements.

    A hard bounce fails its message and closes its address; so does the soft one that fills the
    measure. A complaint closes the address and is its owner's no. Nothing happens where another
    reader was quicker. A mail that cannot be understood is on record with the reason.
    """
    box = Mailbox.objects.select_for_update().get(pk=before.pk)
    if (box.epoch, box.last_uid) != (before.epoch, before.last_uid):
        return 0
    box.epoch, box.read_at, box.problem = fetched.epoch, now, ""
    box.last_uid = fetched.mails[-1][0] if fetched.mails else _kept(before, fetched)
    box.save()
    judged = _about_whom(kind, _new(kind, fetched))
    if not judged:
        return 0
    dead = {one.address for one in judged if one.kind == HARD}
    soft = {one.address for one in judged if one.kind == SOFT}
    dead |= _worn_out(kind, soft - dead, judged, limit=channel.soft_bounces_max, now=now)
    complained = {one.address: one for one in judged if one.kind in (COMPLAINT, OPT_OUT)}
    _hear_no(kind, complained, now=now)
    close_addresses([(kind, one) for one in dead], "bounce", now=now)
    complaints = [(kind, one.address) for one in complained.values() if one.kind == COMPLAINT]
    close_addresses(complaints, "complaint", now=now)
    note_failures(
        {
            one.message.pk: f"{one.report.status} {one.report.words}".strip()
            for one in judged
            if one.message and one.kind in (HARD, SOFT)
        }
    )
    rows = [_row(kind, box.epoch, one, dead=dead, now=now) for one in judged]
    MailReport.objects.bulk_create(rows, ignore_conflicts=True)
    return len(judged)


def _kept(before: Mailbox, fetched: Fetched) -> int:
    return before.last_uid if before.epoch == fetched.epoch else 0


def _new(kind: str, fetched: Fetched) -> list[_Judged]:
    """Mails not seen before, read; a server that numbers anew brings the old ones again."""
    digests = {uid: hashlib.sha256(raw).hexdigest() for uid, raw in fetched.mails}
    known = set(
        MailReport.objects.filter(channel=kind, digest__in=digests.values()).values_list(
            "digest", flat=True
        )
    )
    found: dict[str, _Judged] = {}
    for uid, raw in fetched.mails:
        digest = digests[uid]
        if digest in known or digest in found:
            continue
        try:
            found[digest] = _Judged(uid, digest, read_report(raw))
        except Unreadable as why:
            found[digest] = _Judged(uid, digest, Report(NOTHING), failure=str(why))
    return list(found.values())


def _about_whom(kind: str, read: Sequence[_Judged]) -> list[_Judged]:
    """Each with the message and the address that it proves to be about."""
    signed = {one.digest: _signed_message(one.report) for one in read}
    ids = {found for found in signed.values() if found is not None}
    messages = Message.objects.filter(channel=kind).in_bulk(ids)
    judged = []
    for one in read:
        message = messages.get(signed[one.digest] or 0)
        address = message.address if message else _signed_address(kind, one.report)
        judged.append(replace(one, message=message, address=normal_address(address)))
    return judged


def _signed_message(report: Report) -> int | None:
    marks = report.marks
    found = (message_of_return(one) for one in (*marks.sent_to, *marks.sent_from, marks.message_id))
    return next((one for one in found if one is not None), None)


def _signed_address(kind: str, report: Report) -> str:
    """The address that the link off the list stands for, which nobody but us can write."""
    if not report.marks.unsubscribe:
        return ""
    try:
        reader = reader_of_token(report.marks.unsubscribe.rstrip("/").rsplit("/", 1)[-1])
    except NotFound:
        return ""
    return reader.address if reader.channel == kind else ""


def _worn_out(
    kind: str, addresses: Collection[str], judged: Sequence[_Judged], *, limit: int, now: datetime
) -> set[str]:
    """Addresses that sent back as many messages within thirty days as the company bears."""
    if not addresses:
        return set()
    earlier = MailReport.objects.filter(
        channel=kind, kind=SOFT, counts=True, address__in=addresses, at__gt=now - SOFT_WITHIN
    )
    seen: set[tuple[str, int | None]] = set(earlier.values_list("address", "message_id"))
    seen |= {
        (one.address, one.message.pk if one.message else None) for one in judged if one.kind == SOFT
    }
    counted = Counter(address for address, _message in seen)
    return {address for address in addresses if counted[address] >= limit}


def _hear_no(kind: str, complained: Mapping[str, _Judged], *, now: datetime) -> None:
    """A complaint, or a mail program's way off the list, withdraws consent on this channel."""
    for address, one in complained.items():
        opt_out(
            channel=kind,
            address=address,
            now=now,
            source="complaint" if one.kind == COMPLAINT else "link",
            customer_id=one.message.customer_id if one.message else None,
            proof={"report": one.digest, "says": one.report.status},
        )


def _row(
    kind: str, epoch: int, one: _Judged, *, dead: Collection[str], now: datetime
) -> MailReport:
    effects = {COMPLAINT: "withdrawn", OPT_OUT: "withdrawn", SOFT: "counted", HARD: "closed"}
    effect = effects.get(one.kind, "none")
    return MailReport(
        channel=kind,
        digest=one.digest,
        epoch=epoch,
        uid=one.uid,
        kind=one.kind,
        status=one.report.status[:20],
        words=(one.failure or one.report.words)[:300],
        address=one.address[:254],
        message=one.message,
        effect="closed" if effect == "counted" and one.address in dead else effect,
        at=now,
    )


@transaction.atomic
def open_address(channel: str, address: str) -> bool:
    """Mail may go to an address again that bounces closed; its bounces so far count no more.

    Whoever had said no is not written to then either, and a complaint stays. Gives whether there was
    anything to open.
    """
    rows = Suppression.objects.filter(channel=channel, address=normal_address(address))
    MailReport.objects.filter(channel=channel, address=normal_address(address)).update(counts=False)
    was_refused = rows.filter(source="returned").update(source="link") > 0
    was_open_before, _by_model = rows.filter(source="bounce").delete()
    return was_refused or was_open_before > 0
