"""What holds for every test; where a run keeps its data is told by `tests/installation.py`."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.utils import translation
from xdist.scheduler import LoadScopeScheduling

from tests import like_new
from tests.installation import is_thrown_away


def pytest_configure(config: pytest.Config) -> None:
    """Static files by their plain names: nobody collected and hashed them for a test."""
    if config.option.collectonly:
        # No test runs, so no snapshot can be used: that is no fault of a list of tests.
        config.option.warn_unused_snapshots = True
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True
    # Slow hashing keeps thieves out, of whom there are none here.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # A busy machine is slow, not wrong.
    slow = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile("steady", deadline=None, suppress_health_check=slow)
    hypothesis.settings.load_profile("steady")
    like_new.instead_of_flush()


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest) -> bool:
    """Whether the database stays: it goes with its folder anyway where that is thrown away."""
    return is_thrown_away() or bool(request.config.getvalue("reuse_db"))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The database, with what migrations wrote into it remembered."""
    with django_db_blocker.unblock():
        like_new.remember()


@pytest.fixture(autouse=True)
def words_of_no_other_test() -> Iterator[None]:
    """A request in Russian leaves its thread speaking Russian: the next test would be told so too."""
    yield
    translation.deactivate()


BROWSED = "tests/browser/"
"""Tests that share a browser, which takes long to start."""

INSTALLED = ("tests/test_supervisor.py", "tests/test_till_kill.py", "tests/test_answers_kill.py")
"""Tests that share a running installation."""


class Together(LoadScopeScheduling):
    """Hands out single tests, but keeps together what shares a browser, an installation or Spark.

    The largest groups go first, so that no worker is left with a long one at the end. Groups are
    told by address here, because marks for groups reach the scheduler of some versions only.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(BROWSED):
            return "browser in Russian" if nodeid.endswith("-ru]") else "browser in English"
        if nodeid.startswith(INSTALLED):
            return "an installation"
        return "Spark" if "spark" in nodeid else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """The scheduler of parallel runs."""
    return Together(config, log)
