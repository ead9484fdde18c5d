"""Sealed values: AES-GCM under a key kept outside the database, for what hurts most when it leaks.

The keys are texts: those of `ENCRYPTION_KEY`, by commas, the newest first; or the lines of the file
`encryption_key`, made once in the data folder. The first one seals, all of them open, and a sealed
value names its key, so a new key is put in front and old values are sealed again at leisure.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.apps import apps
from django.db import models

from regulars.core.errors import Refused
from regulars.environment import data_folder, read

_VERSION = b"\x01"
_ID, _NONCE = 4, 12
if TYPE_CHECKING:
    _Bytes = models.BinaryField[Any, Any]
else:
    _Bytes = models.BinaryField

LENGTH_MIN = 20
"""A key is at least this many characters."""


@dataclass(frozen=True)
class Key:
    """One key of the installation; what is sealed is sealed with keys derived from it."""

    text: str

    @cached_property
    def id(self) -> bytes:
        """Four bytes by which a sealed value names its key; they tell nothing of the key."""
        return hashlib.sha256(b"regulars key id\0" + self.text.encode()).digest()[:_ID]

    def derived(self, purpose: str) -> bytes:
        """32 bytes for one purpose (HKDF, RFC 5869)."""
        return HKDF(SHA256(), 32, None, f"regulars {purpose}".encode()).derive(self.text.encode())

    def digest(self, value: str, purpose: str) -> str:
        """64 hexadecimal digits that stand for a value, and tell nothing to whoever lacks the key."""
        return hmac.new(self.derived(purpose), value.encode(), "sha256").hexdigest()


def keyring() -> list[Key]:
    """The keys of this installation, the one that seals first."""
    if given := read("ENCRYPTION_KEY"):
        return _keys(given)
    kept = data_folder() / "encryption_key"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        made = kept.with_name(f"{kept.name}.{os.getpid()}")
        made.touch(mode=0o600)
        made.write_text(f"{secrets.token_urlsafe(32)}\n", encoding="utf-8")
        try:
            os.link(made, kept)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return _keys(kept.read_text(encoding="utf-8").replace("\n", ","))


@lru_cache(maxsize=4)
def _keys(text: str) -> list[Key]:
    keys = [Key(part.strip()) for part in text.split(",") if part.strip()]
    if not keys or any(len(key.text) < LENGTH_MIN for key in keys):
        raise Refused("weak_key", f"a key has at least {LENGTH_MIN} characters", "ENCRYPTION_KEY")
    return keys


def key_of(id: bytes) -> Key:
    """The key of that id; `Refused` where this installation does not have it."""
    for key in keyring():
        if key.id == id:
            return key
    raise Refused("key_is_missing", f"the key {id.hex()} is not among the keys", "ENCRYPTION_KEY")


def seal(content: bytes, *, purpose: str) -> bytes:
    """The content, sealed: only an installation with the key can read it, and nobody can change it.

    `purpose` says what it is for; a value that was sealed for something else does not open.
    """
    key, nonce = keyring()[0], os.urandom(_NONCE)
    closed = AESGCM(key.derived(purpose)).encrypt(nonce, content, purpose.encode())
    return _VERSION + key.id + nonce + closed


def unseal(sealed: bytes, *, purpose: str) -> bytes:
    """What was sealed; `Refused` without its key, or where it was changed."""
    sealed = bytes(sealed)
    if sealed[:1] != _VERSION:
        raise Refused("not_sealed", "this is not a sealed value")
    key, rest = key_of(sealed[1 : 1 + _ID]), sealed[1 + _ID :]
    try:
        aes = AESGCM(key.derived(purpose))
        return aes.decrypt(rest[:_NONCE], rest[_NONCE:], purpose.encode())
    except InvalidTag:
        raise Refused("seal_is_broken", "the sealed value was changed") from None


class _SealedField(_Bytes):
    """A column whose values are sealed on the way in and opened on the way out."""

    @property
    def purpose(self) -> str:
        """What its values are sealed for: their table and column."""
        return f"{self.model._meta.db_table}.{self.column}"

    def sealed(self, value: Any) -> bytes:
        """The value as this column holds it, for statements that write whole batches."""
        return seal(self._bytes(value), purpose=self.purpose)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002
        closed = None if value is None else self.sealed(value)
        return super().get_db_prep_value(closed, connection, prepared)

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Any:
        return None if value is None else self._value(unseal(value, purpose=self.purpose))

    def _bytes(self, value: Any) -> bytes:
        return bytes(value)

    def _value(self, content: bytes) -> Any:
        return content

    def value_to_string(self, obj: models.Model) -> str:
        return base64.b64encode(self.sealed(self.value_from_object(obj))).decode()


class SealedBytesField(_SealedField):
    """Bytes, sealed."""


class SealedTextField(_SealedField):
    """Text, sealed. It cannot be searched or sorted by."""

    def _bytes(self, value: Any) -> bytes:
        return str(value).encode()

    def _value(self, content: bytes) -> Any:
        return content.decode()


class SealedJSONField(_SealedField):
    """Plain values, sealed. They cannot be searched."""

    def _bytes(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False).encode()

    def _value(self, content: bytes) -> Any:
        return json.loads(content)


def sealed_columns() -> Iterator[tuple[type[models.Model], _SealedField]]:
    """Every sealed column of the installation with its model."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, _SealedField):
                yield model, field


def seal_again(*, batch: int = 500) -> int:
    """Seals with the newest key what an older one sealed; how many values it were.

    After it the old key may be taken off the list. Safe to stop and repeat.
    """
    newest = _VERSION + keyring()[0].id
    count = 0
    for model, field in sealed_columns():
        old = (
            f'SELECT * FROM "{model._meta.db_table}"'
            f' WHERE substring("{field.column}" from 1 for {len(newest)}) <> %s'
            f" ORDER BY id LIMIT {batch}"
        )
        while rows := list(model._default_manager.raw(old, [newest])):
            model._default_manager.bulk_update(rows, [field.name])
            count += len(rows)
    return count
