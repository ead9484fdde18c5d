"""SMS through a gateway that takes HTTP calls: the company says what the calls look like."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from string import Template
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from pydantic import Field, field_validator
from typing_extensions import override

from regulars.channels.kind import (
    SECRET,
    Call,
    Capabilities,
    ChannelKind,
    Delivery,
    Heard,
    Letter,
    Receipt,
    Told,
    channel_kinds,
)
from regulars.channels.wire import Wire, guard, walk

SIGNATURE = "x-signature"
DELIVERED = frozenset({"delivered", "delivrd", "1"})
UNDELIVERED = frozenset(
    {"failed", "undelivered", "undeliv", "expired", "rejected", "rejectd", "deleted", "20", "22"}
)


@channel_kinds.add("sms_http")
class SmsByHttp(ChannelKind):
    """Text messages by any provider with an HTTP interface; `$phone`, `$text`, `$id` are filled in.

    Its calls to us are form fields or JSON, signed by HMAC-SHA256 over the body in `X-Signature`, or
    with the secret itself as the field `secret` where a provider cannot sign.
    """

    label = _("SMS by HTTP")
    about = _("Text messages through a provider's HTTP gateway, with delivery reports and answers.")
    capabilities: ClassVar[Capabilities] = Capabilities(
        has_subject=False, has_html=False, length_max=670, is_conversation=True
    )
    reaches_by: ClassVar[str] = "sms"

    url: str = Field(
        default="",
        max_length=200,
        pattern=r"^$|^https?://\S+$",
        title=gettext_noop("Address to call"),
    )
    body: str = Field(
        default='{"to": "$phone", "text": "$text", "id": "$id", "from": "$sender"}',
        max_length=200,
        title=gettext_noop("Body: JSON or form; empty for a GET call"),
    )
    token: str = Field(
        default="",
        max_length=200,
        title=gettext_noop("Authorization header"),
        json_schema_extra=SECRET,
    )
    sender: str = Field(default="", max_length=20, title=gettext_noop("Sender"))
    id_path: str = Field(
        default="id", max_length=60, title=gettext_noop("Where the answer names the message")
    )
    secret: str = Field(
        default="", max_length=100, title=gettext_noop("Webhook secret"), json_schema_extra=SECRET
    )
    number: str = Field(default="", max_length=20, title=gettext_noop("Number to write to"))
    checks: Literal["signature", "field"] = Field(
        default="signature", title=gettext_noop("How calls are checked: signature or field")
    )

    @field_validator("body")
    @classmethod
    def _readable(cls, body: str) -> str:
        if not Template(body).is_valid():
            raise ValueError("names are written as $phone, $text, $id, $sender")
        return body

    @override
    def not_ready(self) -> str:
        return "" if self.url else gettext("Enter the address of the gateway.")

    @override
    def opening_url(self, code: str) -> str:
        return f"sms:{self.number}?body={code}" if self.number else ""

    @override
    def send(self, batch: Sequence[Letter]) -> Iterator[Receipt]:
        headers = {"Authorization": self.token} if self.token else {}
        with Wire(headers=headers) as wire:
            for letter in batch:
                answer = wire.call(*self._request(letter))
                yield answer.receipt(letter, outside_id=walk(answer.json, *self.id_path.split(".")))

    def _request(self, letter: Letter) -> tuple[str, str, str, str]:
        """Method, address, body and its type; values are escaped for where they stand."""
        told = {
            "phone": letter.address,
            "text": letter.text,
            "id": str(letter.message_id),
            "sender": self.sender,
        }
        for_url = {name: quote(value, safe="") for name, value in told.items()}
        url = Template(self.url).safe_substitute(for_url)
        if not self.body:
            return "GET", url, "", ""
        if self.body.lstrip().startswith(("{", "[")):
            for_json = {
                name: json.dumps(value, ensure_ascii=False)[1:-1] for name, value in told.items()
            }
            return "POST", url, Template(self.body).safe_substitute(for_json), "application/json"
        form = "application/x-www-form-urlencoded"
        return "POST", url, Template(self.body).safe_substitute(for_url), form

    @override
    def told(self, call: Call) -> Told:
        if self.checks == "field":
            fields = call.fields()
            guard(walk(fields, "secret"), self.secret)
        else:
            expected = hmac.new(self.secret.encode(), call.body, hashlib.sha256).hexdigest()
            guard(call.headers.get(SIGNATURE, ""), expected if self.secret else "")
            # The address is not signed, so nothing in it is believed.
            fields = replace(call, query={}).fields()
        return Told(tuple(_heard(fields)), tuple(_deliveries(fields)), answer="ok")


def _heard(fields: Mapping[str, Any]) -> Iterator[Heard]:
    text = walk(fields, "text") or walk(fields, "message")
    sender = walk(fields, "from") or walk(fields, "phone")
    if text and sender and not walk(fields, "status"):
        key = walk(fields, "id")
        yield Heard(
            key=key or Heard.key_for(sender, text, walk(fields, "at")), address=sender, text=text
        )


def _deliveries(fields: Mapping[str, Any]) -> Iterator[Delivery]:
    status, outside_id = walk(fields, "status").lower(), walk(fields, "id")
    if outside_id and status in DELIVERED:
        yield Delivery(outside_id, "delivered")
    elif outside_id and status in UNDELIVERED:
        yield Delivery(outside_id, "failed", status)
