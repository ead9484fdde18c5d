"""The browser of this machine, and how it is started."""

import shutil

ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
"""There is no graphics card where tests run, and to play one in software takes longer than to draw."""


def chromium() -> str | None:
    """The path of the browser, or None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)
