"""Tests run on a real PostgreSQL: the embedded one, in a folder of the test run's own."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("REGULARS_DATA", str(Path(tempfile.gettempdir()) / "regulars-tests"))
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

from regulars.core.database import ensure_database

ensure_database()
