"""The program as its user runs it: started, served, interrupted, killed, started again."""

import signal
from itertools import pairwise
from pathlib import Path

import httpx
import psutil
import pytest
import typer

from regulars.cli.serve import GIVE_UP_AFTER, Child
from regulars.core.database import ensure_database, leave_database, revive_database
from tests.served import (
    Environment,
    in_installation,
    processes_of,
    regulars,
    serving,
    start,
    webs_of,
)


def test_init_makes_an_owner_with_a_link(installation: Environment) -> None:
    made = regulars("init", "--email", "Owner@Example.com", environment=installation)
    assert made["link"].startswith(installation["BASE_URL"])
    again = regulars("user", "list", environment=installation)
    assert [one["email"] for one in again["users"]] == ["owner@example.com"]


def test_doctor_finds_a_new_installation_well(installation: Environment) -> None:
    found = regulars("doctor", environment=installation)
    assert found["good"]
    assert found["settings"]["SECRET_KEY"]["value"] in {"", "(set)"}


def test_the_ledger_has_no_mismatch(installation: Environment) -> None:
    assert regulars("audit", environment=installation)["mismatches"] == 0


def test_ctrl_c_ends_web_worker_and_database(installation: Environment) -> None:
    served = start(installation)
    children = psutil.Process(served.pid).children(recursive=True)
    assert len(children) >= 3
    served.send_signal(signal.SIGINT)
    assert served.wait(timeout=40) == 0
    assert not [child for child in children if child.is_running() and child.status() != "zombie"]
    assert not processes_of(Path(installation["REGULARS_DATA"]))


def test_a_web_server_that_is_killed_leaves_no_workers_serving(installation: Environment) -> None:
    with serving(installation) as served:
        (web,) = [
            one for one in psutil.Process(served.pid).children() if "granian" in one.cmdline()
        ]
        workers = web.children()
        assert workers
        web.kill()
        assert not psutil.wait_procs(workers, timeout=20)[1]


NEW_KEY = """
from django.utils.timezone import now
from regulars.core.api.keys import create_key
print(create_key(name="memory", scopes=["purchases:write"], now=now()).secret)
"""


def test_a_web_server_keeps_nothing_of_a_request(installation: Environment) -> None:
    """Not what waited for a commit either: a server's way with tasks may keep all of it for ever."""
    basket = {"customer": {"kind": "card", "value": "1"}, "lines": [{"total_minor": 100}]}
    headers = {"Authorization": f"Bearer {in_installation(NEW_KEY, installation).strip()}"}
    with serving(installation) as served:
        webs = webs_of(served)

        def kept_bytes(requests: int) -> int:
            with httpx.Client(base_url=installation["BASE_URL"], headers=headers) as client:
                for _ in range(requests):
                    client.post("/api/v1/till/quote", json=basket).raise_for_status()
            return sum(one.memory_full_info().uss for one in webs)

        held = [kept_bytes(600) for _ in range(4)]
        grown = [after - before for before, after in pairwise(held)]
        assert min(grown) < 400 * 1024, "each 600 requests leave something behind"


def test_killed_outright_it_starts_again_with_everything(installation: Environment) -> None:
    served = start(installation)
    regulars("user", "add", "kept@example.com", environment=installation)
    database = processes_of(Path(installation["REGULARS_DATA"]))
    served.kill()
    served.wait()
    for process in database:
        process.kill()
    with serving(installation):
        users = regulars("user", "list", environment=installation)["users"]
        assert "kept@example.com" in [one["email"] for one in users]


def test_whoever_is_killed_outright_is_started_again_however_often() -> None:
    child = Child("sleeper", ["sleep", "60"])
    for _ in range(GIVE_UP_AFTER + 1):
        child.process.kill()
        child.process.wait()
        child.revive()
    child.end()


def test_whoever_dies_because_the_database_was_away_is_started_again_however_often(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REGULARS_DATA", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL")
    ensure_database()
    child = Child("unlucky", ["false"])
    for _ in range(GIVE_UP_AFTER + 1):
        for process in processes_of(tmp_path):
            process.kill()
        before = child.process
        before.wait()
        child.revive()
        assert child.process is before, "it waits for the database"
        assert revive_database()
        child.revive()
        assert child.process is not before
    child.end()
    leave_database()


def test_whoever_keeps_dying_by_itself_is_given_up() -> None:
    child = Child("broken", ["false"])
    for _ in range(GIVE_UP_AFTER - 1):
        child.process.wait()
        child.revive()
    child.process.wait()
    with pytest.raises(typer.Exit):
        child.revive()
