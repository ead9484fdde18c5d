"""Killed outright while events pour in: what was acknowledged is on record, once."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Self
from urllib.parse import urlencode

import httpx
import pytest
from django.db import connection
from django.utils import timezone

from regulars.cli.serve import Child, web_command, worker_command
from regulars.connectors.actions import SourceWish, open_event_source
from regulars.connectors.models import Parcel
from regulars.customers.models import TrackedEvent

SENDERS = 4
BATCH = 20


@pytest.fixture
def own_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes started by the test work in the test's database."""
    told = connection.settings_dict
    query = urlencode({"host": told["HOST"]} if told["HOST"].startswith("/") else {})
    place = "" if query else told["HOST"]
    user = f"{told['USER']}:{told['PASSWORD']}" if told["PASSWORD"] else told["USER"]
    port = f":{told['PORT']}" if told["PORT"] else ""
    url = f"postgresql://{user}@{place}{port}/{told['NAME']}?{query}"
    monkeypatch.setenv("DATABASE_URL", url)


@contextmanager
def running(command: list[str]) -> Iterator[Child]:
    child = Child(command[2], command)
    try:
        yield child
    finally:
        kill(child)


def kill(child: Child) -> None:
    """SIGKILL for a process and all that it started; a supervisor would start it again."""
    with suppress(ProcessLookupError):
        os.killpg(child.process.pid, signal.SIGKILL)
    child.process.wait()


def until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 240
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


class Pouring:
    """Senders that post batches without a pause, and remember what was acknowledged."""

    def __init__(self, address: str, key: str) -> None:
        self.address, self.key = address, key
        self.acknowledged: list[str] = []
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.send, args=(n,)) for n in range(SENDERS)]

    def send(self, sender: int) -> None:
        number = 0
        with httpx.Client(base_url=self.address, auth=(self.key, ""), timeout=10) as client:
            while not self.stop.is_set():
                number += 1
                ids = [f"{sender}-{number}-{n}" for n in range(BATCH)]
                calls = [
                    {"type": "track", "event": "Seen", "messageId": one, "userId": f"u{sender}"}
                    for one in ids
                ]
                # A client repeats what was not acknowledged, also when it was written.
                while not self.stop.is_set():
                    with suppress(httpx.HTTPError):
                        if client.post("/v1/batch", json={"batch": calls}).status_code == 200:
                            self.acknowledged += ids
                            break
                    time.sleep(0.05)

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def more(self, count: int) -> None:
        """Wait until so many more events were acknowledged."""
        wanted = len(self.acknowledged) + count
        until(lambda: len(self.acknowledged) >= wanted, "nothing is acknowledged any more")


@pytest.mark.django_db(transaction=True)
def test_killed_in_mid_load_everything_acknowledged_is_there_once(own_database: None) -> None:
    source = open_event_source("web", SourceWish("Web"), now=timezone.now())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    web = web_command(host="127.0.0.1", port=port, workers=2)
    with (
        Pouring(f"http://127.0.0.1:{port}", source.write_key) as pouring,
        running(worker_command()) as worker,
    ):
        with running(web):
            pouring.more(400)
        with running(web):
            pouring.more(400)
            until(TrackedEvent.objects.exists, "the worker drains nothing")
            kill(worker)
            pouring.more(400)
            with running(worker_command()):
                pouring.more(400)
                pouring.stop.set()
                waiting = Parcel.objects.filter(drained_at=None)
                until(lambda: not waiting.exists(), "the worker does not catch up")
    recorded = list(TrackedEvent.objects.values_list("message_id", flat=True))
    assert len(recorded) == len(set(recorded))
    assert set(pouring.acknowledged) <= set(recorded)
