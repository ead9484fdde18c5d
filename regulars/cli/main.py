"""The command `regulars`: every subcommand, mounted."""

import importlib
import importlib.util

import typer

from regulars.cli.console import prepare

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

COMMANDS = (
    *("demo", "serve", "init", "doctor", "imports", "exports", "audit", "bench", "user"),
    *("backup", "keys", "resolve", "till", "verify", "whatif", "telephone", "surveys"),
)
"""Modules of this folder in the order of the help page; each has a `mount(app)`."""


@app.callback()
def regulars() -> None:
    """Regulars listens to customers, knows each one, serves them and rewards them."""


@app.command(
    name="django", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def django_command(context: typer.Context) -> None:
    """Run one of Django's own commands, such as `migrate` or `shell`."""
    prepare(migrate=False)
    from django.core.management import execute_from_command_line

    execute_from_command_line(["regulars", *context.args])


for command in COMMANDS:
    if importlib.util.find_spec(f"regulars.cli.{command}"):
        importlib.import_module(f"regulars.cli.{command}").mount(app)
