"""Vaults: files of named contents, sealed chunk by chunk, so that a backup of any size can be read.

The file is the magic, the id of its key and a random prefix; then chunks, each a length and an
AES-GCM text whose nonce is the prefix, the chunk's number and whether it is the last (STREAM,
Hoang et al. 2015). So chunks cannot be swapped, dropped or cut off unnoticed. Inside stands, for
each content, its name and its data in frames.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from regulars.core.errors import Refused
from regulars.core.sealing import key_of, keyring

MAGIC = b"REGULARS VAULT 1\n"
PURPOSE = "vault"
CHUNK = 1024 * 1024
_PREFIX = 7


class VaultWriter:
    """Writes a vault beside its place and moves it there when it is whole and on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._making = path.with_name(f"{path.name}.part")
        key, self._prefix = keyring()[0], os.urandom(_PREFIX)
        self._aes = AESGCM(key.derived(PURPOSE))
        self._file: BinaryIO = self._making.open("wb")
        self._file.write(MAGIC + key.id + self._prefix)
        self._buffer = bytearray()
        self._number = 0

    def add(self, name: str, blocks: Iterable[bytes]) -> int:
        """Adds a content under a name; how many bytes it has."""
        size = 0
        self._frame(name.encode())
        for block in blocks:
            for start in range(0, len(block), CHUNK):
                self._frame(block[start : start + CHUNK])
            size += len(block)
        self._frame(b"")
        return size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._seal(bytes(self._buffer), is_last=True)
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()
        if kind is None:
            self._making.replace(self._path)
        else:
            self._making.unlink(missing_ok=True)

    def _frame(self, data: bytes) -> None:
        self._buffer += struct.pack(">I", len(data)) + data
        while len(self._buffer) > CHUNK:
            self._seal(bytes(self._buffer[:CHUNK]), is_last=False)
            del self._buffer[:CHUNK]

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        closed = self._aes.encrypt(_nonce(self._prefix, self._number, is_last), chunk, None)
        self._file.write(struct.pack(">I", len(closed)) + closed)
        self._number += 1


def contents(path: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each content of a vault with its name, to be read in order; `Refused` for a broken one."""
    with path.open("rb") as file:
        stream = _Stream(file)
        while name := stream.frame():
            rest = stream.frames()
            yield name.decode(), rest
            for _block in rest:
                pass


class _Stream:
    """The plain bytes behind the chunks."""

    def __init__(self, file: BinaryIO) -> None:
        if file.read(len(MAGIC)) != MAGIC:
            raise Refused("no_backup", "this file is no backup of Regulars", "file")
        self._aes = AESGCM(key_of(file.read(4)).derived(PURPOSE))
        self._prefix = file.read(_PREFIX)
        self._file, self._number = file, 0
        self._buffer = bytearray()
        self._ended = False

    def frames(self) -> Iterator[bytes]:
        """The frames up to the end of a content."""
        while data := self.frame():
            yield data

    def frame(self) -> bytes:
        """The next frame; empty at the end of a content, and at the end of all."""
        head = self._take(4)
        return self._take(struct.unpack(">I", head)[0]) if head else b""

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size and not self._ended:
            self._open_chunk()
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _open_chunk(self) -> None:
        head = self._file.read(4)
        closed = self._file.read(struct.unpack(">I", head)[0]) if len(head) == 4 else b""
        for is_last in (False, True):
            try:
                nonce = _nonce(self._prefix, self._number, is_last)
                self._buffer += self._aes.decrypt(nonce, closed, None)
            except InvalidTag:
                continue
            self._number, self._ended = self._number + 1, is_last
            return
        raise Refused("broken_backup", "the backup is damaged or incomplete", "file")


def _nonce(prefix: bytes, number: int, is_last: bool) -> bytes:  # noqa: FBT001
    return prefix + struct.pack(">I?", number, is_last)
