"""`regulars doctor`: what this installation uses, and what is wrong with it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import typer

from regulars.cli.console import AsJson, answer, prepare
from regulars.environment import VARIABLES, data_folder


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    good: bool
    words: str


def findings() -> Iterator[Finding]:
    """Each check, in the order a person would make them."""
    free = shutil.disk_usage(data_folder()).free // 2**20
    yield Finding("data folder", free > 1024, f"{data_folder()}, {free} MiB free")
    yield from _database()
    yield from _jobs()


def _database() -> Iterator[Finding]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
        cursor.execute("SHOW synchronous_commit")
        durable = cursor.fetchone()[0]
    yield Finding("database", int(version.split(".")[0]) >= 16, f"PostgreSQL {version}")
    yield Finding("durability", durable == "on", f"synchronous_commit is {durable}")
    executor = MigrationExecutor(connection)
    open_ = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    yield Finding("tables", open_ == 0, "up to date" if not open_ else f"{open_} migrations open")


def _jobs() -> Iterator[Finding]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT status, count(*) FROM procrastinate_jobs GROUP BY status")
        counts = dict(cursor.fetchall())
        cursor.execute("SELECT count(*) FROM core_delivery WHERE delivered_at IS NULL")
        open_ = cursor.fetchone()[0]
    failed = counts.get("failed", 0)
    yield Finding("jobs", not failed, f"{counts.get('todo', 0)} waiting, {failed} failed")
    yield Finding("deliveries", True, f"{open_} events not yet heard by a handler")


def mount(app: typer.Typer) -> None:
    """Add `doctor`."""

    @app.command()
    def doctor(as_json: AsJson = False) -> None:
        """Check the installation and explain every setting; exit 1 if something is wrong."""
        prepare(migrate=False)
        checks = list(findings())
        settings = {
            name: {
                "value": "(set)" if variable.secret and variable.value else variable.value,
                "help": variable.help,
            }
            for name, variable in VARIABLES.items()
        }
        result = {
            "good": all(check.good for check in checks),
            "checks": [vars(check) for check in checks],
            "settings": settings,
        }
        lines = [
            f"{'ok ' if check.good else 'BAD'} {check.name}: {check.words}" for check in checks
        ]
        lines += [f"    {name}={one['value']}  {one['help']}" for name, one in settings.items()]
        answer(result, as_json=as_json, words="\n".join(lines))
        raise typer.Exit(0 if result["good"] else 1)
