"""The pop-up survey in a real browser, on pages of another origin."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from regulars.feedback.actions.popups import PopupInput, set_popup
from regulars.feedback.models import Answer, Popup, PopupShowing
from regulars.feedback.tests import cast
from tests.browser.conftest import AXE, TIMEOUT_MS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

SHOP = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<title>Shop</title><h1>Tea</h1><p><label>Search <input id="search"></label> <a href="#a">A link</a></p>
%(rest)s<script async src="%(door)s/collect/popup.js" data-popup="%(code)s" %(more)s></script>"""
KEPT = "Object.keys(localStorage).length"


class Shop:
    """A site of somebody else, on another port and under another name."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.more = ""
        self.code = ""
        self.rest = ""

    def page(self, door: str) -> bytes:
        told = {"door": door, "code": self.code, "more": self.more, "rest": self.rest}
        return (SHOP % told).encode()


@pytest.fixture
def shop(live_server: Any, settings: Any) -> Iterator[Shop]:
    settings.BASE_URL = live_server.url

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", f"style-src 'none'; frame-src {door}")
            self.end_headers()
            self.wfile.write(made.page(door))

        def log_message(self, *_told: Any) -> None:
            pass

    door = live_server.url
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = Shop(f"http://127.0.0.1:{server.server_port}")
    yield made
    server.shutdown()
    server.server_close()


Enter = Callable[..., Page]


@pytest.fixture
def enter(browser: Browser) -> Iterator[Enter]:
    """Gives a tab of a visitor's browser; `mobile` makes it a phone."""
    contexts: list[BrowserContext] = []

    def open_tab(**told: Any) -> Page:
        contexts.append(browser.new_context(**told))
        contexts[-1].set_default_timeout(TIMEOUT_MS)
        return contexts[-1].new_page()

    yield open_tab
    for one in contexts:
        one.close()


def popup(shop: Shop, **changes: Any) -> Popup:
    wanted = PopupInput(**{"is_on": True, "delay_s": 0} | changes)
    made = set_popup(cast.survey(), wanted, now=timezone.now())
    shop.code = made.code
    return made


def test_a_visitor_answers_by_keyboard_and_is_not_asked_again(shop: Shop, enter: Enter) -> None:
    popup(shop)
    tab = enter(reduced_motion="reduce")
    tab.goto(f"{shop.address}/tea")
    dialog = tab.get_by_role("dialog", name="How was your purchase?")
    inside = dialog.locator("iframe").content_frame
    inside.get_by_role("radio", name="9").wait_for()
    tab.evaluate(AXE)
    found = tab.evaluate("axe.run('dialog, body', {runOnly: ['wcag2a', 'wcag2aa', 'wcag22aa']})")
    assert found["violations"] == []
    inside.get_by_role("radio", name="9").press("Space")
    inside.get_by_role("radio", name="5").last.press("Space")
    inside.get_by_role("button", name="Send").press("Enter")
    expect(inside.get_by_role("heading", name="Thank you!")).to_be_visible()
    inside.get_by_role("heading", name="Thank you!").click()
    # Not `press`: the key goes down in a frame that is gone before it comes up, and nobody answers.
    tab.keyboard.down("Escape")
    expect(dialog).to_have_count(0)
    tab.keyboard.up("Escape")
    assert Answer.objects.get().values == {"nps": 9, "satisfied": 5}
    asked: list[str] = []
    tab.on("request", lambda one: asked.append(one.url) if "/collect/popup/" in one.url else None)
    tab.reload()
    tab.wait_for_function("window.regularsPopup")
    assert asked == []


def test_escape_closes_it_and_the_focus_returns(shop: Shop, enter: Enter) -> None:
    made = popup(shop)
    tab = enter(viewport={"width": 390, "height": 800})
    tab.goto(shop.address)
    dialog = tab.get_by_role("dialog")
    box = dialog.bounding_box()
    assert box is not None
    assert (round(box["x"]), round(box["width"])) == (0, 390), "on a phone it is as wide as that"
    dialog.get_by_role("button", name="Close").press("Escape")
    expect(dialog).to_have_count(0)
    PopupShowing.objects.get(popup=made)
    tab.goto(f"{shop.address}/two")
    tab.wait_for_function("window.regularsPopup")
    assert PopupShowing.objects.count() == 1


def test_it_waits_for_scrolling_and_for_words_to_end(shop: Shop, enter: Enter) -> None:
    popup(shop, scroll_percent=50)
    shop.rest = "<br>" * 300
    tab = enter()
    with tab.expect_response("**/collect/popup/*"):
        tab.goto(shop.address)
    tab.locator("#search").fill("green")
    tab.evaluate("scrollTo(0, 1e6)")
    tab.evaluate("new Promise(done => setTimeout(done, 100))")
    assert PopupShowing.objects.count() == 0
    tab.locator("#search").evaluate("one => one.blur()")
    expect(tab.get_by_role("dialog")).to_be_visible()


def test_nothing_is_asked_before_consent_nor_shown_before_leaving(shop: Shop, enter: Enter) -> None:
    popup(shop, on_exit=True)
    shop.more = 'data-consent="ask"'
    tab = enter()
    asked: list[str] = []
    tab.on("request", lambda one: asked.append(one.url) if "/collect/popup/" in one.url else None)
    tab.goto(shop.address)
    tab.wait_for_function("window.regularsPopup")
    assert (asked, tab.evaluate(KEPT)) == ([], 0)
    with tab.expect_response("**/collect/popup/*"):
        tab.evaluate("regularsPopup.consent(true)")
    tab.evaluate("new Promise(done => setTimeout(done, 100))")
    assert PopupShowing.objects.count() == 0, "it waits until the pointer leaves by the upper edge"
    tab.evaluate("document.dispatchEvent(new MouseEvent('mouseout', {clientY: -1}))")
    expect(tab.get_by_role("dialog")).to_be_visible()


def test_a_no_holds_on_the_pages_after_it(shop: Shop, enter: Enter) -> None:
    popup(shop, on_exit=True)
    tab = enter()
    with tab.expect_response("**/collect/popup/*"):
        tab.goto(shop.address)
    tab.evaluate("regularsPopup.consent(false)")
    asked: list[str] = []
    tab.on("request", lambda one: asked.append(one.url) if "/collect/popup/" in one.url else None)
    tab.reload()
    tab.wait_for_function("window.regularsPopup")
    assert asked == []
