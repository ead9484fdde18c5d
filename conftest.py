"""What holds for every test; where a run keeps its data is told by `tests/installation.py`."""

from django.conf import settings


def pytest_configure() -> None:
    """Static files by their plain names: nobody collected and hashed them for a test."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True
