"""Tests run on a real PostgreSQL: the embedded one, in a folder of the test run's own."""

import os
import tempfile
from pathlib import Path

from django.conf import settings

os.environ.setdefault("REGULARS_DATA", str(Path(tempfile.gettempdir()) / "regulars-tests"))
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

from regulars.core.database import ensure_database

ensure_database()


def pytest_configure() -> None:
    """Static files by their plain names: nobody collected and hashed them for a test."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True
