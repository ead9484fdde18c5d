"""The sound of one call: prompts go out in frames of 20 ms, keys come in by RFC 4733."""

import asyncio
import secrets
import struct
import time
from typing import cast

from regulars.channels.telephony.audio import FRAME_BYTES, FRAME_MS
from regulars.channels.telephony.sip import Media

KEYS = "0123456789*#"
SAME_KEY_S = 0.3
"""Packets of one press share their moment and follow each other closer than that."""

_HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")


def key_in(packet: bytes, digits_type: int) -> tuple[int, str] | None:
    """The moment and the key of a packet with a digit, or None for other packets.

    >>> key_in(bytes([128, 101]) + bytes(2) + (7).to_bytes(4, "big") + bytes(4) + bytes([9, 0, 0, 0]), 101)
    (7, '9')
    >>> key_in(b"x", 101) is None
    True
    """
    if len(packet) < _HEADER.size + _EVENT.size:
        return None
    flags, kind, _number, moment, _source = _HEADER.unpack_from(packet)
    start = _HEADER.size + 4 * (flags & 0x0F)
    if flags >> 6 != 2 or kind & 0x7F != digits_type or len(packet) < start + _EVENT.size:
        return None
    event = packet[start]
    return (moment, KEYS[event]) if event < len(KEYS) else None


class Sound(asyncio.DatagramProtocol):
    """Sends a prompt until it ends or a key is pressed; each key is put into a queue once."""

    def __init__(self, media: Media) -> None:
        self.media = media
        self.keys: asyncio.Queue[str] = asyncio.Queue(maxsize=100)
        self._transport: asyncio.DatagramTransport | None = None
        self._last_moment, self._last_s = -1, 0.0
        self._number = secrets.randbelow(65536)
        self._moment = secrets.randbelow(2**31)
        self._source = secrets.randbits(32)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""

        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Takes a key once, although its packet comes many times; only from the caller's host."""
        found = key_in(data, self.media.digits_type)
        if found is None or addr[0] != self.media.host:
            return
        now_s = time.monotonic()
        is_same = found[0] == self._last_moment and now_s - self._last_s < SAME_KEY_S
        self._last_moment, self._last_s = found[0], now_s
        if is_same:
            return
        if not self.keys.full():
            self.keys.put_nowait(found[1])

    async def play(self, sound: bytes) -> bool:
        """Play a prompt; whether it was heard to its end. A key pressed meanwhile cuts it short."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        for start in range(0, len(sound), FRAME_BYTES):
            if not self.keys.empty():
                return False
            self._send(sound[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\xff"), start == 0)
            due_s += FRAME_MS / 1000
            await asyncio.sleep(max(0.0, due_s - loop.time()))
        return True

    async def key(self, timeout_s: float) -> str:
        """The next key, or an empty text when none comes in time."""
        try:
            return await asyncio.wait_for(self.keys.get(), timeout_s)
        except TimeoutError:
            return ""

    def _send(self, frame: bytes, is_first: bool) -> None:  # noqa: FBT001
        if self._transport is None or self._transport.is_closing():
            return
        self._number = (self._number + 1) % 65536
        self._moment = (self._moment + FRAME_BYTES) % 2**32
        kind = 0x80 if is_first else 0
        header = _HEADER.pack(0x80, kind, self._number, self._moment, self._source)
        self._transport.sendto(header + frame, (self.media.host, self.media.port))

    @property
    def port(self) -> int:
        """Where the caller's sound and keys arrive."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()
