"""Contrast by construction: every pair of tokens that meet on a page reads well, in both themes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.web.brand import BrandLook
from regulars.web.look import FOLDER
from regulars.web.rules import NIGHT, PAPER, axis_over, contrast_ratio, readable_on, text_on

TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)",
        (FOLDER / "css/tokens.css").read_text(encoding="utf-8"),
    )
}
GROUNDS = ("bg", "sunken", "surface", "raised", "hover", "press")
TEXT = [
    *((ink, ground) for ink in ("text", "muted", "accent") for ground in GROUNDS),
    *((tone, f"{tone}-soft") for tone in ("good", "warn", "bad", "accent")),
    *((tone, "surface") for tone in ("good", "warn", "bad")),
    *((tone, "bg") for tone in ("good", "warn", "bad")),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("text", "accent-soft"),
    ("muted", "accent-soft"),
]
MARKS = [
    ("field-line", "surface"),
    ("field-line", "bg"),
    *((color, "surface") for color in ("c1", "c2", "c3", "c4", "c5")),
]


@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_reads_in_both_themes(ink: str, ground: str) -> None:
    for theme in (0, 1):
        assert contrast_ratio(TOKENS[ink][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_marks_are_seen_in_both_themes(mark: str, ground: str) -> None:
    for theme in (0, 1):
        assert contrast_ratio(TOKENS[mark][theme], TOKENS[ground][theme]) >= 3


def test_grounds_of_the_brand_are_those_of_the_tokens() -> None:
    assert TOKENS["bg"] == (PAPER, NIGHT)


colors = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(color=colors)
def test_any_brand_color_becomes_readable(color: str) -> None:
    assert contrast_ratio(text_on(color), color) >= 4.5
    for ground in (PAPER, NIGHT):
        assert contrast_ratio(readable_on(color, ground), ground) >= 4.5
    assert BrandLook(color=color).stylesheet.count("#") == 4


@given(first=colors, second=colors)
def test_contrast_is_mutual_and_between_1_and_21(first: str, second: str) -> None:
    ratio = contrast_ratio(first, second)
    assert ratio == contrast_ratio(second, first)
    assert 1 <= ratio <= 21.0001


numbers = st.floats(-1e9, 1e9, allow_nan=False)


@given(first=numbers, second=numbers)
def test_an_axis_holds_its_values_between_few_round_marks(first: float, second: float) -> None:
    low, high = min(first, second), max(first, second)
    axis = axis_over(low, high)
    slack = 1e-6 * max(1.0, abs(low), abs(high))
    assert axis.low <= low + slack
    assert axis.high >= high - slack
    assert 2 <= len(axis.marks) <= 8
