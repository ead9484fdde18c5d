"""`regulars serve` and `regulars worker`: one process that watches over web and worker."""

import ctypes
import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Annotated
from urllib.parse import urlsplit

import typer

from regulars.cli.backup import restore_mark
from regulars.cli.console import prepare, speech, stop
from regulars.core.database import database_up_s, revive_database
from regulars.environment import read

APPLICATION = "regulars.asgi:application"
WORKERS = 2
BACKPRESSURE = 512
"""Requests under way in one web process; collecting is the quicker the more wait for one commit."""

GIVE_UP_AFTER = 5
"""A child that dies this often within a minute is broken, not unlucky."""
STOP_TIMEOUT_S = 20
DATABASE_EVERY_S = 2
"""How often we look whether the embedded database still answers."""


class Child:
    """A process we keep alive until we are told to stop."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self.command = command
        self.deaths: list[float] = []
        self.process = self._start()

    def revive(self) -> None:
        """Start it again if it died, once the database answers; `typer.Exit` when it dies too often.

        One that was killed outright, or whose database was away, is unlucky and not broken.
        """
        if self.process.poll() is None or (up_s := database_up_s()) is None:
            return
        now = time.monotonic()
        self.deaths = [death for death in self.deaths if now - death < 60]
        if self.process.returncode != -signal.SIGKILL and up_s > now - self.started:
            self.deaths.append(now)
        if len(self.deaths) >= GIVE_UP_AFTER:
            stop(f"{self.name} keeps dying (exit code {self.process.returncode}); stopping")
        speech.print(f"[yellow]{self.name} died, starting it again[/yellow]")
        self._end_family()
        self.process = self._start()

    def end(self) -> None:
        """Ask it to stop, and insist when it does not."""
        if self.process.poll() is None:
            self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_TIMEOUT_S)
        self._end_family()

    def _end_family(self) -> None:
        """What is left of its session: a child that was killed outright leaves its workers serving."""
        with suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _start(self) -> subprocess.Popen[bytes]:
        self.started = time.monotonic()
        return subprocess.Popen(self.command, preexec_fn=_die_with_parent, start_new_session=True)  # noqa: PLW1509 (single-threaded here)


def _die_with_parent() -> None:
    """A supervisor killed outright takes its children along (Linux; elsewhere they live on)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def web_command(*, host: str, port: int, workers: int, application: str = APPLICATION) -> list[str]:
    """The command line of the web server.

    Tasks are asyncio's: the server's own (2.8) cost a little less, but keep every request for ever.
    """
    return [
        sys.executable,
        "-m",
        "granian",
        "--interface=asgi",
        f"--host={host}",
        f"--port={port}",
        f"--workers={workers}",
        f"--backpressure={BACKPRESSURE}",
        "--respawn-failed-workers",
        "--workers-kill-timeout=8",
        "--workers-max-rss=900",
        "--no-ws",
        "--log-level=error",
        application,
    ]


def worker_command(*, only: str = "") -> list[str]:
    """The command line of a worker, of all queues or of one."""
    asked = [f"--only={only}"] if only else []
    return [sys.executable, "-m", "regulars.cli", "worker", "--attached", *asked]


@contextmanager
def web_server(*, workers: int = 1, application: str = APPLICATION) -> Iterator[str]:
    """The address of a web server of one's own, for as long as the block runs."""
    collect_static()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Child(
        "web",
        web_command(host="127.0.0.1", port=port, workers=workers, application=application),
    )
    try:
        _wait_for_web("127.0.0.1", port, server, [])
        yield f"http://127.0.0.1:{port}"
    finally:
        server.end()


def workers() -> list[Child]:
    """A worker for everything, and one for what somebody waits for, however long the rest takes."""
    return [
        Child("worker", worker_command()),
        Child("quick worker", worker_command(only="fast")),
    ]


def supervise(children: list[Child], *, until: Callable[[], bool]) -> None:
    """Keep the children and the embedded database alive until told to stop, then end them all."""
    looked_s = time.monotonic()
    try:
        while not until():
            for child in children:
                child.revive()
            if time.monotonic() > looked_s + DATABASE_EVERY_S:
                if revive_database():
                    speech.print("[yellow]the database died, starting it again[/yellow]")
                looked_s = time.monotonic()
            time.sleep(0.3)
    finally:
        for child in children:
            child.end()


def serve_all(*, host: str, port: int, on_ready: Callable[[], None]) -> None:
    """Run web and worker until Ctrl-C or SIGTERM; the embedded database ends with us."""
    told: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        told.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, remember)
    children = [
        Child("web", web_command(host=host, port=port, workers=WORKERS)),
        *workers(),
    ]
    _wait_for_web(host, port, children[0], told)
    if not told:
        on_ready()
    supervise(children, until=lambda: bool(told))
    speech.print("stopped; everything acknowledged is kept")


def _wait_for_web(host: str, port: int, web: Child, told: list[int]) -> None:
    import httpx

    address = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}/healthz"  # noqa: S104
    for _attempt in range(200):
        if told or web.process.poll() is not None:
            return
        with suppress(httpx.HTTPError):
            if httpx.get(address, timeout=5).status_code < 500:
                return
        time.sleep(0.15)


def collect_static() -> None:
    """Copy static files to where the server reads them, when they are not there or differ."""
    from django.conf import settings
    from django.core.management import call_command

    mark, wanted = Path(settings.STATIC_ROOT) / ".collected", _static_fingerprint()
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return
    call_command("collectstatic", verbosity=0, interactive=False)
    mark.write_text(wanted, encoding="utf-8")


def _static_fingerprint() -> str:
    """Differs when a static file was added, removed or changed: names, sizes and times."""
    from django.contrib.staticfiles.finders import get_finders

    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = Path(storage.path(name)).stat()
            digest.update(f"{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def address_of_base_url() -> tuple[str, int]:
    """The host and port to listen on when none are given."""
    parts = urlsplit(read("BASE_URL"))
    return "127.0.0.1", parts.port or 8000


def mount(app: typer.Typer) -> None:
    """Add `serve` and `worker`."""

    @app.command()
    def serve(
        host: Annotated[str, typer.Option(help="Address to listen on.")] = "",
        port: Annotated[int, typer.Option(help="Port to listen on.")] = 0,
    ) -> None:
        """Serve pages and API and run the worker, in one supervised process."""
        refuse_after_broken_restore()
        prepare()
        collect_static()
        known = address_of_base_url()
        host, port = host or known[0], port or known[1]
        serve_all(
            host=host,
            port=port,
            on_ready=lambda: speech.print(f"Regulars is at [bold]{read('BASE_URL')}[/bold]"),
        )

    @app.command()
    def worker(
        attached: Annotated[bool, typer.Option(hidden=True)] = False,
        only: Annotated[str, typer.Option(help="Take jobs of this queue alone.")] = "",
    ) -> None:
        """Run a worker alone: jobs, schedules, deliveries of events."""
        refuse_after_broken_restore()
        prepare(migrate=not attached)
        run_worker(only=only)


def refuse_after_broken_restore() -> None:
    """Nothing is served before a restore has ended: erased people would be there again."""
    if restore_mark().exists():
        stop("a restore did not end: empty this installation and restore again")


def run_worker(*, wait: bool = True, only: str = "") -> None:
    """Work through the queue; until told to stop, or with `wait=False` until it is empty.

    A worker of one queue leaves the draining of arrivals, and the lines to providers, to the one of
    all.
    """
    from django.utils import timezone
    from procrastinate.contrib.django import app as jobs

    from regulars.channels.actions.lines import keep_lines
    from regulars.connectors.collect.draining import drain_parcels, tend_parcels
    from regulars.core.jobs import load_jobs

    load_jobs()
    stop = threading.Event()
    if not only:
        drain_parcels(now=timezone.now())
    tended = [tend_parcels, keep_lines] if wait and not only else []
    tenders = [threading.Thread(target=tend, args=(stop,), name=tend.__name__) for tend in tended]
    for tender in tenders:
        tender.start()
    try:
        with jobs.replace_connector(jobs.connector.get_worker_connector()) as running:  # type: ignore[attr-defined]
            running.run_worker(
                queues=[only] if only else None,
                wait=wait,
                concurrency=4,
                install_signal_handlers=True,
                listen_notify=wait,
                fetch_job_polling_interval=2,
                shutdown_graceful_timeout=15,
                delete_jobs="successful",
            )
    finally:
        stop.set()
        for tender in tenders:
            tender.join()
