"""Columns over time, standing on each other."""

from collections.abc import Sequence

from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from regulars.web.charts.drawing import grid, joined, labels_under, percent, picture
from regulars.web.charts.lines import table_of
from regulars.web.charts.shapes import (
    NOTHING,
    Chart,
    Format,
    Series,
    legend_of,
    plain_number,
    toned,
)
from regulars.web.rules import Axis, axis_over


def _stack_parts(
    parts: Sequence[Series], at: int, axis: Axis, left: float, *, width: float, show: Format
) -> SafeString:
    drawn: list[tuple[str, str, str, str, str, str]] = []
    below = 0.0
    for one in parts:
        value = one.points[at].value or 0.0
        top = 1 - axis.share_of(below + value)
        tall = axis.share_of(below + value) - axis.share_of(below)
        words = f"{one.points[at].label} · {one.name}: {show(value)}"
        drawn.append((one.tone, percent(left), percent(top), percent(width), percent(tall), words))
        below += value
    return format_html_join(
        "",
        '<rect class="fill {}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
        drawn,
    )


def column_chart(
    all_series: Sequence[Series],
    *,
    title: str,
    finding: str,
    show: Format = plain_number,
    height: int = 200,
    place: str = "",
) -> Chart:
    """Columns over time; several series stand on each other. Values are 0 or more."""
    parts = toned(all_series)
    count = len(parts[0].points) if parts else 0
    sums = [sum(one.points[at].value or 0 for one in parts) for at in range(count)]
    if not any(sums):
        return Chart(title, finding, NOTHING)
    axis = axis_over(0, max(sums))
    slot = 1 / count
    places = [(at + 0.5) * slot for at in range(count)]
    width = slot * 0.68
    bars = joined(
        _stack_parts(parts, at, axis, places[at] - width / 2, width=width, show=show)
        for at in range(count)
    )
    labels = [point.label for point in parts[0].points]
    body = grid(axis, show, None) + bars + labels_under(labels, places, height)
    columns = (place or _("Period"), *(one.name for one in parts))
    rows = table_of(parts, show, columns[0])
    return Chart(
        title, finding, picture(body, height=height, label=finding), columns, rows, legend_of(parts)
    )
