"""Telegram through its Bot API: text with buttons out, messages and presses in."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from pydantic import Field
from typing_extensions import override

from regulars.channels.kind import (
    Call,
    Heard,
    Letter,
    Receipt,
    Told,
    channel_kinds,
    in_rows,
)
from regulars.channels.messenger import Messenger, api_at
from regulars.channels.wire import Wire, guard, walk

PROOF = "x-telegram-bot-api-secret-token"


@channel_kinds.add("telegram")
class Telegram(Messenger):
    """A bot that asks where people already are; they open the conversation, as Telegram demands."""

    label = _("Telegram")
    about = _("Messages through a Telegram bot. People open the conversation by a link or a code.")

    bot: str = Field(default="", max_length=60, title=gettext_noop("Name of the bot"))
    base_url: str = api_at("https://api.telegram.org")

    @override
    def opening_url(self, code: str) -> str:
        return f"https://t.me/{self.bot}?start={code}" if self.bot else ""

    @override
    def send(self, batch: Sequence[Letter]) -> Iterator[Receipt]:
        with Wire() as wire:
            for letter in batch:
                answer = wire.post(
                    f"{self.base_url}/bot{self.token}/sendMessage", json=self._message(letter)
                )
                yield answer.receipt(letter, outside_id=walk(answer.json, "result", "message_id"))

    def _message(self, letter: Letter) -> dict[str, Any]:
        message: dict[str, Any] = {"chat_id": letter.address, "text": letter.text}
        if letter.buttons:
            rows = [
                [{"text": label, "callback_data": sent} for sent, label in row]
                for row in in_rows(letter.buttons)
            ]
            message["reply_markup"] = {"inline_keyboard": rows}
        return message

    @override
    def told(self, call: Call) -> Told:
        guard(call.headers.get(PROOF, ""), self.secret)
        update = call.json()
        heard = _pressed(update) or _written(update)
        return Told((heard,) if heard else (), answer=_acknowledgement(update))


def _written(update: Mapping[str, Any]) -> Heard | None:
    text, chat = walk(update, "message", "text"), walk(update, "message", "chat", "id")
    if not text or not chat or walk(update, "message", "chat", "type") not in ("private", ""):
        return None
    return Heard(key=walk(update, "update_id"), address=chat, text=text)


def _pressed(update: Mapping[str, Any]) -> Heard | None:
    data = walk(update, "callback_query", "data")
    chat = walk(update, "callback_query", "message", "chat", "id")
    return Heard(key=walk(update, "update_id"), address=chat, text=data) if data and chat else None


def _acknowledgement(update: Mapping[str, Any]) -> str:
    """Telegram takes a call of its API as our answer; this one ends the spinner on the button."""
    pressed = walk(update, "callback_query", "id")
    if not pressed:
        return ""
    return json.dumps({"method": "answerCallbackQuery", "callback_query_id": pressed})
