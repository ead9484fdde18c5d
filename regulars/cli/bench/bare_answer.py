"""The bare limit of answers: the same server answers an empty POST with one insert; nothing else.

The same web server with as many processes and threads, the same connection to PostgreSQL, each
insert committed by itself. No key, no survey, no check, no rules.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

from regulars.core.pages_over_asgi import PagesOverAsgi

TABLE = "bench_bare_answer"
THREADS = 4


def _insert(
    environ: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], None]
) -> Iterable[bytes]:
    """A WSGI application that writes one row for each POST."""
    from django.db import connection

    if environ["REQUEST_METHOD"] == "POST":
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {TABLE} DEFAULT VALUES")
    start("201 Created", [("Content-Type", "application/json"), ("Content-Length", "2")])
    return [b"{}"]


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.settings")
application = PagesOverAsgi(_insert, threads=THREADS)
