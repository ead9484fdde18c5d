"""API keys: made, recognised, revoked."""

import hashlib
import re
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from regulars.core.errors import NotFound, Refused
from regulars.core.models import ApiKey

_LETTERS = string.ascii_letters + string.digits
_SCOPE = re.compile(r"[a-z_]+:[a-z_]+|\*")
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class NewKey:
    """A key that was just made, with the only copy of its secret."""

    key: ApiKey
    secret: str


def create_key(
    *,
    name: str,
    scopes: Iterable[str],
    now: datetime,
    stores: Iterable[int] | None = None,
    expires_at: datetime | None = None,
) -> NewKey:
    """Let a program in; the secret in the answer is never to be had again."""
    if not name.strip():
        raise Refused("name_is_missing", _("Give the key a name."), "name")
    wanted = sorted(set(scopes))
    if not wanted or not all(_SCOPE.fullmatch(scope) for scope in wanted):
        raise Refused("scopes_are_missing", _("Choose what the key may do."), "scopes")
    if expires_at is not None and expires_at <= now:
        raise Refused("expiry_is_past", _("The key would expire in the past."), "expires_at")
    prefix, rest = _random(8), _random(32)
    secret = f"rk_{prefix}_{rest}"
    key = ApiKey.objects.create(
        name=name.strip(),
        prefix=prefix,
        secret_hash=_hashed(secret),
        scopes=wanted,
        stores=None if stores is None else sorted(set(stores)),
        created_at=now,
        expires_at=expires_at,
    )
    return NewKey(key, secret)


def revoke_key(*, key_id: int, now: datetime) -> None:
    """Shut a program out from its next request on; doing it again changes nothing."""
    found = ApiKey.objects.filter(pk=key_id)
    if not found.exists():
        raise NotFound("not_found", _("There is no such key."), "key_id")
    found.filter(revoked_at=None).update(revoked_at=now)


def find_key(secret: str, *, now: datetime) -> ApiKey | None:
    """The key with this secret, if it is neither revoked nor expired; its use is noted.

    One query; a second one at most once a minute, to note the use.
    """
    kind, _mark, rest = secret.partition("_")
    key = ApiKey.objects.filter(prefix=rest[:8]).first() if kind == "rk" else None
    if key is None or not secrets.compare_digest(key.secret_hash, _hashed(secret)):
        return None
    if key.revoked_at or (key.expires_at and key.expires_at <= now):
        return None
    if key.last_used_at is None or key.last_used_at < now - _NOTED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _hashed(secret: str) -> str:
    # A plain hash is enough: the secret is 190 random bits, which nobody can guess through.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
