"""A cashier names goods for a code by keyboard alone, on a telephone, in both languages."""

import pytest
from playwright.sync_api import Page, expect

from regulars.company.models import Category, Product
from regulars.loyalty.tests.test_checkouts import code
from tests import make
from tests.browser.conftest import AXE, SignIn, hear
from tests.browser.test_pages import AXE_ALL, TAGS, said

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
PHONE = {"width": 390, "height": 844}


def fits(tab: Page) -> None:
    """Nothing is wider than the screen, and axe has nothing to say."""
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    tab.evaluate(AXE)
    assert said(tab.evaluate(AXE_ALL, [TAGS, []])) == []


def press(tab: Page, text: str, *keys: str) -> None:
    """Types a text where the cursor is, and presses keys."""
    tab.keyboard.type(text)
    for key in keys:
        tab.keyboard.press(key)


def a_code_for_shoes() -> str:
    """A purchase of a member that is begun, in a company that sells two kinds of sneakers."""
    make.program()
    shoes = Category.objects.create(name="Shoes", path="Shoes")
    for number, name in (("S1", "Blue sneakers"), ("S2", "Red sneakers")):
        Product.objects.create(sku=number, name=name, category=shoes)
    code("SHOES", scope="category:Shoes")
    return f"/till/baskets/k?member={make.member(card='A1').number}&amount=10000"


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (("en", "light"), ("Product or category", "Price of one", "$96")),
        (("ru", "dark"), ("Товар или категория", "Цена за единицу", "96\u00a0$")),
    ],
)
def test_goods_are_named_by_keyboard(
    sign_in: SignIn, look: tuple[str, str], words: tuple[str, str, str]
) -> None:
    told = {"language": look[0], "color_scheme": look[1], "viewport": PHONE}
    address = a_code_for_shoes()
    tab = sign_in(make.employee("cashier"), **told).new_page()
    heard = hear(tab)
    tab.goto(address)
    press(tab, "shoes", "Enter")
    what, price, due = words
    field = tab.get_by_label(what)
    expect(field).to_have_value("Shoes")
    fits(tab)
    press(tab, "", "Shift+Tab", "Shift+Tab")
    expect(field).to_be_focused()
    press(tab, "sneakers", "Tab", "Tab")
    expect(tab.get_by_label(price)).to_be_focused()
    press(tab, "40", "Enter")
    expect(tab.get_by_role("button", name="Blue sneakers")).to_be_focused()
    fits(tab)
    press(tab, "", "Enter")
    expect(tab.locator(".balance")).to_have_text(due)
    fits(tab)
    assert heard == []
