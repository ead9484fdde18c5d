"""One browser for all tests, and people who are signed in."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from regulars.company.models import Employee
from regulars.web.look import bundle
from tests.browser.chromium import ARGUMENTS, chromium

# Playwright keeps an event loop in the test's thread, which Django would take for async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text(encoding="utf-8") + ";0"
TIMEOUT_MS = 30_000
"""Long, because it is only ever waited out when something is broken."""
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"

SignIn = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that ends with its tests: its event loop would stop workers from running theirs."""
    path = chromium()
    if path is None:
        assert not os.environ.get("CI"), "there is no Chromium, and nobody would notice on CI"
        pytest.skip("there is no Chromium; tests/browser/install.sh gets one")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(autouse=True)
def fresh_bundles() -> None:
    bundle.cache_clear()


@pytest.fixture
def sign_in(browser: Browser, live_server: Any) -> Iterator[SignIn]:
    """Gives a browser context in which an employee is signed in; closes all of them at the end."""
    contexts: list[BrowserContext] = []

    def enter(
        employee: Employee | None = None, *, language: str = "en", **told: Any
    ) -> BrowserContext:
        told.setdefault("viewport", {"width": 1280, "height": 800})
        context = browser.new_context(base_url=live_server.url, reduced_motion="reduce", **told)
        context.set_default_timeout(TIMEOUT_MS)
        contexts.append(context)
        cookies = [{"name": "django_language", "value": language, "url": live_server.url}]
        if employee is not None:
            client = Client()
            client.force_login(employee, backend=BACKEND)
            value = client.cookies["sessionid"].value
            cookies.append({"name": "sessionid", "value": value, "url": live_server.url})
        context.add_cookies(cookies)  # type: ignore[arg-type]
        return context

    yield enter
    for context in contexts:
        context.close()


def hear(page: Page) -> list[str]:
    """A list that fills with the errors of a page's console."""
    heard: list[str] = []
    page.on(
        "console",
        lambda said: (
            heard.append(f"{said.text} ({said.location['url']})") if said.type == "error" else None
        ),
    )
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard
