"""Where a test run lives: a data folder and an embedded database of its own.

Loaded by `-p tests.installation` (see pyproject.toml) before pytest-django reads the settings, which
take their folders from the environment. With `REGULARS_DATA` set the run uses that folder, and the
next run starts faster.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import psycopg

from regulars.core.database import ensure_database

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")


def settle() -> None:
    """Prepares the environment; the workers of a run share its database server, not its folder."""
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    if WORKER:
        os.environ["REGULARS_DATA"] = str(Path(os.environ["REGULARS_DATA"]) / WORKER)
        return
    mine = not os.environ.get("REGULARS_DATA")
    if mine:
        folder = Path(tempfile.mkdtemp(prefix="regulars-tests-"))
        # Registered before the server's own ending, so that it runs after it.
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["REGULARS_DATA"] = str(folder)
    url = ensure_database()
    if mine:
        _forget_durability(url)


def _forget_durability(url: str) -> None:
    """A database that is thrown away need not wait for the disk."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")


settle()
