"""The program as its user runs it: started, served, interrupted, killed, started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of an installation of its own, with its own embedded database."""
    folder = tmp_path_factory.mktemp("installation") / "data"
    kept = {
        k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**kept, "REGULARS_DATA": str(folder), "BASE_URL": f"http://localhost:{port}"}
    yield environment
    for process in processes_of(folder):
        process.kill()


def regulars(*arguments: str, environment: dict[str, str], check: bool = True) -> dict[str, Any]:
    """What a command prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "regulars.cli", *arguments, "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not check or done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def processes_of(folder: Path) -> list[psutil.Process]:
    """Processes of the database in a data folder."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(folder) in " ".join(process.info["cmdline"] or ())
    ]


def start(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """`regulars serve`, waited for until its pages answer."""
    served = subprocess.Popen([sys.executable, "-m", "regulars.cli", "serve"], env=environment)
    address = environment["BASE_URL"].replace("localhost", "127.0.0.1")
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        assert served.poll() is None, "it ended by itself"
        try:
            if httpx.get(f"{address}/readyz", timeout=5).status_code == 200:
                return served
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    served.kill()
    raise AssertionError("it did not become ready in four minutes")


def test_init_makes_an_owner_with_a_link(installation: dict[str, str]) -> None:
    made = regulars("init", "--email", "Owner@Example.com", environment=installation)
    assert made["link"].startswith(installation["BASE_URL"])
    again = regulars("user", "list", environment=installation)
    assert [one["email"] for one in again["users"]] == ["owner@example.com"]


def test_doctor_finds_a_new_installation_well(installation: dict[str, str]) -> None:
    found = regulars("doctor", environment=installation)
    assert found["good"]
    assert found["settings"]["SECRET_KEY"]["value"] in {"", "(set)"}


def test_an_empty_ledger_has_no_mismatch(installation: dict[str, str]) -> None:
    assert regulars("audit", environment=installation)["mismatches"] == 0


def test_ctrl_c_ends_web_worker_and_database(installation: dict[str, str]) -> None:
    served = start(installation)
    children = psutil.Process(served.pid).children(recursive=True)
    assert len(children) >= 3
    served.send_signal(signal.SIGINT)
    assert served.wait(timeout=40) == 0
    assert not [child for child in children if child.is_running() and child.status() != "zombie"]
    assert not processes_of(Path(installation["REGULARS_DATA"]))


def test_killed_outright_it_starts_again_with_everything(installation: dict[str, str]) -> None:
    served = start(installation)
    regulars("user", "add", "kept@example.com", environment=installation)
    database = processes_of(Path(installation["REGULARS_DATA"]))
    served.kill()
    served.wait()
    for process in database:
        process.kill()
    served = start(installation)
    try:
        users = regulars("user", "list", environment=installation)["users"]
        assert "kept@example.com" in [one["email"] for one in users]
    finally:
        served.send_signal(signal.SIGTERM)
        served.wait(timeout=40)
