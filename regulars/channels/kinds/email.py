"""E-mail over SMTP, with a one-click way off the list."""

import smtplib
from collections.abc import Iterator, Sequence
from typing import Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from pydantic import Field
from typing_extensions import override

from regulars.channels.kind import SECRET, ChannelKind, Letter, Receipt, channel_kinds
from regulars.channels.mailbox.imap import Access
from regulars.channels.mailbox.reports import says_nobody
from regulars.channels.queries.returns import return_address, signed_number
from regulars.core.errors import Retry
from regulars.environment import read

TIMEOUT_S = 20


@channel_kinds.add("email")
class Email(ChannelKind):
    """Sends mail through the SMTP server that `EMAIL_URL` names, one connection per batch."""

    label = _("E-mail")
    about = _("Mail through the SMTP server of this installation.")

    sender: str = Field(default="", max_length=200, title=gettext_noop("Sender"))
    reply_to: str = Field(default="", max_length=200, title=gettext_noop("Answers go to"))
    bounces_to: str = Field(
        default="",
        max_length=100,
        pattern=r"^$|^[^@\s+]+@[^@\s]+$",
        title=gettext_noop("Mailbox for what comes back, as name@host"),
    )
    imap_host: str = Field(
        default="",
        max_length=200,
        pattern=r"^\S*$",
        title=gettext_noop("IMAP server of that mailbox"),
    )
    imap_port: int = Field(default=993, ge=1, le=65535, title=gettext_noop("IMAP port"))
    imap_encryption: Literal["tls", "starttls", "none"] = Field(
        default="tls",
        title=gettext_noop("Encryption"),
        json_schema_extra={
            "choices": {"tls": "TLS", "starttls": "STARTTLS", "none": gettext_noop("None")}
        },
    )
    imap_user: str = Field(default="", max_length=200, title=gettext_noop("User of the mailbox"))
    imap_password: str = Field(
        default="",
        max_length=200,
        title=gettext_noop("Password of the mailbox"),
        json_schema_extra=SECRET,
    )
    imap_folder: str = Field(default="INBOX", max_length=100, title=gettext_noop("Folder"))
    soft_max: int = Field(
        default=5,
        ge=1,
        le=100,
        title=gettext_noop("Passing failures in 30 days after which an address gets no more"),
    )

    def not_ready(self) -> str:
        """Why mail cannot be sent: no server is named."""
        if read("EMAIL_URL") or settings.EMAIL_HOST not in ("localhost", ""):
            return ""
        return gettext("No mail server is set. Start the program with EMAIL_URL, then try again.")

    @property
    @override
    def soft_bounces_max(self) -> int:
        return self.soft_max

    @override
    def mailbox(self) -> Access | None:
        if not self.imap_host or not self.imap_user:
            return None
        return Access(
            self.imap_host, self.imap_port, self.imap_user, self.imap_password,
            self.imap_folder, self.imap_encryption,
        )  # fmt: skip

    def send(self, batch: Sequence[Letter]) -> Iterator[Receipt]:
        connection = get_connection(timeout=TIMEOUT_S)
        try:
            connection.open()
        except (OSError, smtplib.SMTPException) as error:
            raise Retry(f"the mail server does not answer: {error}") from error
        try:
            for letter in batch:
                yield self._sent(letter, connection)
        finally:
            connection.close()

    def _sent(self, letter: Letter, connection: BaseEmailBackend) -> Receipt:
        try:
            self._mail(letter, connection).send()
        except smtplib.SMTPRecipientsRefused as refused:
            code = min(code for code, _text in refused.recipients.values())
            outcome = "failed" if code >= 500 else "retry"
            words = str(refused)
            return Receipt(letter.message_id, outcome, words, is_dead=says_nobody(words))
        except smtplib.SMTPResponseException as error:
            outcome = "failed" if error.smtp_code >= 500 else "retry"
            return Receipt(letter.message_id, outcome, str(error))
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise Retry(f"the mail server hung up: {error}") from error
        except ValueError as error:
            return Receipt(letter.message_id, "failed", str(error))
        return Receipt(letter.message_id, "sent")

    def _mail(self, letter: Letter, connection: BaseEmailBackend) -> EmailMultiAlternatives:
        sender = self.sender or settings.DEFAULT_FROM_EMAIL
        returns = return_address(self.bounces_to, letter.message_id) if self.bounces_to else sender
        mail = EmailMultiAlternatives(
            subject=letter.subject,
            body=letter.text,
            from_email=returns,
            to=[letter.address],
            reply_to=[self.reply_to] if self.reply_to else None,
            connection=connection,
            headers={
                "From": sender,
                "Message-ID": _message_id(letter.message_id),
                **_way_off(letter.unsubscribe_url),
            },
        )
        if letter.html:
            mail.attach_alternative(letter.html, "text/html")
        return mail


def _way_off(url: str) -> dict[str, str]:
    """The headers by which a mail program shows a button that takes its reader off the list."""
    if not url:
        return {}
    return {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _message_id(message_id: int) -> str:
    """The same id at every try, so that a mail sent twice after a crash shows once; signed."""
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    return f"<regulars.{signed_number(message_id)}@{host}>"
