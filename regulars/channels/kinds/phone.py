"""Calls through a provider that speaks TwiML: it rings people and asks us what to say."""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from django.conf import settings
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from pydantic import Field
from typing_extensions import override

from regulars.channels.kind import (
    SECRET,
    Capabilities,
    ChannelKind,
    Letter,
    Receipt,
    channel_kinds,
)
from regulars.channels.wire import Wire, guard, walk


@channel_kinds.add("phone")
class Phone(ChannelKind):
    """Rings people through Twilio or whoever has its interface; `/voice/<code>` says what is asked."""

    label = _("Telephone call")
    about = _("Calls in which keys answer, through a provider that speaks TwiML.")
    capabilities: ClassVar[Capabilities] = Capabilities(
        has_subject=False, has_html=False, is_conversation=True
    )

    account: str = Field(default="", max_length=60, title=gettext_noop("Account"))
    token: str = Field(
        default="", max_length=100, title=gettext_noop("Token"), json_schema_extra=SECRET
    )
    number: str = Field(default="", max_length=20, title=gettext_noop("Number that calls"))
    base_url: str = Field(
        default="https://api.twilio.com",
        max_length=200,
        pattern=r"^https?://\S+$",
        title=gettext_noop("Address of the API"),
    )

    @override
    def not_ready(self) -> str:
        is_set = self.account and self.token and self.number
        return "" if is_set else gettext("Enter the account, the token and the number.")

    @override
    def send(self, batch: Sequence[Letter]) -> Iterator[Receipt]:
        proof = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        with Wire(headers={"Authorization": f"Basic {proof}"}) as wire:
            for letter in batch:
                code = letter.link.rstrip("/").rsplit("/", 1)[-1]
                if not code:
                    yield Receipt(letter.message_id, "failed", "there is nothing to ask by voice")
                    continue
                answer = wire.post(
                    f"{self.base_url}/2010-04-01/Accounts/{self.account}/Calls.json",
                    form={
                        "To": letter.address,
                        "From": self.number,
                        "Url": f"{settings.BASE_URL}/voice/{code}",
                    },
                )
                yield answer.receipt(letter, outside_id=walk(answer.json, "sid"))

    def check(self, path: str, form: Mapping[str, str], signature: str) -> None:
        """Raises `Forbidden` for a call to us that the provider did not sign.

        The signature is HMAC-SHA1 under the token, over the address and the sorted fields.
        """
        told = "".join(f"{name}{form[name]}" for name in sorted(form))
        signed = f"{settings.BASE_URL}{path}{told}".encode()
        proof = base64.b64encode(hmac.new(self.token.encode(), signed, hashlib.sha1).digest())
        guard(signature, proof.decode() if self.token else "")
