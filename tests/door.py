"""A running installation for tests that come from outside: a web server on the test's database."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx
from django.db import connection
from django.utils import timezone

from regulars.cli.serve import web_command
from regulars.connectors.actions import SourceWish, open_event_source
from regulars.connectors.collect.draining import drain_parcels
from regulars.connectors.models import EventSource
from regulars.customers.models import TrackedEvent

PATIENCE_S = 90
"""Long, because it is only ever waited out when something is broken."""


def database_url() -> str:
    """The database of this test, as the environment names it."""
    told = connection.settings_dict
    return f"postgresql://{told['USER']}@/{told['NAME']}?host={told['HOST']}&port={told['PORT']}"


@contextmanager
def running_door() -> Iterator[str]:
    """The address of a web server of one's own, for as long as the block runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        web_command(host="127.0.0.1", port=port, workers=1),
        env={**os.environ, "DATABASE_URL": database_url(), "BASE_URL": address},
        start_new_session=True,
    )
    try:
        until(lambda: _answers(address) or server.poll() is not None)
        assert server.poll() is None, "the web server ended at once"
        yield address
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def open_source(address: str) -> EventSource:
    """A source that the door at this address knows already."""
    made = open_event_source("web", SourceWish("Web shop"), now=timezone.now())
    known = f"{address}/v1/projects/{made.write_key}/settings"
    until(lambda: httpx.get(known, timeout=30).status_code == 200)
    return made


def _answers(address: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"{address}/healthz", timeout=5).status_code < 500
    return False


def until(holds: Callable[[], bool]) -> None:
    """Waits until something holds; fails when it does not in a long while."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)


def arrived(count: int = 0) -> list[TrackedEvent]:
    """The tracked events on record in the order of their happening; waits for so many of them."""

    def there() -> bool:
        drain_parcels(now=timezone.now())
        return TrackedEvent.objects.count() >= count

    until(there)
    return list(TrackedEvent.objects.order_by("at", "id"))
