"""What clients of Segment's API send: single calls and batches, read and checked for form.

Sizes, paths and the merging of outer fields follow Segment's HTTP API ("HTTP Tracking API Source")
and the code of its and RudderStack's public clients.
"""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec

from regulars.customers.rules.tracked import ID_MAX, NAME_MAX

REQUEST_BYTES_MAX = 4 * 1024 * 1024
CALL_BYTES_MAX = 32 * 1024
CALL_DEPTH_MAX = 64
"""What is nested deeper is no event: whatever reads it later, level by level, would give up."""

TYPES = frozenset({"identify", "track", "page", "screen", "group", "alias"})
TRAITS = frozenset({"identify", "group"})
"""Calls whose properties are called traits."""

EMPTY = msgspec.Raw(b"{}")
_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Shape(msgspec.Struct, rename="camel", gc=False):
    """The fields of a call that its door looks at; the rest is kept unread."""

    type: str = ""
    message_id: str | int | None = None
    user_id: str | int | float | None = None
    anonymous_id: str | int | float | None = None
    event: str | None = None
    name: str | None = None
    group_id: str | int | None = None
    previous_id: str | int | None = None
    properties: msgspec.Raw = EMPTY
    traits: msgspec.Raw = EMPTY
    write_key: str | None = None


class BatchShape(msgspec.Struct, rename="camel"):
    """A batch: calls, and what holds for all of them."""

    batch: list[msgspec.Raw]
    context: msgspec.Raw = EMPTY
    write_key: str | None = None


class KeyShape(msgspec.Struct, rename="camel"):
    """Only the write key of a request."""

    write_key: str | None = None


class Fault(NamedTuple):
    """Why a call cannot be taken as it is: a kind, the place, and the rule."""

    reason: str
    path: str
    rule: str


UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding says of bytes that are no JSON, or no JSON of the wished shape."""

OUTER = ("context", "integrations", "sentAt")
"""What a batch may say for all its calls."""

outer_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
shape_decoder = msgspec.json.Decoder(Shape)
batch_decoder = msgspec.json.Decoder(BatchShape)
key_decoder = msgspec.json.Decoder(KeyShape)


def named(value: str | float | None) -> str:
    """An id or a name as text; clients send numbers too.

    >>> named(97980), named(None)
    ('97980', '')
    """
    return value if type(value) is str else "" if value is None else str(value)


def is_too_deep(raw: bytes) -> bool:
    """Whether a call is nested deeper than `CALL_DEPTH_MAX`.

    >>> is_too_deep(b"[" * 64 + b"]" * 64), is_too_deep(b"[" * 65), is_too_deep(b'"%s"' % (b"[" * 65))
    (False, True, False)
    """
    if raw.count(b"{") + raw.count(b"[") <= CALL_DEPTH_MAX:
        return False
    bare = _TEXTS.sub(b"", raw)
    depths = accumulate((byte in b"[{") - (byte in b"]}") for byte in bare)
    return max(depths, default=0) > CALL_DEPTH_MAX


def strict(body: bytes) -> bytes:
    """The body as JSON proper; `ValueError` where nobody could read it.

    Some clients write numbers that JSON does not know, or half a character where they cut a text.
    One such event must not cost its whole batch, so they become what JavaScript makes of them.

    >>> strict(b'{"price": [NaN, -Infinity]}')
    b'{"price": [null, null]}'
    """
    try:
        said = json.loads(body, parse_constant=lambda _name: None)
        text = json.dumps(said, ensure_ascii=False)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def name_of(shape: Shape, kind: str) -> str:
    """The name under which a call is kept: of the event, page or screen; the group or old id."""
    if kind == "track":
        return shape.event or ""
    if kind == "group":
        return named(shape.group_id)
    return named(shape.previous_id) if kind == "alias" else shape.name or ""


def fault_of(shape: Shape, kind: str, name: str) -> Fault | None:
    """What is wrong with the form of a call; None where nothing is."""
    if kind not in TYPES:
        return Fault("type", "type", "one of " + ", ".join(sorted(TYPES)))
    if fault := _fault_of_properties(shape, kind):
        return fault
    user, visitor = named(shape.user_id), named(shape.anonymous_id)
    if not user and not visitor:
        return Fault("nobody", "userId", "userId or anonymousId is needed")
    if kind == "track" and not name.strip():
        return Fault("name", "event", "the name of the event is needed")
    message = named(shape.message_id)
    if (
        len(user) <= ID_MAX
        and len(visitor) <= ID_MAX
        and len(name) <= NAME_MAX
        and len(message) <= NAME_MAX
        and f"{user}{visitor}{name}{message}".isprintable()
    ):
        return None
    return _fault_of_texts({"userId": user, "anonymousId": visitor}, name=name, message=message)


def _fault_of_properties(shape: Shape, kind: str) -> Fault | None:
    path = "traits" if kind in TRAITS else "properties"
    raw = bytes(shape.traits if kind in TRAITS else shape.properties)
    if raw[:1] == b"{" or raw == b"null":
        return None
    return Fault("unreadable", path, "an object with a value for each name")


def _fault_of_texts(ids: Mapping[str, str], *, name: str, message: str) -> Fault | None:
    texts = [(path, text, ID_MAX) for path, text in ids.items()]
    texts += [("name", name, NAME_MAX), ("messageId", message, NAME_MAX)]
    for path, text, longest in texts:
        if len(text) > longest:
            return Fault("too_long", path, f"at most {longest} characters")
        if _CONTROL.search(text):
            return Fault("unreadable", path, "control characters")
    return None


def message_id_of(value: str | int | None, raw: bytes) -> str:
    """The message id, or where there is none a digest of what was sent, so a repeat is seen."""
    return named(value) or f"sha256:{sha256(raw).hexdigest()}"


def merged(call: Mapping[str, Any], outer: Mapping[str, Any]) -> dict[str, Any]:
    """A call of a batch with what its batch says for all: context, integrations, sentAt.

    >>> merged({"context": {"ip": "::1"}}, {"context": {"ip": "x", "locale": "ru"}, "sentAt": "t"})
    {'context': {'ip': '::1', 'locale': 'ru'}, 'sentAt': 't'}
    """
    whole = dict(call)
    for name in OUTER[:2]:
        common, own = outer.get(name), call.get(name)
        if isinstance(common, Mapping) and (own is None or isinstance(own, Mapping)):
            whole[name] = {**common, **(own or {})}
    if outer.get("sentAt") is not None and call.get("sentAt") is None:
        whole["sentAt"] = outer["sentAt"]
    return whole
