"""Pictures of the main pages for `docs/pictures`, taken from the demo company.

    python -m tests.browser.screenshots            (or `make screenshots`)

It works against the folder that `REGULARS_DATA` names, with a web server of its own; load the demo
company first. Pages that the installation does not have are left out with a word.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.chromium import ARGUMENTS, chromium

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
DESKTOP = (1280, 832)
PHONE = (390, 844)


@dataclass(frozen=True)
class Picture:
    """What to show: a page by its name, or an address, in one look."""

    name: str
    page: str
    size: tuple[int, int] = DESKTOP
    theme: str = "light"
    language: str = "en"
    keys: tuple[str, ...] = ()
    query: str = ""


PICTURES = (
    Picture("home", "insight.home"),
    Picture("home-dark-ru", "insight.home", theme="dark", language="ru"),
    Picture("home-phone", "insight.home", size=PHONE),
    Picture("palette", "insight.home", keys=("Control+KeyK",)),
    Picture("customers", "customers.customers"),
    Picture("customer", "customers.customer"),
    Picture("journey", "journey.map_page"),
    Picture("loyalty", "loyalty.home"),
    Picture("till", "loyalty.till_member"),
    Picture("card-phone", "loyalty.card", size=PHONE),
    Picture("results-ru", "feedback.results", language="ru"),
    Picture("survey-phone", "feedback.public", size=PHONE, language="ru"),
    Picture("import", "connectors.imports"),
)


def take(browser: Browser, picture: Picture, *, base: str, session: str, path: str) -> None:
    """Saves one picture, at the size people see."""
    width, height = picture.size
    scale = 2 if picture.size == PHONE else 1
    context = browser.new_context(
        base_url=base,
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        reduced_motion="reduce",
    )
    values = {"sessionid": session, "theme": picture.theme, "django_language": picture.language}
    context.add_cookies(
        [{"name": name, "value": value, "url": base} for name, value in values.items()]
    )
    tab = context.new_page()
    tab.goto(path + picture.query, wait_until="networkidle")
    for key in picture.keys:
        tab.keyboard.press(key)
        tab.get_by_role("option").first.wait_for()
    tab.screenshot(path=FOLDER / f"{picture.name}.png")
    context.close()


def owners_session() -> str:
    """The key of a session in which the first owner is signed in."""
    from django.test import Client

    from regulars.company.models import Employee

    owner = Employee.objects.filter(role="owner", is_active=True).order_by("pk").first()
    if owner is None:
        sys.exit("pictures need a demo company: run `regulars demo` first")
    client = Client()
    client.force_login(owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies["sessionid"].value


def take_all(browser: Browser, *, base: str, session: str) -> None:
    """Takes every picture whose page has something to show."""
    from tests.browser.subjects import address_of

    for picture in PICTURES:
        try:
            path = address_of(picture.page)
        except LookupError as missing:
            print(f"left out {picture.name}: {missing}")
            continue
        take(browser, picture, base=base, session=session, path=path)
        print(f"took {picture.name}")


def main() -> None:
    """Signs in as the first owner and takes all pictures."""
    # Playwright keeps an event loop in this thread; the database is still asked in turn.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    from regulars.cli.console import prepare

    prepare(migrate=False)
    import regulars.urls  # noqa: F401  (declares the pages)
    from regulars.cli.serve import web_server

    path = chromium() or sys.exit("pictures need Chromium: run tests/browser/install.sh")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        with web_server() as address:
            take_all(browser, base=address, session=owners_session())
        browser.close()


if __name__ == "__main__":
    main()
