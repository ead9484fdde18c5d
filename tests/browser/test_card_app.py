"""The card on a phone: it can be installed, and opens without a network after one visit."""

import struct
import time
from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from regulars.loyalty.actions import take_purchases
from regulars.loyalty.models import Member
from regulars.loyalty.rules.cards import grouped
from tests import make
from tests.browser.conftest import SignIn, hear
from tests.make import NOW

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def member(live_server: object) -> Member:
    make.program()
    anna = make.customer("Anna", card="A1")
    take_purchases([make.receipt(customer=anna, lines=[make.line(total_minor=30_000)])], now=NOW)
    return Member.objects.get()


@pytest.fixture
def card(sign_in: SignIn, member: Member) -> Iterator[Page]:
    page = sign_in(viewport={"width": 390, "height": 844}).new_page()
    heard = hear(page)
    page.goto(reverse("loyalty.card", args=[member.token]))
    yield page
    assert [one for one in heard if "Failed to load resource" not in one] == []


def test_the_card_can_be_put_on_the_home_screen(card: Page, member: Member) -> None:
    link = card.locator("link[rel=manifest]").get_attribute("href")
    manifest = card.context.request.get(str(link)).json()
    address = reverse("loyalty.card", args=[member.token])
    assert (manifest["start_url"], manifest["scope"]) == (address, address)
    for icon in manifest["icons"]:
        drawn = card.context.request.get(icon["src"]).body()
        width, height = struct.unpack(">II", drawn[16:24])
        assert icon["sizes"] == f"{width}x{height}"
    session = card.context.new_cdp_session(card)
    assert session.send("Page.getAppManifest")["errors"] == []


def test_the_card_opens_without_a_network_after_one_visit(card: Page, member: Member) -> None:
    wait_until(card, is_kept=True)
    card.context.set_offline(True)
    card.reload()
    shown = card.inner_text("main")
    assert grouped(member.number) in shown
    assert "300" in shown
    assert "as of" in shown
    card.context.set_offline(False)
    Member.objects.filter(pk=member.pk).update(token="gone")
    card.reload()
    wait_until(card, is_kept=False)


def wait_until(page: Page, *, is_kept: bool) -> None:
    """Waits until a copy of the page is kept, or is not any more."""
    kept = "async () => Boolean(await caches.match(location.href, { ignoreVary: true }))"
    deadline = time.monotonic() + 30
    while page.evaluate(kept) != is_kept:
        assert time.monotonic() < deadline, "the copy is not as it should be"
        page.wait_for_timeout(100)
