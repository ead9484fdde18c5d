"""An installation of its own for tests that start the program as its user does, and kill it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

Environment = dict[str, str]
Served = subprocess.Popen[bytes]

READY_S = 240
KILLS = int(os.environ.get("REGULARS_KILLS", "2"))
"""How often a test kills something; `make soak` kills twenty times."""


@contextmanager
def new_installation(folder: Path) -> Iterator[Environment]:
    """The environment of an installation in a folder, with its own embedded database."""
    kept = {
        k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    yield {**kept, "REGULARS_DATA": str(folder), "BASE_URL": f"http://localhost:{port}"}
    for process in [*processes_of(folder), *_left_behind(folder)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _left_behind(folder: Path) -> Iterator[psutil.Process]:
    """Processes that a killed supervisor left; they would hold the run's output open for ever."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get("REGULARS_DATA") == str(folder):
                yield process


def address_of(environment: Environment) -> str:
    """Where the program answers; by number, so that no name is looked up."""
    return environment["BASE_URL"].replace("localhost", "127.0.0.1")


def regulars(*arguments: str, environment: Environment, check: bool = True) -> dict[str, Any]:
    """What a command prints as JSON."""
    done = _run([sys.executable, "-m", "regulars.cli", *arguments, "--json"], environment)
    assert not check or done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def in_installation(code: str, environment: Environment) -> str:
    """The last line that some code prints where the program is prepared."""
    prepared = f"from regulars.cli.console import prepare\nprepare()\n{code}"
    done = _run([sys.executable, "-c", prepared], environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def _run(command: list[str], environment: Environment) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=READY_S, check=False
    )


def start(environment: Environment) -> Served:
    """`regulars serve`, waited for until its pages answer."""
    served = subprocess.Popen([sys.executable, "-m", "regulars.cli", "serve"], env=environment)
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        assert served.poll() is None, "it ended by itself"
        with suppress(httpx.HTTPError):
            if httpx.get(f"{address_of(environment)}/readyz", timeout=5).status_code == 200:
                return served
        time.sleep(0.2)
    served.kill()
    raise AssertionError("it did not become ready in four minutes")


@contextmanager
def serving(environment: Environment) -> Iterator[Served]:
    """The running program, for as long as the block runs."""
    served = start(environment)
    try:
        yield served
    finally:
        served.terminate()
        served.wait(timeout=60)


def processes_of(folder: Path) -> list[psutil.Process]:
    """Processes of the database in a data folder."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(folder) in " ".join(process.info["cmdline"] or ())
    ]


def webs_of(served: Served) -> list[psutil.Process]:
    """The processes of the web server."""
    return [
        child
        for child in psutil.Process(served.pid).children(recursive=True)
        if "granian" in " ".join(child.cmdline())
    ]


def strike(place: int, served: Served, environment: Environment) -> None:
    """Kills the web server and the database outright, in turn."""
    database = processes_of(Path(environment["REGULARS_DATA"]))
    victims = database if place % 2 else webs_of(served)
    assert victims, "there is nobody to kill"
    for process in victims:
        with suppress(psutil.NoSuchProcess):
            process.kill()
