"""A survey in a language that is written from right to left, on a phone and by the eyes of axe."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from regulars.feedback.actions.surveys import create_survey, link_for
from regulars.feedback.tests.every_kind import EVERY_KIND
from tests.browser.conftest import SignIn
from tests.browser.test_pages import problems_of
from tests.make import NOW

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

ARABIC = {
    "Everything at once": "كل شيء دفعة واحدة",
    "Would you recommend us?": "هل توصي بنا؟",
    "Range of goods": "تشكيلة السلع",
    "Prices": "الأسعار",
    "Staff": "الموظفون",
}
QUESTION = "سؤال عن المتجر"


def in_arabic(told: Any) -> Any:
    """A definition whose texts are in Arabic, too."""
    if isinstance(told, list):
        return [in_arabic(one) for one in told]
    if not isinstance(told, dict):
        return told
    if set(told) == {"default", "ru"}:
        return {**told, "ar": ARABIC.get(told["default"], QUESTION)}
    return {name: in_arabic(one) for name, one in told.items()}


@pytest.fixture
def tab(sign_in: SignIn) -> Page:
    survey = create_survey(name="Arabic", definition=in_arabic(EVERY_KIND), now=NOW)
    page = sign_in(viewport={"width": 360, "height": 800}).new_page()
    page.goto(f"/q/{link_for(survey, store=None).code}?lang=ar")
    return page


def test_every_kind_of_question_stands_from_right_to_left(tab: Page) -> None:
    expect(tab.locator("html")).to_have_attribute("dir", "rtl")
    assert not problems_of(tab, "phone", "light", known=[])
    scale = tab.get_by_role("group", name=ARABIC["Would you recommend us?"]).locator("label")
    nought, ten = (scale.nth(place).bounding_box() for place in (0, 10))
    assert nought is not None
    assert ten is not None
    assert (nought["y"], -nought["x"]) < (ten["y"], -ten["x"]), "the scale runs the other way"
    step = tab.locator("#step")
    expect(step).to_have_attribute("lang", "en")
    tab.get_by_role("button", name="Next").click()
    expect(step).to_contain_text("2")
    assert not problems_of(tab, "desktop", "dark", known=[])


def test_files_that_were_sent_are_listed_on_a_phone(sign_in: SignIn) -> None:
    asked = create_survey(name="Files", definition=EVERY_KIND, now=NOW)
    tab = sign_in(viewport={"width": 320, "height": 800}).new_page()
    tab.goto(f"/q/{link_for(asked, store=None).code}")
    names = ["a_photo_of_the_shelf_with_a_name_that_cameras_give_20261129.txt", "b.txt"]
    files: list[Any] = [{"name": one, "mimeType": "text/plain", "buffer": b"x"} for one in names]
    tab.get_by_label("A photo of the shelf").set_input_files(files)
    tab.get_by_role("button", name="Next").click()
    tab.get_by_role("button", name="Back").click()
    box = tab.get_by_role("checkbox", name=f"Do not send “{names[0]}”")
    assert not problems_of(tab, "phone", "light", known=[])
    box.focus()
    tab.keyboard.press("Space")
    tab.get_by_role("button", name="Next").click()
    tab.get_by_role("button", name="Back").click()
    expect(box).to_have_count(0)
    expect(tab.get_by_role("checkbox", name=f"Do not send “{names[1]}”")).to_have_count(1)
