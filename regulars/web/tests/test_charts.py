"""Charts say what they show in words and in a table, and never let text become markup."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from regulars.web.charts import (
    Bar,
    Point,
    Series,
    bar_chart,
    column_chart,
    line_chart,
    sparkline,
    split_chart,
)


def weeks(*values: float | None) -> Series:
    points = [
        Point(
            f"W{at}",
            value,
            None if value is None else value - 5,
            None if value is None else value + 5,
        )
        for at, value in enumerate(values, 1)
    ]
    return Series("NPS", points)


def test_a_line_breaks_where_nothing_is_known() -> None:
    chart = line_chart([weeks(10, 12, None, 20)], title="NPS", finding="It rose.")
    drawing = ET.fromstring(chart.drawing)
    assert len([path for path in drawing.iter("path") if path.get("class") == "line"]) == 2
    assert drawing.get("aria-label") == "It rose."
    assert chart.rows[2] == ("W3", "–")
    assert chart.rows[0] == ("W1", "10 (5 to 15)")


def test_nothing_known_draws_nothing() -> None:
    assert line_chart([weeks(None, None)], title="t", finding="f").is_empty
    assert column_chart([weeks(0, 0)], title="t", finding="f").is_empty
    assert bar_chart([], title="t", finding="f").is_empty
    assert split_chart([Bar("a", 0)], title="t", finding="f").is_empty
    assert sparkline([1, None]) == ""


def test_columns_stand_on_each_other() -> None:
    first = Series("Members", [Point("Mon", 60), Point("Tue", 30)])
    second = Series("Others", [Point("Mon", 40), Point("Tue", 10)])
    drawing = ET.fromstring(column_chart([first, second], title="t", finding="f").drawing)
    lower, upper = list(drawing.iter("rect"))[:2]
    assert float(upper.attrib["y"][:-1]) + float(upper.attrib["height"][:-1]) == float(
        lower.attrib["y"][:-1]
    )


def test_parts_of_a_split_fill_it() -> None:
    drawing = ET.fromstring(split_chart([Bar("a", 1), Bar("b", 3)], title="t", finding="f").drawing)
    widths = [float(one.attrib["width"][:-1]) for one in drawing.iter("rect")]
    assert widths == [25, 75]


@given(text=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30))
def test_text_never_becomes_markup(text: str) -> None:
    bars = bar_chart([Bar(text, 1, note=text, url="/x")], title=text, finding=text)
    lines = line_chart([Series(text, [Point(text, 1), Point("b", 2)])], title=text, finding=text)
    assert ET.fromstring(lines.drawing).get("aria-label") == text
    assert ET.fromstring(bars.drawing).findtext("caption") == text


@given(values=st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_every_series_can_be_drawn(values: list[float | None]) -> None:
    chart = line_chart([weeks(*values)], title="t", finding="f", goal=10, from_zero=True)
    assert chart.is_empty == (not [value for value in values if value is not None])
    if not chart.is_empty:
        ET.fromstring(chart.drawing)
