"""Sorting the calls of a request: let in, let in with a mark, or kept out as a dead letter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from regulars.connectors.collect.calls import (
    CALL_BYTES_MAX,
    CALL_DEPTH_MAX,
    OUTER,
    TRAITS,
    UNREADABLE,
    Fault,
    Shape,
    batch_decoder,
    fault_of,
    is_too_deep,
    merged,
    message_id_of,
    name_of,
    named,
    outer_decoder,
    shape_decoder,
)
from regulars.connectors.collect.keys import Source
from regulars.connectors.collect.parcels import Head, frame
from regulars.core.doors import Problem


class Letter(NamedTuple):
    """A dead letter that is about to be written."""

    source_id: int
    message_id: str
    type: str
    name: str
    user_id: str
    anonymous_id: str
    body: str
    reason: str
    path: str
    rule: str
    plan_id: int | None
    received_at: datetime
    state: str


@dataclass(slots=True)
class Sorted:
    """A request ready to be appended: its frame, its dead letters, how many calls were let in."""

    pieces: list[bytes]
    letters: list[Letter] = field(default_factory=list)
    let_in: int = 0
    size: int = 0


def sort_batch(body: bytes, source: Source, *, now: datetime) -> Sorted:
    """Sort the calls of a batch; `msgspec.MsgspecError` where the body is no batch."""
    batch = batch_decoder.decode(body)
    # It becomes part of every call, so it must fit into one.
    context = bytes(batch.context)
    if len(context) > CALL_BYTES_MAX or is_too_deep(context):
        detail = f"a context has at most {CALL_BYTES_MAX} bytes and {CALL_DEPTH_MAX} levels"
        raise Problem(413, "too_big", detail=detail)
    return _sort(body, batch.batch, source, kind="", now=now)


def sort_single(body: bytes, source: Source, *, kind: str, now: datetime) -> Sorted:
    """Sort the only call of a request."""
    return _sort(body, [body], source, kind=kind, now=now)


def _sort(
    body: bytes,
    raws: list[msgspec.Raw] | list[bytes],
    source: Source,
    *,
    kind: str,
    now: datetime,
) -> Sorted:
    skipped, flawed, letters = [], [], []
    for place, raw in enumerate(raws):
        fault = _fault(raw, source, kind=kind)
        if fault is None:
            continue
        is_out = fault.reason != "plan" or source.mode == "block"
        if is_out:
            skipped.append(place)
        elif source.mode == "flag":
            flawed.append(place)
        outer = {} if kind else outer_of(body)
        letter = letter_of(raw, fault, source_id=source.id, kind=kind, outer=outer, now=now)
        plan_id = source.plan.id if fault.reason == "plan" and source.plan else None
        state = "waiting" if is_out else "accepted"
        letters.append(letter._replace(plan_id=plan_id, state=state))
    let_in = len(raws) - len(skipped)
    if not let_in:
        return Sorted([], letters)
    head = Head(source.code, now, kind, tuple(skipped), tuple(flawed))
    pieces = frame(head, body)
    return Sorted(pieces, letters, let_in, len(body))


def _fault(raw: msgspec.Raw | bytes, source: Source, *, kind: str) -> Fault | None:
    """What is wrong with one call; None where nothing is."""
    if len(raw) > CALL_BYTES_MAX:
        return Fault("too_big", "", f"at most {CALL_BYTES_MAX} bytes")
    if is_too_deep(bytes(raw)):
        return Fault("unreadable", "", f"at most {CALL_DEPTH_MAX} levels of nesting")
    try:
        shape = shape_decoder.decode(raw)
    except UNREADABLE as error:
        return Fault("unreadable", "", str(error)[:300])
    call_type = kind or shape.type
    name = name_of(shape, call_type)
    fault = fault_of(shape, call_type, name)
    if fault is None and source.plan is not None:
        return _breach(shape, call_type, name=name, source=source)
    return fault


def _breach(shape: Shape, kind: str, *, name: str, source: Source) -> Fault | None:
    plan = source.plan
    assert plan is not None
    validator = plan.validator_of(kind, name)
    if validator is None and plan.knows(kind, name):
        return None
    try:
        properties = _properties(shape, kind)
    except UNREADABLE as error:
        return Fault("unreadable", "properties", str(error)[:300])
    if validator is not None and validator.is_valid(properties):
        return None
    breach = plan.breach_of(kind, name, properties)
    return Fault("plan", breach.path, breach.rule) if breach else None


def _properties(shape: Shape, kind: str) -> Any:
    raw = shape.traits if kind in TRAITS else shape.properties
    return _any.decode(raw) or {}


_any = msgspec.json.Decoder()


def outer_of(body: bytes) -> Mapping[str, Any]:
    """What a batch says for all its calls."""
    said = outer_decoder.decode(body)
    return {name: _any.decode(said[name]) for name in OUTER if name in said}


def letter_of(
    raw: msgspec.Raw | bytes,
    fault: Fault,
    *,
    source_id: int,
    kind: str,
    outer: Mapping[str, Any],
    now: datetime,
) -> Letter:
    """A dead letter that waits, with as much of the call as could be read."""
    try:
        shape = shape_decoder.decode(raw)
    except UNREADABLE:
        shape = Shape()
    call_type = kind or shape.type
    return Letter(
        source_id=source_id,
        message_id=_fitting(message_id_of(shape.message_id, bytes(raw)), 254),
        type=_fitting(call_type, 10),
        name=_fitting(name_of(shape, call_type), 254),
        user_id=_fitting(named(shape.user_id), 254),
        anonymous_id=_fitting(named(shape.anonymous_id), 254),
        body=_text(raw, kind=kind, outer=outer),
        reason=fault.reason[:30],
        path=_fitting(fault.path, 200),
        rule=_fitting(fault.rule, 300),
        plan_id=None,
        received_at=now,
        state="waiting",
    )


def _fitting(text: str, longest: int) -> str:
    return text.replace("\0", "\ufffd")[:longest]


def _text(raw: msgspec.Raw | bytes, *, kind: str, outer: Mapping[str, Any]) -> str:
    """The call as JSON text, whole; as it came where it cannot be read."""
    try:
        call = _any.decode(raw)
        assert isinstance(call, dict)
    except (*UNREADABLE, AssertionError):
        return bytes(raw).decode("utf-8", "replace").replace("\0", "\ufffd")
    whole = merged(call, outer)
    whole.pop("writeKey", None)
    if kind:
        whole["type"] = kind
    return msgspec.json.encode(whole).decode()
