"""Discounts: laws that hold for any basket."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.loyalty.rules.discounts import BasketLine, Discount, Tender, paid, priced

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
