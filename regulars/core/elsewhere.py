"""Work in processes that start from nothing: of a pool on this machine, or of a cluster.

This module needs no application, so that such a process can import it before Django is ready.
"""

import os
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import django

OURS = ("REGULARS_", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")
"""Beginnings of the names that say where this installation is; nothing else is told elsewhere."""


def environment_here() -> dict[str, str]:
    """What a process elsewhere has to know of this one to work for the same installation."""
    return {name: value for name, value in os.environ.items() if name.startswith(OURS)}


def start_elsewhere(environment: dict[str, str]) -> None:
    """Have Django ready in a process that knows nothing yet; harmless where it is ready."""
    os.environ.update(environment)
    django.setup()


def done_elsewhere(
    environment: dict[str, str], module: str, name: str, items: Iterator[Any]
) -> Iterator[Any]:
    """A function, named by its module, done to each of the items once Django is ready."""
    start_elsewhere(environment)
    return map(getattr(import_module(module), name), items)
