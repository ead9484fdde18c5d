"""The web snippet in a real browser, on pages of another origin, against a running door."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from regulars.connectors.models import EventSource
from regulars.customers.models import TrackedEvent
from tests.browser.conftest import TIMEOUT_MS
from tests.door import arrived, open_source, running_door

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

PAGE = """<!doctype html><html lang="en"><title>Shop</title>
<script>window.regulars={q:[["track",["Early Bird",{n:1}]]]}</script>
<script async src="%(door)s/collect/regulars.js" data-key="%(key)s" %(attributes)s></script>
<a id="leave" href="/two?x=1">Two</a><button id="buy" data-track="Basket Filled" data-sku="milk">Add</button>
<button id="plain">Plain <b>button</b></button><p data-track="off"><button id="quiet">Quiet</button></p>"""
KEPT = "Object.keys(localStorage).filter(key => key.startsWith('regulars.'))"
LANDING = "/one?utm_source=vk&utm_medium=social&utm_campaign=spring"


@pytest.fixture(scope="module")
def door(django_db_setup: None) -> Iterator[str]:
    with running_door() as address:
        yield address


@pytest.fixture
def source(door: str, transactional_db: None) -> EventSource:
    return open_source(door)


class Site:
    """A site of somebody else; `attributes` are those of its script element."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.attributes = ""


@pytest.fixture
def site(door: str, source: EventSource) -> Iterator[Site]:
    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told = {"door": door, "key": source.write_key, "attributes": made.attributes}
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write((PAGE % told).encode())

        def log_message(self, *_told: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # Another name of this machine, so another origin than the door's.
    made = Site(f"http://localhost:{server.server_port}")
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    context.set_default_timeout(TIMEOUT_MS)
    yield context
    context.close()


def opened(visitor: BrowserContext, address: str) -> Page:
    tab = visitor.new_page()
    tab.goto(address)
    tab.wait_for_function("window.regulars.version")
    return tab


def named(events: list[TrackedEvent]) -> list[str]:
    return [event.name or event.type for event in events]


def test_pages_clicks_and_calls_come_with_session_and_first_touch(
    site: Site, visitor: BrowserContext
) -> None:
    tab = opened(visitor, site.address + LANDING)
    tab.click("#buy")
    tab.click("#plain b")
    tab.click("#quiet")
    tab.evaluate("history.pushState({}, '', '/three'); history.replaceState({}, '', '/three')")
    tab.evaluate("setTimeout(() => regulars.identify('u1', {email: 'ann@example.com'}), 50)")
    events = arrived(6)
    assert sorted(named(events)) == sorted(
        ["Early Bird", "page", "Basket Filled", "Button Clicked", "page", "identify"]
    )
    by_name = {event.name: event for event in events if event.name}
    assert by_name["Basket Filled"].properties == {"sku": "milk", "id": "buy"}
    assert by_name["Button Clicked"].properties == {"text": "Plain button", "id": "plain"}
    assert {event.properties["path"] for event in events if event.type == "page"} == {
        "/one",
        "/three",
    }
    campaign = {"source": "vk", "medium": "social", "name": "spring"}
    for event in events:
        assert event.context["campaign"] == campaign
        assert event.context["firstTouch"]["campaign"] == campaign
    assert len({event.context["sessionId"] for event in events}) == 1
    assert [event.context.get("sessionStart") for event in events].count(True) == 1
    assert len({event.anonymous_id for event in events}) == 1


def test_what_happens_offline_is_sent_once_when_the_net_is_back(
    site: Site, visitor: BrowserContext
) -> None:
    tab = opened(visitor, site.address)
    arrived(2)
    visitor.set_offline(True)
    with tab.expect_event("requestfailed"):
        tab.evaluate("regulars.track('Far Away'); regulars.track('Farther')")
    assert len(tab.evaluate(KEPT + ".filter(key => key.startsWith('regulars.e.'))")) == 2
    visitor.set_offline(False)
    assert sorted(named(arrived(4)))[:2] == ["Early Bird", "Far Away"]
    tab.wait_for_function(f"{KEPT}.every(key => !key.startsWith('regulars.e.'))")
    assert len(arrived()) == 4


def test_a_click_that_leaves_the_page_counts_once(site: Site, visitor: BrowserContext) -> None:
    tab = opened(visitor, site.address)
    arrived(2)
    tab.click("#leave")
    expect(tab).to_have_url(f"{site.address}/two?x=1")
    events = arrived(5)
    assert named(events).count("Link Clicked") == 1
    tab.wait_for_function(f"{KEPT}.every(key => !key.startsWith('regulars.e.'))")
    assert len(arrived()) == 5


def test_a_failing_server_is_asked_again(site: Site, visitor: BrowserContext) -> None:
    tried: list[int] = []

    def refuse_twice(route: Any) -> None:
        tried.append(1)
        head = {"Access-Control-Allow-Origin": "*"}
        route.fulfill(status=503, headers=head) if len(tried) < 3 else route.continue_()

    visitor.route("**/v1/batch", refuse_twice)
    opened(visitor, site.address)
    # Routes are served while the page is asked something, so the page waits for its own queue.
    page = visitor.pages[0]
    page.wait_for_function(f"{KEPT}.every(key => !key.startsWith('regulars.e.'))")
    assert len(tried) == 3
    assert sorted(named(arrived(2))) == ["Early Bird", "page"]


def test_nothing_is_kept_or_sent_before_consent(site: Site, visitor: BrowserContext) -> None:
    site.attributes = 'data-consent="ask"'
    sent: list[str] = []
    visitor.on("request", lambda asked: sent.append(asked.url) if "/v1/" in asked.url else None)
    tab = opened(visitor, site.address)
    tab.click("#buy")
    tab.wait_for_timeout(600)
    assert (sent, tab.evaluate(KEPT), tab.evaluate("document.cookie")) == ([], [], "")
    tab.evaluate("regulars.consent({analytics: true, advertising: false})")
    events = arrived(3)
    assert sorted(named(events)) == ["Basket Filled", "Early Bird", "page"]
    given = {"categoryPreferences": {"analytics": True, "advertising": False}}
    assert [event.context["consent"] for event in events] == [given] * 3
    tab.evaluate("regulars.track('Too Late'); regulars.consent({analytics: false})")
    tab.reload()
    tab.wait_for_function("window.regulars.version")
    tab.wait_for_timeout(600)
    assert tab.evaluate(KEPT) == ["regulars.consent"]
    assert len(arrived()) == 3


def test_privacy_signals_are_respected_where_the_site_says_so(
    site: Site, visitor: BrowserContext
) -> None:
    site.attributes = 'data-privacy="respect"'
    visitor.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
    )
    tab = opened(visitor, site.address)
    tab.evaluate("regulars.consent({analytics: true}); regulars.track('Seen')")
    tab.wait_for_timeout(600)
    assert tab.evaluate(KEPT) in ([], ["regulars.consent"])
    assert not arrived()
