"""Where a test run lives: a data folder and an embedded database of its own.

Loaded by `-p tests.installation` (see pyproject.toml) before pytest-django reads the settings, which
take their folders from the environment. With `REGULARS_DATA` set the run uses that folder, and the
next run starts faster. Each worker of a parallel run has a server of its own, as well as a folder:
the lake waits for every transaction that a server has open, so two workers would wait for each other.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import psycopg

from regulars.core.database import ensure_database, leave_database

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
OWN_SERVER = "REGULARS_TESTS_OWN_SERVER"
THROWN_AWAY = "REGULARS_TESTS_THROWN_AWAY"
SHORT_LIVED = {
    "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "PYSPARK_SUBMIT_ARGS": "--conf spark.sql.codegen.wholeStage=false"
    " --conf spark.sql.codegen.factoryMode=NO_CODEGEN pyspark-shell",
}
"""Java and Spark for a run of minutes, with some rows a statement: what their compilers spend is
never earned back. `make soak` compares the engines with Spark as it is on a cluster."""


def settle() -> None:
    """Prepares the environment and starts the server, unless `DATABASE_URL` names another one."""
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    for name, told in SHORT_LIVED.items():
        os.environ.setdefault(name, told)
    if WORKER:
        os.environ["REGULARS_DATA"] = str(Path(os.environ["REGULARS_DATA"]) / WORKER)
    elif not os.environ.get("REGULARS_DATA"):
        folder = Path(tempfile.mkdtemp(prefix="regulars-tests-"))
        # Registered before the server's own ending, so that it runs after it.
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["REGULARS_DATA"] = str(folder)
        os.environ[THROWN_AWAY] = "yes"
    if os.environ.pop(OWN_SERVER, ""):
        del os.environ["DATABASE_URL"]
    if os.environ.get("DATABASE_URL"):
        return
    url = ensure_database()
    os.environ[OWN_SERVER] = "yes"
    if os.environ.get(THROWN_AWAY):
        _forget_durability(url)


def is_thrown_away() -> bool:
    """Whether nothing of this run stays."""
    return bool(os.environ.get(THROWN_AWAY))


def pytest_unconfigure() -> None:
    """A worker's process is ended without ceremony, so its server is let go here."""
    if WORKER and os.environ.get(OWN_SERVER):
        leave_database()


def _forget_durability(url: str) -> None:
    """A database that is thrown away need not wait for the disk, nor be vacuumed, nor wait for ever.

    A test's rows are rolled back, so a vacuum that comes by between two tests finds tables empty but
    for dead rows, and the planner would read them from end to end ever after.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        # What a test left behind may hold a table that the next one empties.
        connection.execute("ALTER SYSTEM SET lock_timeout = '2min'")
        connection.execute("SELECT pg_reload_conf()")


settle()
