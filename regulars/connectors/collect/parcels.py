"""How requests are laid into a parcel, and read out of it.

A parcel is a row of frames. A frame is a head and a body, each after its length in four bytes; the
body is the request's, byte for byte, so nothing a client sent is lost before it is understood.

A parcel of some size is stored packed (LZ4), after a mark that no length of a head is and its size:
what clients send repeats itself, and PostgreSQL would take ten times as long to find that out.
"""

import struct
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

_LENGTHS = struct.Struct("<II")


class Head(msgspec.Struct, array_like=True):
    """What goes with a request's body: whose it is, when it came, and what the plan said of it.

    `kind` is the type of the only call, empty for a batch; `skipped` and `flawed` are places in
    the batch: of calls that became dead letters, and of calls let in with a mark.
    """

    source: str
    received_at: datetime
    kind: str = ""
    skipped: tuple[int, ...] = ()
    flawed: tuple[int, ...] = ()


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Head)


def frame(head: Head, body: bytes) -> list[bytes]:
    """The pieces of a frame."""
    packed = _encoder.encode(head)
    return [_LENGTHS.pack(len(packed), len(body)), packed, body]


PACKED_FROM = 2_000
"""Below this many bytes packing is not worth its time."""

_PACKED = 0xFFFFFFFF


def packed(parcel: bytes) -> bytes:
    """A parcel as it is stored.

    >>> parcel = b"".join(frame(Head("web", datetime(2026, 3, 2)), b"1" * 9_000))
    >>> len(packed(parcel)) < 200, unpacked(packed(parcel)) == parcel, packed(b"short")
    (True, True, b'short')
    """
    if len(parcel) < PACKED_FROM:
        return parcel
    small = _arrow().compress(parcel, "lz4", asbytes=True)
    return b"".join((_LENGTHS.pack(_PACKED, len(parcel)), small))


def unpacked(stored: bytes | memoryview) -> bytes | memoryview:
    """A parcel as it was before it was stored."""
    if len(stored) < _LENGTHS.size:
        return stored
    mark, size = _LENGTHS.unpack_from(stored)
    if mark != _PACKED:
        return stored
    body = memoryview(stored)[_LENGTHS.size :]
    return bytes(_arrow().decompress(body, size, "lz4", asbytes=True))


def _arrow() -> Any:
    """Loaded by the first parcel of some size: who collects nothing need not hold it in memory."""
    import pyarrow as pa

    return pa


def frames(parcel: bytes | memoryview) -> Iterator[tuple[Head, bytes]]:
    """The requests of a parcel in the order they came.

    >>> from datetime import UTC
    >>> head = Head("web", datetime(2026, 3, 2, tzinfo=UTC), "track")
    >>> list(frames(b"".join(frame(head, b"{}")))) == [(head, b"{}")]
    True
    """
    view = memoryview(unpacked(parcel))
    place = 0
    while place < len(view):
        head_length, body_length = _LENGTHS.unpack_from(view, place)
        middle = place + _LENGTHS.size + head_length
        yield (
            _decoder.decode(view[place + _LENGTHS.size : middle]),
            bytes(view[middle : middle + body_length]),
        )
        place = middle + body_length
