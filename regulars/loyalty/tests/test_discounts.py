"""Discounts: laws that hold for any basket."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.loyalty.rules.discounts import (
    BasketLine,
    Discount,
    Tender,
    half_up,
    paid,
    priced,
    value_of,
)

lines = st.lists(
    st.builds(
        BasketLine,
        id=st.sampled_from("ABC"),
        unit_minor=st.integers(-3_000, 50_000),
        quantity=st.integers(1, 5).map(Fraction),
        tax_rate=st.sampled_from([Fraction(0), Fraction("0.1"), Fraction("0.2")]),
        category=st.sampled_from(["food", "food/milk", "toys"]),
        tags=st.sampled_from([frozenset(), frozenset({"sale"})]),
    ),
    min_size=1,
    max_size=5,
)
discounts = st.lists(
    st.builds(
        Discount,
        id=st.just("d"),
        scope=st.sampled_from(["order", "line:A", "category:food", "cheapest:sale"]),
        percent=st.integers(0, 100).map(Fraction),
        amount_minor=st.integers(0, 20_000),
        max_minor=st.none() | st.integers(0, 9_000),
    ),
    max_size=4,
)
roundings = st.sampled_from(["line", "order"])


@settings(max_examples=60)
@given(lines, discounts, roundings)
def test_a_basket_loses_what_discounts_take_and_never_falls_below_zero(lines, discounts, rounding):  # type: ignore[no-untyped-def]
    before = priced(lines, [], rounding=rounding)
    after = priced(lines, discounts, rounding=rounding)
    assert after.before_minor == before.total_minor
    assert after.total_minor == before.total_minor - sum(one.minor for one in after.taken)
    assert after.total_minor >= min(before.total_minor, 0)
    assert after.net_minor + after.tax_minor == after.total_minor
    for one, told in zip(after.taken, discounts, strict=True):
        assert 0 <= one.minor <= (told.max_minor if told.max_minor is not None else one.minor)


@settings(max_examples=60)
@given(lines, discounts, roundings)
def test_what_a_discount_takes_falls_on_its_lines_to_the_last_unit(lines, discounts, rounding):  # type: ignore[no-untyped-def]
    worth = [value_of(line, rounding) for line in lines]
    after = priced(lines, discounts, rounding=rounding)
    for one in after.taken:
        fell = sum(one.shares.values(), Fraction(0))
        assert fell == one.minor or (fell < one.minor and half_up(fell) == one.minor)
        worth = [left - one.shares.get(at, 0) for at, left in enumerate(worth)]
    assert abs(sum(worth, Fraction(0)) - after.total_minor) < 1


def test_a_line_given_back_bears_its_share_of_a_discount() -> None:
    """Goods that come back in an exchange lower what there is to discount, line by line."""
    lines = [
        BasketLine("new", 20_000, tax_rate=Fraction("0.25")),
        BasketLine("old", -4_000, tax_rate=Fraction("0.25")),
    ]
    fifth = Discount("fifth", percent=Fraction(20))
    after = priced(lines, [fifth, fifth])
    assert after.totals_minor == (16_000, 12_800)
    assert (after.net_minor, after.tax_minor) == (10_240, 2_560)
    assert after.taken[0].shares == {0: 5_000, 1: -1_000}


@settings(max_examples=30)
@given(lines, roundings)
def test_all_of_it_off_leaves_nothing(lines, rounding):  # type: ignore[no-untyped-def]
    after = priced(lines, [Discount("all", percent=Fraction(100))], rounding=rounding)
    assert after.total_minor == min(after.before_minor, 0)


def test_a_discount_sees_only_what_the_ones_before_left() -> None:
    lines = [BasketLine("A", 10_000), BasketLine("B", 10_000)]
    half = Discount("half", percent=Fraction(50))
    after = priced(lines, [half, Discount("on A", "line:A", Fraction(10))])
    assert [one.minor for one in after.taken] == [10_000, 500]


def test_the_cheapest_is_one_unit_of_what_carries_the_tag() -> None:
    lines = [
        BasketLine("A", 900, quantity=Fraction(4), tags=frozenset({"sale"})),
        BasketLine("B", 100),
    ]
    after = priced(lines, [Discount("free", "cheapest:sale", Fraction(100))])
    assert after.discount_minor == 900


def test_tenders_pay_one_after_the_other() -> None:
    payment = paid(700, [Tender("a", 500), Tender("b", 500)])
    assert (payment.used_minor, payment.to_pay_minor) == ({"a": 500, "b": 200}, 0)
