"""MAX, the Russian messenger, through its Bot API: text with buttons out, messages and presses in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from pydantic import Field
from typing_extensions import override

from regulars.channels.kind import (
    Call,
    Capabilities,
    Heard,
    Letter,
    Receipt,
    Told,
    channel_kinds,
    in_rows,
)
from regulars.channels.messenger import Messenger, api_at
from regulars.channels.wire import Wire, guard, walk

PROOF = "x-max-bot-api-secret"


@channel_kinds.add("max")
class Max(Messenger):
    """A bot in MAX; addresses are the numbers of its users."""

    label = _("MAX")
    about = _("Messages through a MAX bot. People open the conversation by a link or a code.")

    capabilities: ClassVar[Capabilities] = replace(Messenger.capabilities, length_max=4000)

    bot: str = Field(default="", max_length=60, title=gettext_noop("Name of the bot"))
    base_url: str = api_at("https://platform-api.max.ru")

    @override
    def opening_url(self, code: str) -> str:
        return f"https://max.ru/{self.bot}?start={code}" if self.bot else ""

    @override
    def send(self, batch: Sequence[Letter]) -> Iterator[Receipt]:
        with Wire(headers={"Authorization": self.token}) as wire:
            for letter in batch:
                answer = wire.post(
                    f"{self.base_url}/messages",
                    params={"user_id": letter.address},
                    json=_message(letter),
                )
                yield answer.receipt(letter, outside_id=walk(answer.json, "message", "body", "mid"))

    @override
    def told(self, call: Call) -> Told:
        guard(call.headers.get(PROOF, ""), self.secret)
        heard = _heard(call.json())
        return Told((heard,) if heard and heard.address and heard.text else ())


def _message(letter: Letter) -> dict[str, Any]:
    message: dict[str, Any] = {"text": letter.text}
    if letter.buttons:
        rows = [
            [{"type": "callback", "text": label, "payload": sent} for sent, label in row]
            for row in in_rows(letter.buttons)
        ]
        message["attachments"] = [{"type": "inline_keyboard", "payload": {"buttons": rows}}]
    return message


def _heard(update: Mapping[str, Any]) -> Heard | None:
    """A message, a press on a button, or the first opening with the code of its link."""
    kind = walk(update, "update_type")
    if kind == "message_created":
        mid, text = walk(update, "message", "body", "mid"), walk(update, "message", "body", "text")
        return Heard(key=mid, address=walk(update, "message", "sender", "user_id"), text=text)
    if kind == "message_callback":
        pressed = walk(update, "callback", "callback_id")
        sender = walk(update, "callback", "user", "user_id")
        return Heard(key=pressed, address=sender, text=walk(update, "callback", "payload"))
    if kind == "bot_started":
        sender, code = walk(update, "user", "user_id"), walk(update, "payload")
        key = f"start:{sender}:{walk(update, 'timestamp')}"
        return Heard(key=key, address=sender, text=f"/start {code}".strip())
    return None
