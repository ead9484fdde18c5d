"""Goods come back in parts, never more than were bought."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core.errors import Refused
from regulars.customers.actions import (
    ReturnInput,
    ReturnLineInput,
    record_purchases,
    record_returns,
    void_purchases,
)
from regulars.customers.models import Purchase, Return, ReturnLine
from regulars.customers.rules.purchases import Bought, taken_back
from tests import make


def back(number, *lines, purchase="1", **told):
    return ReturnInput("till", number, "till", purchase, make.NOW, tuple(lines), **told)


@pytest.mark.django_db
def test_a_line_comes_back_piece_by_piece_until_nothing_is_left():
    make.purchase("1", lines=[make.line("milk", 1000, quantity_milli=3000)])
    answers = record_returns(
        [back(str(number), ReturnLineInput(1, 1000)) for number in range(4)], now=make.NOW
    )
    assert [answer.total_minor for answer in answers] == [333, 333, 334, 0]
    assert answers[3].refused.code == "more_than_bought"
    (late,) = record_returns([back("late", ReturnLineInput(1, 1))], now=make.NOW)
    assert late.refused.code == "more_than_bought"


@pytest.mark.django_db
def test_a_repeated_return_changes_nothing_and_another_one_is_refused():
    make.purchase("1", lines=[make.line("milk", 1000, quantity_milli=3000)])
    entry = back("r", ReturnLineInput(1, 1000))
    first, twin = record_returns([entry, entry], now=make.NOW)
    (again,) = record_returns([entry], now=make.NOW)
    (other,) = record_returns([back("r", ReturnLineInput(1, 2000))], now=make.NOW)
    assert [first.created, twin.created, again.created] == [True, False, False]
    assert first.return_id == again.return_id
    assert other.refused.code == "other_content"
    assert Return.objects.count() == ReturnLine.objects.count() == 1


@pytest.mark.django_db
def test_what_cannot_come_back_is_refused_and_leaves_nothing():
    make.purchase("1", lines=[make.line("milk"), make.line("bread")])
    answers = record_returns(
        [
            back("a", ReturnLineInput(1, 1000), purchase="404"),
            back("b", ReturnLineInput(1, 1000), ReturnLineInput(9, 1000)),
            back("c", ReturnLineInput(1, -5)),
            back("d", ReturnLineInput(1, 1000, 5_000)),
            back("e"),
            back("f\x00", ReturnLineInput(1, 1000), purchase="\x00"),
            back("g", ReturnLineInput(1, 1000), store_code="north"),
        ],
        now=make.NOW,
    )
    assert [answer.refused.code if answer.refused else "" for answer in answers] == [
        "unknown_purchase",
        "unknown_line",
        "more_than_bought",
        "more_than_paid",
        "bad_lines",
        "unreadable_text",
        "",
    ]
    assert Return.objects.get().store.code == "north"


@pytest.mark.django_db
def test_a_voided_purchase_frees_its_number():
    first = make.purchase("1")
    assert void_purchases([first.purchase_id], now=make.NOW) == [first.purchase_id]
    assert void_purchases([first.purchase_id], now=make.NOW) == []
    (again,) = record_purchases([make.receipt("1")], now=make.NOW)
    assert again.created
    assert Purchase.objects.count() == 2


@given(
    st.integers(1, 10**6),
    st.integers(0, 10**9),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=20),
)
def test_returns_never_give_back_more_than_was_paid_and_all_of_it_at_the_end(quantity, paid, parts):
    bought = Bought(1, quantity, paid)
    for part in parts:
        try:
            pieces, money = taken_back(bought, ReturnLineInput(1, part))
        except Refused:
            continue
        bought = bought._replace(
            back_quantity_milli=bought.back_quantity_milli + pieces,
            back_total_minor=bought.back_total_minor + money,
        )
        assert bought.back_total_minor <= paid
    left = quantity - bought.back_quantity_milli
    if left:
        _, money = taken_back(bought, ReturnLineInput(1, left))
        assert bought.back_total_minor + money == paid
