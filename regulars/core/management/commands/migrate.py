"""`migrate` as Django's; a new database in seconds where Django takes a minute: see `core.migrating`."""

from django.core.management.commands import migrate

from regulars.core.migrating import Executor

migrate.MigrationExecutor = Executor  # type: ignore[attr-defined]
Command = migrate.Command
