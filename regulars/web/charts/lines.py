"""Lines over time with their bands of confidence, and sparklines."""

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from regulars.web.charts.drawing import (
    curve,
    grid,
    joined,
    labels_under,
    percent,
    picture,
    runs_of,
    stretched,
)
from regulars.web.charts.shapes import (
    NOTHING,
    Chart,
    Format,
    Point,
    Series,
    legend_of,
    plain_number,
    toned,
)
from regulars.web.rules import Axis, axis_over


def described(series: Series, point: Point, show: Format, *, many: bool) -> str:
    said = f"{show(point.value or 0)}"
    if point.low is not None and point.high is not None:
        said = _("%(value)s (%(low)s to %(high)s)") % {
            "value": said,
            "low": show(point.low),
            "high": show(point.high),
        }
    if point.note:
        said += f", {point.note}"
    return f"{series.name}: {said}" if many else said


def _alone(here: Sequence[Series], at: int) -> bool:
    return any([at] in runs_of(one.points) for one in here)


def _hits(
    all_series: Sequence[Series], axis: Axis, places: Sequence[float], *, show: Format
) -> SafeString:
    """Invisible columns that catch the pointer, and show dots and the values in words."""
    count = len(places)
    width = 1 / max(1, count)
    hits: list[SafeString] = []
    for at, where in enumerate(places):
        here = [series for series in all_series if series.points[at].value is not None]
        if not here:
            continue
        dots = format_html_join(
            "",
            '<circle class="dot {}" cx="{}" cy="{}" r="3.5"/>',
            (
                (one.tone, percent(where), percent(1 - axis.share_of(one.points[at].value or 0)))
                for one in here
            ),
        )
        words = " · ".join(
            described(one, one.points[at], show, many=len(all_series) > 1) for one in here
        )
        anchor = "start" if where < 0.25 else "end" if where > 0.75 else "middle"
        hits.append(
            format_html(
                '<g class="hit{}"><rect class="catch" x="{}" y="0" width="{}" height="100%"/>'
                '<line class="cross" x1="{}" x2="{}" y1="0" y2="100%"/>{}'
                '<text class="tip" x="{}" y="-6" text-anchor="{}">{} · {}</text></g>',
                " last" if at == count - 1 else " alone" if _alone(here, at) else "",
                percent(max(0.0, where - width / 2)),
                percent(width),
                percent(where),
                percent(where),
                dots,
                percent(where),
                anchor,
                here[0].points[at].label,
                words,
            )
        )
    return joined(hits)


def table_of(all_series: Sequence[Series], show: Format, first: str) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            point.label,
            *(
                described(one, one.points[at], show, many=False)
                if one.points[at].value is not None
                else "–"
                for one in all_series
            ),
        )
        for at, point in enumerate(all_series[0].points)
    )


def line_chart(
    all_series: Sequence[Series],
    *,
    title: str,
    finding: str,
    show: Format = plain_number,
    goal: float | None = None,
    from_zero: bool = False,
    height: int = 200,
    place: str = "",
) -> Chart:
    """Lines over time, each with its band of confidence where its points have bounds.

    `place` heads the first column of the table ("Week"); `goal` draws a dashed line.
    """
    lines = toned(all_series)
    values = [
        value
        for one in lines
        for point in one.points
        for value in (point.value, point.low, point.high)
        if value is not None
    ]
    if not values:
        return Chart(title, finding, NOTHING)
    bounds = [*values, *([0.0] if from_zero else []), *([goal] if goal is not None else [])]
    axis = axis_over(min(bounds), max(bounds))
    labels = [point.label for point in lines[0].points]
    places = [at / (len(labels) - 1) if len(labels) > 1 else 0.5 for at in range(len(labels))]
    body = (
        grid(axis, show, goal)
        + labels_under(labels, places, height)
        + stretched(joined(curve(one, axis, places) for one in lines))
        + _hits(lines, axis, places, show=show)
    )
    columns = (place or _("Period"), *(one.name for one in lines))
    rows = table_of(lines, show, columns[0])
    drawing = picture(body, height=height, label=finding)
    return Chart(title, finding, drawing, columns, rows, legend_of(lines))


def sparkline(values: Sequence[float | None], *, label: str = "", tone: str = "c1") -> SafeString:
    """A small line without axes; decoration unless it has a label."""
    points = [Point("", value) for value in values]
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return NOTHING
    axis = Axis(min(known), max(known) if max(known) > min(known) else min(known) + 1, ())
    places = [at / (len(points) - 1) for at in range(len(points))]
    spoken = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else format_html('aria-hidden="{}"', "true")
    )
    return format_html(
        '<span class="chart spark"><svg viewBox="0 0 1000 1000" preserveAspectRatio="none" {}>{}</svg></span>',
        spoken,
        curve(Series("", points, tone), axis, places),
    )
