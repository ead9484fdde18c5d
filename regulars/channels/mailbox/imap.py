"""Reading a mailbox over IMAP: new mails by their numbers, none of them changed or removed."""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.utils.translation import gettext_noop

from regulars.core.errors import Permanent, Retry

TIMEOUT_S = 20
RAW_MAX = 500_000
"""So much of a mail is read; a report says what it is about long before."""

_UID = re.compile(rb"UID (\d+)")
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
    except (OSError, imaplib.IMAP4.abort) as error:
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
    folder = access.folder.replace("\\", "\\\\").replace('"', '\\"')
    answer, _ = box.select(f'"{folder}"', readonly=True)
    if answer != "OK":
        raise Permanent(NO_FOLDER)
    present = int((box.response("UIDVALIDITY")[1] or [b"0"])[0] or 0)
    first = after + 1 if present == epoch else 1
    _, found = box.uid("SEARCH", "UID", f"{first}:*")
    # A server answers `n:*` with the last mail even where its number is lower.
    uids = sorted(uid for uid in map(int, (found[0] or b"").split()) if uid >= first)[:limit]
    return Fetched(present, tuple(_mails(box, uids)))


def _mails(box: imaplib.IMAP4, uids: list[int]) -> Iterator[tuple[int, bytes]]:
    if not uids:
        return
    _, answers = box.uid("FETCH", ",".join(map(str, uids)), f"(UID BODY.PEEK[]<0.{RAW_MAX}>)")
    mails = {
        int(match[1]): answer[1]
        for answer in answers
        if isinstance(answer, tuple) and (match := _UID.search(answer[0]))
    }
    yield from sorted(mails.items())
