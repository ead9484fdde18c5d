"""SMS over SMPP 3.4: a connection to an operator's message centre that a worker keeps open."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from pydantic import Field, PrivateAttr
from typing_extensions import override

from regulars.channels.kind import (
    SECRET,
    Capabilities,
    ChannelKind,
    Letter,
    Line,
    Receipt,
    channel_kinds,
)
from regulars.channels.smpp.line import ALPHABETS, SmppLine, Terms
from regulars.core.errors import Retry


@channel_kinds.add("sms_smpp")
class SmsBySmpp(ChannelKind):
    """Texts through a bind as transceiver: out in a window, in with receipts and answers."""

    label = _("SMS by SMPP")
    about = _(
        "Text messages over a kept connection to a message centre, with receipts and answers."
    )
    capabilities: ClassVar[Capabilities] = Capabilities(
        has_subject=False, has_html=False, length_max=670, is_conversation=True, keeps_line=True
    )
    reaches_by: ClassVar[str] = "sms"

    host: str = Field(
        default="",
        max_length=200,
        pattern=r"^\S*$",
        title=gettext_noop("Host of the message centre"),
    )
    port: int = Field(default=2775, ge=1, le=65535, title=gettext_noop("Port"))
    encryption: Literal["none", "tls"] = Field(
        default="none",
        title=gettext_noop("Encryption"),
        json_schema_extra={"choices": {"none": gettext_noop("None"), "tls": "TLS"}},
    )
    system_id: str = Field(default="", max_length=15, title=gettext_noop("System id"))
    password: str = Field(
        default="", max_length=32, title=gettext_noop("Password"), json_schema_extra=SECRET
    )
    system_type: str = Field(default="", max_length=12, title=gettext_noop("System type"))
    sender: str = Field(
        default="", max_length=20, title=gettext_noop("Sender: the number people write back to")
    )
    alphabet: Literal["gsm", "latin1"] = Field(
        default="gsm",
        title=gettext_noop("Alphabet of the message centre"),
        json_schema_extra={"choices": {"gsm": "GSM 03.38", "latin1": "ISO 8859-1"}},
    )
    long_texts: Literal["udh", "sar", "payload"] = Field(
        default="udh",
        title=gettext_noop("How long texts are divided"),
        json_schema_extra={
            "choices": {
                "udh": gettext_noop("A header in each part (usual)"),
                "sar": gettext_noop("Fields beside each part"),
                "payload": gettext_noop("Whole; the message centre divides them"),
            }
        },
    )
    receipt_ids: Literal["same", "hex"] = Field(
        default="same",
        title=gettext_noop("Ids in receipts"),
        json_schema_extra={
            "choices": {
                "same": gettext_noop("The same as in answers"),
                "hex": gettext_noop("Decimal, where answers have them in hexadecimal"),
            }
        },
    )
    window: int = Field(
        default=10, ge=1, le=1000, title=gettext_noop("Messages without an answer at once")
    )
    per_second: int = Field(
        default=10, ge=1, le=1000, title=gettext_noop("Messages a second at most")
    )
    _line: SmppLine | None = PrivateAttr(default=None)

    @override
    def not_ready(self) -> str:
        if self.host and self.system_id:
            return ""
        return gettext("Enter the host of the message centre and the system id.")

    @override
    def opening_url(self, code: str) -> str:
        return f"sms:{self.sender}?body={code}" if self.sender else ""

    @override
    def open_line(self, *, again: Collection[str] = ()) -> Line:
        self._line = SmppLine(self._terms(), again=again)
        return self._line

    @override
    def send(self, batch: Sequence[Letter]) -> Iterator[Receipt]:
        if self._line is None:
            raise Retry("only the worker that keeps the connection sends")
        yield from self._line.submit(batch)

    def _terms(self) -> Terms:
        told: dict[str, Any] = self.model_dump(
            include={"host", "port", "system_id", "password", "system_type", "sender", "window"}
        )
        return Terms(
            **told,
            is_encrypted=self.encryption == "tls",
            alphabet=ALPHABETS[self.alphabet],
            way=self.long_texts,
            per_second=self.per_second,
            has_hex_ids=self.receipt_ids == "hex",
        )
