"""The command `regulars`."""

import os

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def regulars() -> None:
    """Regulars: listens to customers, knows, serves and rewards them."""


def prepare() -> None:
    """Have the database running and Django ready; every command begins with this."""
    from regulars.core.database import ensure_database  # noqa: PLC0415

    ensure_database()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.settings")
    import django  # noqa: PLC0415

    django.setup()


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def django(context: typer.Context) -> None:
    """Run one of Django's own commands, such as `migrate` or `shell`."""
    prepare()
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(["regulars", *context.args])
