"""A call from the operator's screen, by keyboard alone."""

import pytest
from playwright.sync_api import Page, expect

from regulars.channels.models import Message
from regulars.feedback.actions import InvitationInput, invite
from regulars.feedback.actions.call_list import list_for_calling
from regulars.feedback.models import Answer, Call
from regulars.feedback.tests import cast
from tests import make
from tests.browser.conftest import SignIn, hear

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


def listed(*names: str) -> None:
    """People on the calling list."""
    asked = cast.survey()
    for digit, name in enumerate(names):
        who = make.customer(name, phone=f"+7916123456{digit}")
        given = InvitationInput(
            survey_id=asked.pk, cause=name, customer_id=who.pk, channel="operator"
        )
        (invited,) = invite([given], now=cast.NOW)
        message = Message.objects.get(customer=who)
        list_for_calling({invited.invitation_id: message.pk}, now=cast.NOW)


def ask(tab: Page, question: str, *keys: str) -> None:
    """Press keys when a question stands on the screen."""
    expect(tab.locator(".call-question").get_by_text(question).first).to_be_visible()
    for key in keys:
        tab.keyboard.press(key)


def test_a_whole_call_by_keyboard(sign_in: SignIn) -> None:
    listed("Ann", "Ben")
    tab = sign_in(make.employee("agent")).new_page()
    heard = hear(tab)
    tab.goto("/listen/calls")
    with tab.expect_navigation(wait_until="load"):
        tab.keyboard.press("n")
    expect(tab.get_by_role("link", name="+79161234560")).to_be_visible()
    tab.keyboard.press("1")
    ask(tab, "How likely are you", "1", "0", "Enter")
    ask(tab, "How satisfied", "Backspace")
    ask(tab, "How likely are you", "Enter")
    ask(tab, "How satisfied", "4", "Enter")
    expect(tab.get_by_role("textbox")).to_be_focused()
    # Where words are written every key is a letter, also those that end a call elsewhere.
    tab.keyboard.type("Quick, no 1 queue")
    tab.keyboard.press("Control+Enter")
    expect(tab.get_by_role("heading", level=2, name="Completed")).to_be_visible()
    assert Answer.objects.get().values == {"nps": 10, "satisfied": 4, "why": "Quick, no 1 queue"}
    assert not heard


def test_an_outcome_has_a_key_and_a_note(sign_in: SignIn) -> None:
    listed("Ben")
    tab = sign_in(make.employee("agent")).new_page()
    tab.goto("/listen/calls")
    with tab.expect_navigation(wait_until="load"):
        tab.keyboard.press("n")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Call: Ben")
    tab.keyboard.press("r")
    tab.get_by_role("textbox", name="Note").fill("No time")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", level=2, name="Refused to answer")).to_be_visible()
    assert Call.objects.get().note == "No time"
