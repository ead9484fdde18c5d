"""The picture of a card on a phone's home screen, in the colour of the company."""

import struct
import zlib

SIZES = (180, 192, 512)
"""Pixels of a side: for Apple's home screen, for others, for the screen while it starts."""


def card_icon(color: str, ink: str, *, size: int) -> bytes:
    """A square PNG of `size` pixels: a card in `ink` on `color`, both `#rrggbb`.

    What matters lies in the middle four fifths, so that a phone may cut the corners round.

    >>> card_icon("#2249c9", "#ffffff", size=180)[:4]
    b'\\x89PNG'
    """
    ground, card = b"\0", b"\1"
    left, right = size * 22 // 100, size * 78 // 100
    top, bottom = size * 31 // 100, size * 69 // 100
    stripe = range(size * 40 // 100, size * 48 // 100)
    plain = b"\0" + ground * size
    drawn = b"\0" + ground * left + card * (right - left) + ground * (size - right)
    rows = [drawn if top <= y < bottom and y not in stripe else plain for y in range(size)]
    header = struct.pack(">IIBBBBB", size, size, 8, 3, 0, 0, 0)
    palette = bytes.fromhex(color.lstrip("#") + ink.lstrip("#"))
    parts = [(b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(b"".join(rows), 9))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in (*parts, (b"IEND", b"")))


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))
