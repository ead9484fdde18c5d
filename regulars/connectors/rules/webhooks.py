"""Standard Webhooks: signatures, when a message is tried again, and which addresses may be called."""

import base64
import hmac
import ipaddress
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

PREFIX = "whsec_"
TOLERANCE_S = 5 * 60
"""A receiver refuses what was signed longer ago than this."""

PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""How long to wait after each failed try; after the last one the message has failed."""

OFF_AFTER = timedelta(days=5)
"""A destination that has not taken anything for so long is switched off."""

OLD_SECRET_SIGNS_FOR = timedelta(hours=24)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def new_secret() -> str:
    """A secret of 32 random bytes in the form that Standard Webhooks give it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, *, message_id: str, timestamp: int, body: str) -> str:
    """The signature `v1,…` of a message: HMAC-SHA256 over its id, the time of sending and the body.

    Standard Webhooks 1.0, with the example of its reference libraries:

    >>> signature(
    ...     "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
    ...     timestamp=1614265330, body='{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.{body}".encode()
    return f"v1,{base64.b64encode(hmac.digest(key, signed, sha256)).decode()}"


def headers_of(
    signing: Iterable[str], *, message_id: str, timestamp: int, body: str
) -> dict[str, str]:
    """The headers of a message, signed with every secret that signs now."""
    signed = [
        signature(one, message_id=message_id, timestamp=timestamp, body=body) for one in signing
    ]
    return {
        "content-type": "application/json",
        "user-agent": "Regulars-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signed),
    }


def secrets_in_force(kept: Sequence[Mapping[str, str | None]], now: datetime) -> list[str]:
    """Which of the kept secrets sign now, the newest first."""
    return [
        str(one["secret"])
        for one in kept
        if not one.get("until") or datetime.fromisoformat(str(one["until"])) > now
    ]


def rotated(
    kept: Sequence[Mapping[str, str | None]], secret: str, now: datetime
) -> list[dict[str, str | None]]:
    """The secrets after a new one came: those before sign for a day more, beside it."""
    until = (now + OLD_SECRET_SIGNS_FOR).isoformat()
    before: list[dict[str, str | None]] = [
        {"secret": one, "until": until} for one in secrets_in_force(kept, now)[:1]
    ]
    return [{"secret": secret, "until": None}, *before]


def pause_after(attempts: int) -> timedelta | None:
    """How long to wait after so many failed tries; None after the last.

    >>> pause_after(1).total_seconds(), pause_after(10).total_seconds(), pause_after(11)
    (5.0, 86400.0, None)
    """
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None


def problem_of_url(url: str, *, may_be_plain: bool) -> str:
    """A code of what is wrong with an address as such; empty where nothing is.

    >>> problem_of_url("https://hooks.example.com/in", may_be_plain=False)
    ''
    >>> problem_of_url("http://hooks.example.com/in", may_be_plain=False)
    'not_https'
    >>> problem_of_url("https://user:secret@example.com", may_be_plain=False)
    'not_an_address'
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "not_an_address"
    if not host or parts.username or parts.password or port == 0 or " " in url:
        return "not_an_address"
    if parts.scheme == "https" or (may_be_plain and parts.scheme == "http"):
        return ""
    return "not_https"


def networks(text: str) -> list[Network]:
    """The networks that a setting names, by commas; what is not one is left out.

    >>> [str(one) for one in networks("127.0.0.0/8, ::1, nonsense")]
    ['127.0.0.0/8', '::1/128']
    """
    found: list[Network] = []
    for part in text.split(","):
        try:
            found.append(ipaddress.ip_network(part.strip(), strict=False))
        except ValueError:
            continue
    return found


def may_reach(address: str, allowed: Iterable[Network]) -> bool:
    """Whether messages may go to an IP address: public ones, and those of the networks allowed.

    Addresses of IPv4 in the clothes of IPv6 count as what they are.

    >>> may_reach("93.184.215.14", []), may_reach("10.0.0.7", []), may_reach("::ffff:127.0.0.1", [])
    (True, False, False)
    >>> may_reach("169.254.169.254", []), may_reach("127.0.0.1", networks("127.0.0.0/8"))
    (False, True)
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)
    if any(ip.version == one.version and ip in one for one in allowed):
        return True
    return ip.is_global and not ip.is_multicast
