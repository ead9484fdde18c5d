"""All pages, as everybody can use them: axe, no sideways scroll, no errors in the console.

Each page is loaded once per language and examined in one width and theme, in the other language in
the other width and theme. From page to page they change places, so every three of language, width
and theme meet on many pages. Sideways scroll is looked for in every width. The frame, two thirds of
what a page consists of, is the same around all of them and is examined once.
"""

from itertools import cycle
from typing import Any

import pytest
from playwright.sync_api import Page as Tab

from regulars.web.pages import PAGES, PUBLIC
from tests import make
from tests.browser.conftest import AXE, SignIn, hear
from tests.examples import World
from tests.test_doors import filled, shows_itself

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = {"phone": 360, "desktop": 1280}
SIGN_IN_PAGES = ("/accounts/password/change/", "/accounts/2fa/")
LANGUAGES = ["en", "ru"]
LOOKS = {
    "en": [("phone", "light"), ("desktop", "dark"), ("phone", "dark"), ("desktop", "light")],
    "ru": [("desktop", "dark"), ("phone", "light"), ("desktop", "light"), ("phone", "dark")],
}
"""Width and theme in which a page is examined, page by page."""
FILES = {"company.logo", "loyalty.reward_picture", "channels.hook", "feedback.sent_file"}
"""Pages that are no documents."""

FRAME = [[".topbar"], [".side"], ["#palette"], ["#keys"], ["#shared-dialog"]]
AXE_ALL = """([tags, known]) =>
    axe.run({exclude: known}, {runOnly: tags, resultTypes: ['violations']})"""
TURN = """theme => new Promise(done => {
    document.documentElement.dataset.theme = theme;
    requestAnimationFrame(() => requestAnimationFrame(done));
})"""
SIDEWAYS = "document.documentElement.scrollWidth - window.innerWidth"


def said(result: dict[str, Any]) -> list[str]:
    return [
        f"{violation['id']}: {node['target']} {node['html'][:160]}"
        for violation in result["violations"]
        for node in violation["nodes"][:3]
    ]


def problems_of(tab: Tab, width: str, theme: str, *, known: list[list[str]] = FRAME) -> list[str]:
    """What is wrong with the page that is open but for the known parts."""
    found: list[str] = []
    # The width that is examined comes last and stays.
    for name in sorted(WIDTHS, key=lambda name: name == width):
        tab.set_viewport_size({"width": WIDTHS[name], "height": 800})
        if (over := tab.evaluate(SIDEWAYS)) > 0:
            found.append(f"{name}: scrolls sideways by {over}")
    tab.evaluate(TURN, theme)
    tab.evaluate(AXE)
    return found + [f"{width} {theme}: {one}" for one in said(tab.evaluate(AXE_ALL, [TAGS, known]))]


def walk(tab: Tab, addresses: dict[str, str], *, language: str) -> dict[str, list[str]]:
    """The problems of each page, by its name."""
    heard = hear(tab)
    wrong: dict[str, list[str]] = {}
    for (name, address), look in zip(addresses.items(), cycle(LOOKS[language]), strict=False):
        heard.clear()
        answer = tab.goto(address)
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            continue
        problems = [] if answer.status == 200 else [f"answered {answer.status}"]
        if tab.evaluate("document.doctype !== null"):
            problems += problems_of(tab, *look)
        problems += heard
        if problems:
            wrong[f"{name} {address}"] = problems
    return wrong


def addresses(world: World, *, public: bool) -> dict[str, str]:
    return {
        page.name: filled(page.route, page.name, world)
        for page in PAGES.values()
        if (page.needs == PUBLIC) == public
        and page.name not in FILES
        and shows_itself(page)
        # A name with a dot is a file's.
        and "." not in page.route.rpartition("/")[2]
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_staff(sign_in: SignIn, language: str) -> None:
    context = sign_in(make.employee("owner"), language=language)
    pages = addresses(World(make.store("A")), public=False)
    pages |= {address: address for address in SIGN_IN_PAGES}
    assert not walk(context.new_page(), pages, language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_customers_and_the_entrance(sign_in: SignIn, language: str) -> None:
    context = sign_in(language=language)
    pages = addresses(World(make.store("A")), public=True)
    pages["entrance"] = "/accounts/login/"
    pages["forgotten"] = "/accounts/password/reset/"
    assert not walk(context.new_page(), pages, language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_frame_the_store_filter_and_the_open_palette(sign_in: SignIn, language: str) -> None:
    make.store("A")
    tab = sign_in(make.employee("owner"), language=language).new_page()
    for look in LOOKS[language]:
        tab.goto("/help")
        assert not problems_of(tab, *look, known=[])
        tab.keyboard.press("Control+KeyK")
        tab.get_by_role("option").first.wait_for()
        assert not problems_of(tab, *look, known=[])
