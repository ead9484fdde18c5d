"""IMAP on loopback: a real server with one user in a process of its own, and one that is full."""

import imaplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WAITS_S = 60
"""So long a server is waited for, on a machine that is busy; then the test fails."""


@contextmanager
def imap_server() -> Iterator[int]:
    """The port of an IMAP server for as long as the block runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("pymap")
    served = subprocess.Popen(
        [program, "--host", "127.0.0.1", "--port", str(port), "--no-service", "admin", "dict"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + WAITS_S
        while not _answers(port):
            assert served.poll() is None, "the IMAP server ended"
            assert time.monotonic() < deadline, "the IMAP server does not answer"
            time.sleep(0.1)
        yield port
    finally:
        served.kill()
        served.wait(WAITS_S)


def opened(port: int) -> imaplib.IMAP4:
    """The mailbox of the one user."""
    found = imaplib.IMAP4("127.0.0.1", port, timeout=WAITS_S)
    found.login("demouser", "demopass")
    return found


def _answers(port: int) -> bool:
    with suppress(OSError, imaplib.IMAP4.error), opened(port):
        return True
    return False


@contextmanager
def full_server() -> Iterator[int]:
    """The port of a server that turns away whoever comes first."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(WAITS_S)
        door = threading.Thread(target=_turn_away, args=(server,), daemon=True)
        door.start()
        yield server.getsockname()[1]
        door.join(WAITS_S)


def _turn_away(server: socket.socket) -> None:
    caller, _address = server.accept()
    with caller:
        caller.sendall(b"* BYE Too many connections\r\n")
