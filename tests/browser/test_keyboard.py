"""The frame by keyboard alone, on any layout, and without scripts."""

import pytest
from playwright.sync_api import Page, expect

from tests import make
from tests.browser.conftest import SignIn

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

PRESS = """([code, key, control]) => document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", {code, key, ctrlKey: control, bubbles: true, cancelable: true}))"""


@pytest.fixture
def tab(sign_in: SignIn) -> Page:
    page = sign_in(make.employee("owner")).new_page()
    page.goto("/help")
    return page


def test_the_palette_opens_finds_and_goes(tab: Page) -> None:
    tab.keyboard.press("Control+KeyK")
    field = tab.get_by_role("combobox")
    expect(field).to_be_focused()
    tab.keyboard.type("appear")
    chosen = tab.locator("[role=option][aria-selected=true]")
    expect(chosen).to_contain_text("Appearance")
    expect(field).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(
        tab.url.partition("/help")[0].partition("/settings")[0] + "/settings/look"
    )
    tab.keyboard.press("Control+KeyK")
    expect(tab.get_by_role("group", name="Recent")).to_contain_text("Appearance")


def test_arrows_walk_round_the_options(tab: Page) -> None:
    tab.keyboard.press("Control+KeyK")
    options = tab.get_by_role("option")
    expect(options.first).to_have_attribute("aria-selected", "true")
    tab.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    tab.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")


def test_escape_closes_the_palette_and_focus_returns(tab: Page) -> None:
    opener = tab.locator(".side [data-palette]")
    opener.focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("combobox")).to_be_focused()
    tab.keyboard.press("Escape")
    expect(tab.locator("#palette")).not_to_be_visible()
    expect(opener).to_be_focused()


def test_shortcuts_work_on_a_russian_layout(tab: Page) -> None:
    tab.evaluate(PRESS, ["KeyG", "п", False])
    tab.evaluate(PRESS, ["KeyS", "ы", False])
    expect(tab.get_by_role("heading", level=1)).to_have_text("Settings")
    tab.evaluate(PRESS, ["KeyK", "л", True])
    expect(tab.get_by_role("combobox")).to_be_focused()


def test_the_sheet_of_shortcuts(tab: Page) -> None:
    tab.keyboard.press("Shift+Slash")
    expect(tab.locator("#keys")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.locator("#keys")).not_to_be_visible()


def test_single_keys_can_be_switched_off(tab: Page) -> None:
    tab.goto("/settings/look")
    tab.get_by_label("Off").check()
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_label("Off")).to_be_checked()
    tab.keyboard.press("Shift+Slash")
    expect(tab.locator("#keys")).not_to_be_visible()
    tab.keyboard.press("Control+KeyK")
    expect(tab.locator("#palette")).to_be_visible()


def test_the_theme_turns_at_once_and_stays(tab: Page) -> None:
    tab.locator(".me > summary").click()
    tab.locator(".side").get_by_role("button", name="Dark").click()
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    tab.reload()
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_menu_of_a_phone_works_without_scripts(sign_in: SignIn) -> None:
    size = {"width": 360, "height": 740}
    context = sign_in(make.employee("owner"), java_script_enabled=False, viewport=size)
    page = context.new_page()
    page.goto("/settings")
    page.locator(".topbar summary").click()
    page.locator(".topbar").get_by_role("link", name="Help").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Help")
    page.locator(".topbar [data-palette]").click()
    page.get_by_role("searchbox").fill("settings")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("main").get_by_role("link", name="Settings")).to_be_visible()


def test_signing_in_with_a_password(sign_in: SignIn) -> None:
    owner = make.employee("owner")
    page = sign_in().new_page()
    page.goto("/settings")
    page.get_by_label("Email").fill(owner.email)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")


def test_a_passkey_is_added_and_signs_in(sign_in: SignIn) -> None:
    owner = make.employee("owner")
    page = sign_in().new_page()
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    authenticator = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": authenticator})
    page.goto("/accounts/login/?next=/settings")
    page.get_by_label("Email").fill(owner.email)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("Password", exact=True).fill("correct horse")
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Passwordless").check()
    page.locator("#mfa_webauthn_add").click()
    page.wait_for_url(lambda url: not url.endswith("/add/"))
    page.context.clear_cookies()
    page.goto("/accounts/login/?next=/settings")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
