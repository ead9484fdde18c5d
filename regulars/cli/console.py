"""How commands begin, speak and end."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from regulars.core.database import ensure_database
from regulars.core.errors import Refused

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, nothing else.")]

speech = Console(stderr=True, highlight=False)
"""Words for people go to standard error, so that results can be piped."""


def prepare(*, migrate: bool = True) -> None:
    """Have the database running, its tables up to date, and Django ready."""
    ensure_database()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.settings")
    import django

    django.setup()
    if migrate:
        migrate_if_needed()


def migrate_if_needed() -> bool:
    """Bring the tables up to date; says whether anything had to be done."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", verbosity=0, interactive=False)
    return bool(plan)


def answer(result: dict[str, Any], *, as_json: bool, words: str = "") -> None:
    """Print a command's result: one JSON object, or words for a person."""
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False, default=str) + "\n")
    else:
        speech.print(words or "\n".join(f"{name}: {value}" for name, value in result.items()))


def stop(message: str, *, code: int = 1) -> NoReturn:
    """End the command with a sentence for the person and an exit code for scripts."""
    speech.print(f"[red]{message}[/red]")
    raise typer.Exit(code)


@contextmanager
def refusals_as_exit() -> Iterator[None]:
    """A refusal inside the block ends the command with its message and code 2."""
    try:
        yield
    except Refused as refused:
        where = f" ({refused.field})" if refused.field else ""
        stop(f"{refused.message}{where}", code=2)
