"""Goods that a cashier names, so that codes for certain goods discount them and nothing else."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils.timezone import now as moment_of_now
from hypothesis import given
from hypothesis import strategies as st

from regulars.company.models import Category, Product
from regulars.core.errors import Refused
from regulars.customers.models import Line, Purchase
from regulars.loyalty.actions import RuleInput, set_rule
from regulars.loyalty.actions.checkouts import CheckoutInput, finish_checkout, undo_checkout
from regulars.loyalty.models import Member
from regulars.loyalty.queries import audit
from regulars.loyalty.queries.promo import GoodsLine
from regulars.loyalty.queries.till_goods import TillLine, find_goods
from regulars.loyalty.rules.discounts import BasketLine, Discount, by_line, priced
from regulars.loyalty.tests.test_checkouts import Till, code, points, till_of
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    make.program()
    return make.member(card="A1")


@pytest.fixture
def shoes() -> Category:
    """Two kinds of shoes on one branch, and socks on another."""
    shoes = Category.objects.create(name="Shoes", path="Shoes")
    Product.objects.create(sku="S1", name="Blue sneakers", category=shoes)
    Product.objects.create(sku="S2", name="Red sneakers", category=shoes)
    socks = Category.objects.create(name="Socks", path="Socks")
    Product.objects.create(sku="K1", name="Wool socks", category=socks)
    return shoes


def named(till: Till, what: str, price: str, quantity: str = "1") -> None:
    till.press("/line", what=what, price=price, quantity=quantity)


def on_record() -> list[tuple[str, int, int, int]]:
    rows = Line.objects.order_by("position").select_related("product")
    return [
        (
            row.product.sku if row.product else "",
            row.quantity_milli,
            row.total_minor,
            row.discount_minor,
        )
        for row in rows
    ]


def test_a_code_for_certain_goods_discounts_those_that_are_named(
    member: Member, shoes: Category
) -> None:
    code("SHOES", scope="category: Shoes /")
    till = till_of(member)
    till.press("goods", goods="100")
    till.press("/scan", scan="SHOES")
    assert "It is for certain goods only: name them." in till.shown
    named(till, "s1", "30", "2")
    assert "Blue sneakers" in till.shown
    assert "Other goods" in till.shown
    assert "−$6" in till.shown
    till.press("/finish")
    assert on_record() == [("S1", 2_000, 54_00, 6_00), ("", 1_000, 40_00, 0)]
    assert Purchase.objects.get().total_minor == 94_00
    assert points(member) == 94
    till.press("/undo")
    assert points(member) == 0
    assert audit(moment_of_now()).mismatches == ()


def test_named_goods_are_an_amount_and_earn_by_rules_for_them(
    member: Member, shoes: Category
) -> None:
    more = {"per_minor": 100, "lines": {"categories": ["Shoes"]}}
    set_rule(make.program(), RuleInput("shoes", "Shoes", "share_of_purchase", more), now=NOW)
    till = till_of(member)
    named(till, "Red sneakers", "19.90")
    named(till, "wool socks", "5,05", "0.5")
    assert "$22.43" in till.shown
    till.press("/finish")
    assert on_record() == [("S2", 1_000, 19_90, 0), ("K1", 500, 2_53, 0)]
    assert points(member) == 22 + 19


def test_several_that_fit_are_offered_and_a_category_can_be_meant(
    member: Member, shoes: Category
) -> None:
    code("SHOES", scope="category:Shoes")
    till = till_of(member)
    named(till, "sneakers", "50")
    assert till.status == 200
    picks = re.findall(r'name="pick" value="(\w+)"', till.shown)
    assert len(picks) == 2
    till.press("/line", what="sneakers", quantity="1", price="50", pick=picks[1])
    named(till, "shoes", "10")
    till.press("/scan", scan="SHOES")
    assert "−$6" in till.shown
    till.press("/finish")
    assert on_record() == [("S2", 1_000, 45_00, 5_00), ("", 1_000, 9_00, 1_00)]


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"what": "nothing of the kind"}, "There is no such product or category."),
        ({"what": "\x00"}, "Null characters are not allowed."),
        ({"quantity": "0"}, "greater than or equal to 0.001"),
        ({"quantity": "1.0001"}, "no more than 3 decimal places"),
        ({"price": "-1"}, "greater than or equal to 0.01"),
        ({"price": ""}, "This field is required."),
        ({"price": "NaN"}, "Enter a number."),
    ],
)
def test_what_cannot_be_is_said_and_keeps_what_was_typed(
    member: Member, shoes: Category, typed: dict[str, str], why: str
) -> None:
    till = till_of(member)
    till.press("/line", **{"what": "S1", "quantity": "2", "price": "30", **typed})
    assert (till.status, why in till.shown) == (422, True), till.shown
    assert "Blue sneakers" not in till.shown


def test_the_amount_is_no_less_than_what_was_named(member: Member, shoes: Category) -> None:
    till = till_of(member)
    till.press("goods", goods="20")
    named(till, "S1", "30")
    assert "Other goods" not in till.shown
    till.press("goods", goods="29.99")
    assert (till.status, "The goods that were named cost more." in till.shown) == (422, True)
    till.press("goods", goods="31")
    assert "$31" in till.shown
    (off,) = re.findall(r'href="([^"]*)" aria-label="Take off Blue sneakers"', till.shown)
    till.open(off)
    assert "Blue sneakers" not in till.shown


def test_no_more_than_twenty_are_named_and_broken_addresses_name_none(
    member: Member, shoes: Category
) -> None:
    till = till_of(member)
    for _ in range(21):
        named(till, "S1", "1")
    assert "No more goods can be named" in till.shown
    (state,) = set(re.findall(r'name="state" value="([^"]*)"', till.shown))
    assert len(parse_qs(state.replace("&amp;", "&"))["line"]) == 20
    product = Product.objects.get(sku="S1").pk
    good = f"p{product}.1000.500"
    wrong = ["", "p", "p1", f"p{product}.0.1", f"p{product}.1.x", "c99.1.1", "x1.1.1", good + ".1"]
    (line,) = TillLine.all_told([*wrong, good])
    assert (line.told, line.line.sku) == (good, "S1")
    assert urlsplit(till.address).path.startswith("/till/baskets/")


def test_the_cheapest_of_unnamed_goods_is_unknown(member: Member, shoes: Category) -> None:
    code("CHEAPEST", scope="cheapest:all", percent_bp=10_000)
    till = till_of(member)
    till.press("goods", goods="100")
    till.press("/scan", scan="CHEAPEST")
    assert "It is for certain goods only" in till.shown
    named(till, "S1", "30", "2")
    named(till, "K1", "5")
    assert "−$5" in till.shown


def test_the_same_press_twice_is_one_purchase_and_other_goods_are_refused(
    member: Member, shoes: Category
) -> None:
    code("SHOES", scope="category:Shoes")
    now, goods = moment_of_now(), (GoodsLine("S1", 30_00, 1_000, "Shoes"),)
    told: dict[str, Any] = {"amount_minor": 100_00, "codes": ("SHOES",), "named": goods}
    for _ in range(2):
        finish_checkout(CheckoutInput("k", due_minor=97_00, **told), now=now)
    assert Purchase.objects.count() == 1
    other = {**told, "named": (GoodsLine("S2", 30_00, 1_000, "Shoes"),)}
    with pytest.raises(Refused, match="another basket"):
        finish_checkout(CheckoutInput("k", due_minor=97_00, **other), now=now)
    with pytest.raises(Refused, match="cost more"):
        finish_checkout(CheckoutInput("l", due_minor=1, **{**told, "amount_minor": 1}), now=now)
    undo_checkout("k", now=now)


def test_a_number_goes_before_names_and_a_whole_name_before_parts(shoes: Category) -> None:
    Product.objects.create(sku="Shoes2", name="Shoes for rain", category=shoes)
    assert [one.name for one in find_goods("shoes2")] == ["Shoes for rain"]
    assert [one.is_product for one in find_goods(" SHOES ")] == [False]
    assert len(find_goods("sneakers")) == 2
    assert find_goods("") == find_goods("%") == []


@given(
    st.lists(st.integers(0, 10_000), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 9_000)), max_size=4),
)
def test_what_falls_on_lines_adds_up_and_never_exceeds_a_line(
    totals: list[int], codes: list[tuple[int, int]]
) -> None:
    lines = [BasketLine(str(place), total) for place, total in enumerate(totals)]
    discounts = [
        Discount(str(place), "order" if place % 2 else "line:0", percent, amount)  # type: ignore[arg-type]
        for place, (percent, amount) in enumerate(codes)
    ]
    bought = priced(lines, discounts)
    shares = by_line(bought.taken, len(lines))
    assert sum(shares) == bought.discount_minor
    assert all(0 <= share <= total for share, total in zip(shares, totals, strict=True))
