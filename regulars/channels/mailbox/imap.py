"""Reading a mailbox over IMAP: new mails by their numbers, none of them changed or removed."""

import imaplib
import re
import ssl
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from regulars.core.errors import Permanent, Retry

TIMEOUT_S = 20
RAW_MAX = 100_000
"""So much of a mail is read; a report says what it is about long before."""

_UID = re.compile(rb"(\d+) .*\bUID (\d+)")
NO_ANSWER = gettext_noop("The mail server does not answer.")
NO_ENTRY = gettext_noop("The mail server does not know this user or password.")
NO_FOLDER = gettext_noop("There is no such folder in the mailbox.")


@dataclass(frozen=True, slots=True)
class Access:
    """Where the mailbox is, and who opens it."""

    host: str
    port: int
    user: str
    password: str
    folder: str = "INBOX"
    encryption: str = "tls"


@dataclass(frozen=True, slots=True)
class Fetched:
    """Mails in the order of their numbers; `epoch` changes when the server numbers anew."""

    epoch: int
    mails: tuple[tuple[int, bytes], ...]


def fetch(access: Access, *, epoch: int, after: int, limit: int) -> Fetched:
    """The next mails with a number above `after`, at most `limit`; from the first in a new epoch.

    Raises `Retry` where the server does not answer, `Permanent` where it will not have us.
    """
    try:
        with _opened(access) as box:
            return _next(box, access, epoch=epoch, after=after, limit=limit)
    except (OSError, UnicodeError, imaplib.IMAP4.error) as error:
        raise Retry(f"{NO_ANSWER}\n{error}") from error


@contextmanager
def _opened(access: Access) -> Iterator[imaplib.IMAP4]:
    box: imaplib.IMAP4
    if access.encryption == "tls":
        context = ssl.create_default_context()
        box = imaplib.IMAP4_SSL(access.host, access.port, ssl_context=context, timeout=TIMEOUT_S)
    else:
        box = imaplib.IMAP4(access.host, access.port, timeout=TIMEOUT_S)
    try:
        if access.encryption == "starttls":
            box.starttls(ssl.create_default_context())
        try:
            box.login(access.user, access.password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as refused:
            raise Permanent(NO_ENTRY) from refused
        yield box
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            box.logout()


def _next(box: imaplib.IMAP4, access: Access, *, epoch: int, after: int, limit: int) -> Fetched:
    """Mails are asked for by their place, because a search of a full mailbox has no end."""
    folder = access.folder.replace("\\", "\\\\").replace('"', '\\"')
    answer, counted = box.select(f'"{folder}"', readonly=True)
    if answer != "OK":
        raise Permanent(NO_FOLDER)
    count = int(counted[0] or 0)
    present = int((box.response("UIDVALIDITY")[1] or [b"0"])[0] or 0)
    first = after + 1 if present == epoch else 1
    start = 1 + bisect_left(
        range(1, count + 1), first, key=lambda place: _numbers(box, place, place)[place]
    )
    numbers = _numbers(box, start, min(start + limit - 1, count)) if start <= count else {}
    return Fetched(present, tuple(_mails(box, numbers)))


def _numbers(box: imaplib.IMAP4, start: int, end: int) -> dict[int, int]:
    """The numbers of the mails from one place to another, by place."""
    answers = _fetched(box, f"{start}:{end}", "(UID)")
    found = [_UID.match(one) for one in answers if isinstance(one, bytes)]
    numbers = {int(one[1]): int(one[2]) for one in found if one}
    if not numbers.keys() >= set(range(start, end + 1)):
        raise imaplib.IMAP4.abort("a mail went while the mailbox was read")
    return numbers


def _mails(box: imaplib.IMAP4, numbers: dict[int, int]) -> Iterator[tuple[int, bytes]]:
    """Each mail by its number; one of which the server gives nothing is empty."""
    if not numbers:
        return
    asked = f"{min(numbers)}:{max(numbers)}"
    answers = _fetched(box, asked, f"(BODY.PEEK[]<0.{RAW_MAX}>)")
    mails = {int(one[0].split()[0]): one[1] for one in answers if isinstance(one, tuple)}
    for place, number in sorted(numbers.items()):
        yield number, mails.get(place, b"")


def _fetched(box: imaplib.IMAP4, places: str, what: str) -> list[Any]:
    answer, found = box.fetch(places, what)
    if answer != "OK":
        raise imaplib.IMAP4.abort("the server gives no mails")
    return found
