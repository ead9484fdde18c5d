"""The one place that calls addresses other people typed in: public ones only, by the address checked.

The name is looked up once, every address it has is checked, and the call goes to the one that was
checked, so that a name that changes its mind meanwhile leads nowhere else. Redirects are not
followed, no proxy of the environment is used, and little of the answer is read.
"""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from regulars.connectors.rules.webhooks import may_reach, networks, problem_of_url
from regulars.environment import read

TIMEOUT = httpx.Timeout(10, connect=5)
TAKES_AT_MOST_S = 20
ANSWER_BYTES = 2_000


@dataclass(frozen=True)
class Answer:
    """What came of a call: a status, or why there was none; `wait_s` is what the other side asks."""

    status: int | None
    failure: str
    text: str
    took_ms: int
    wait_s: int = 0

    @property
    def is_good(self) -> bool:
        """Whether the message was taken: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


class NotAllowed(Exception):
    """The address may not be called; its text is a code."""


def may_be_plain() -> bool:
    """Whether `http://` will do: only where private networks are allowed, that is in tests and labs."""
    return bool(networks(read("WEBHOOKS_MAY_REACH")))


def checked_address(url: str) -> str:
    """The IP address that a URL leads to; `NotAllowed` where one of its addresses is private."""
    if problem := problem_of_url(url, may_be_plain=may_be_plain()):
        raise NotAllowed(problem)
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError:
        raise NotAllowed("unknown_host") from None
    addresses = [str(one[4][0]) for one in found]
    allowed = networks(read("WEBHOOKS_MAY_REACH"))
    if not addresses or not all(may_reach(one, allowed) for one in addresses):
        raise NotAllowed("private_address")
    return addresses[0]


def call(url: str, *, headers: Mapping[str, str], body: str) -> Answer:
    """Post a body to a URL once; says what came of it and never raises for what the other side did."""
    started_s = time.perf_counter()
    try:
        status, text, wait_s = _posted(url, headers, body)
        failure = "" if 200 <= status < 300 else f"HTTP {status}"
    except NotAllowed as refused:
        status, text, wait_s, failure = None, "", 0, str(refused)
    except (httpx.HTTPError, OSError, ValueError) as error:
        status, text, wait_s, failure = None, "", 0, f"{type(error).__name__}: {error}"[:300]
    took_ms = int((time.perf_counter() - started_s) * 1000)
    return Answer(status, failure, text, took_ms, wait_s)


def _posted(url: str, headers: Mapping[str, str], body: str) -> tuple[int, str, int]:
    address = checked_address(url)
    parts = urlsplit(url)
    host = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port else ""
    aimed = parts._replace(netloc=f"{host}{port}").geturl()
    named = {**headers, "host": parts.netloc}
    # The certificate is checked for the name that was typed in, not for the number.
    extensions = {"sni_hostname": parts.hostname}
    until_s = time.perf_counter() + TAKES_AT_MOST_S
    with (
        httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client,
        client.stream(
            "POST", aimed, content=body.encode(), headers=named, extensions=extensions
        ) as response,
    ):
        read_bytes = b""
        for block in response.iter_raw():
            read_bytes += block
            if len(read_bytes) >= ANSWER_BYTES or time.perf_counter() > until_s:
                break
        return response.status_code, _text(read_bytes), _wait_s(response)


def _text(content: bytes) -> str:
    return content[:ANSWER_BYTES].decode("utf-8", "replace").replace("\x00", "")[:300]


def _wait_s(response: httpx.Response) -> int:
    told = response.headers.get("retry-after", "")
    return min(int(told), 86_400) if told.isascii() and told.isdigit() else 0
