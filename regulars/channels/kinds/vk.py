"""VK through the API of a community: text with buttons out, the Callback API in."""

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

VERSION = "5.199"
LABEL_MAX = 40
TRY_LATER = frozenset({"1", "6", "9", "10"})
"""Codes of errors that pass: unknown, too many calls, flood control, internal."""


@channel_kinds.add("vk")
class Vk(Messenger):
    """Messages of a VK community to people who wrote to it first."""

    label = _("VK")
    about = _("Messages of a VK community. People open the conversation by a link or a code.")

    confirmation: str = Field(default="", max_length=50, title=gettext_noop("Confirmation string"))
    group: str = Field(default="", max_length=60, title=gettext_noop("Name of the community"))
    base_url: str = api_at("https://api.vk.ru")

    @override
    def opening_url(self, code: str) -> str:
        return f"https://vk.me/{self.group}?ref={code}" if self.group else ""

    @override
    def send(self, batch: Sequence[Letter]) -> Iterator[Receipt]:
        with Wire(headers={"Authorization": f"Bearer {self.token}"}) as wire:
            for letter in batch:
                answer = wire.post(f"{self.base_url}/method/messages.send", form=_form(letter))
                yield _receipt(letter, answer.json) or answer.receipt(
                    letter, outside_id=walk(answer.json, "response")
                )

    @override
    def told(self, call: Call) -> Told:
        event = call.json()
        guard(walk(event, "secret"), self.secret)
        if walk(event, "type") == "confirmation":
            return Told(answer=self.confirmation)
        heard = _heard(event) if walk(event, "type") == "message_new" else None
        return Told((heard,) if heard else (), answer="ok")


def _form(letter: Letter) -> dict[str, str]:
    """`random_id` is the message's own number, by which VK drops a second sending of the same."""
    form = {
        "peer_id": letter.address,
        "message": letter.text,
        "random_id": str(letter.message_id % 2**31),
        "v": VERSION,
    }
    if letter.buttons:
        rows = [[_button(*one) for one in row] for row in in_rows(letter.buttons)]
        form["keyboard"] = json.dumps({"one_time": True, "buttons": rows}, ensure_ascii=False)
    return form


def _button(sent: str, label: str) -> dict[str, Any]:
    action = {"type": "text", "label": label[:LABEL_MAX], "payload": json.dumps({"sent": sent})}
    return {"action": action}


def _receipt(letter: Letter, answer: Mapping[str, Any]) -> Receipt | None:
    """The receipt of an error, which VK reports with a 200; None where there is none."""
    code = walk(answer, "error", "error_code")
    if not code:
        return None
    words = f"{code}: {walk(answer, 'error', 'error_msg')}"
    return Receipt(letter.message_id, "retry" if code in TRY_LATER else "failed", words)


def _heard(event: Mapping[str, Any]) -> Heard | None:
    sender = walk(event, "object", "message", "from_id")
    if not sender or walk(event, "object", "message", "peer_id") not in (sender, ""):
        return None
    text = walk(event, "object", "message", "text")
    if ref := walk(event, "object", "message", "ref"):
        text = f"/start {ref}"
    if sent := _sent_by_button(walk(event, "object", "message", "payload")):
        text = sent
    return Heard(key=walk(event, "event_id"), address=sender, text=text) if text else None


def _sent_by_button(payload: str) -> str:
    try:
        found = json.loads(payload) if payload else {}
    except ValueError:
        return ""
    return walk(found, "sent") if isinstance(found, dict) else ""
