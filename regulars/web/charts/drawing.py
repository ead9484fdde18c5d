"""Pieces of SVG that several charts share. Positions are percentages of the drawing."""

from collections.abc import Iterable, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from regulars.web.charts.shapes import Format, Point, Series
from regulars.web.rules import Axis


def joined(parts: Iterable[SafeString]) -> SafeString:
    """Pieces of markup, one after the other."""
    return format_html_join("", "{}", ((part,) for part in parts))


def percent(share: float) -> str:
    return f"{share * 100:.2f}%"


def picture(body: SafeString, *, height: int, label: str) -> SafeString:
    return format_html(
        '<svg width="100%" height="{}" role="img" aria-label="{}">{}</svg>', height, label, body
    )


def stretched(body: SafeString) -> SafeString:
    """Shapes in a square of a thousand by a thousand, stretched over the whole drawing."""
    return format_html(
        '<svg width="100%" height="100%" viewBox="0 0 1000 1000" preserveAspectRatio="none">{}</svg>',
        body,
    )


def grid(axis: Axis, show: Format, goal: float | None) -> SafeString:
    lines = format_html_join(
        "",
        '<line class="gridline{}" x1="0" x2="100%" y1="{}" y2="{}"/>'
        '<text x="-10" y="{}" dy=".32em" text-anchor="end">{}</text>',
        (
            (" zero" if mark == 0 and axis.low < 0 else "", where, where, where, show(mark))
            for mark in axis.marks
            for where in (percent(1 - axis.share_of(mark)),)
        ),
    )
    if goal is None:
        return lines
    where = percent(1 - axis.share_of(goal))
    return lines + format_html(
        '<line class="goal" x1="0" x2="100%" y1="{}" y2="{}"/>', where, where
    )


def _thinned(count: int, *, most: int) -> int:
    """Every how many labels one is shown, so that at most so many stand on the axis."""
    return max(1, -(-count // most))


def labels_under(labels: Sequence[str], places: Sequence[float], height: int) -> SafeString:
    every, every_narrow = _thinned(len(labels), most=12), _thinned(len(labels), most=5)
    last = len(labels) - 1
    return format_html_join(
        "",
        '<text x="{}" y="{}" dy="1.6em" text-anchor="{}" class="{}">{}</text>',
        (
            (
                percent(places[at]),
                height,
                "end" if at == last and places[at] > 0.97 else "middle",
                "" if (last - at) % every_narrow == 0 else "thin",
                label,
            )
            for at, label in enumerate(labels)
            if (last - at) % every == 0
        ),
    )


def runs_of(points: Sequence[Point]) -> list[list[int]]:
    """The unbroken stretches of known values, as positions."""
    runs: list[list[int]] = []
    for at, point in enumerate(points):
        if point.value is None:
            continue
        if runs and runs[-1][-1] == at - 1:
            runs[-1].append(at)
        else:
            runs.append([at])
    return runs


def _place(axis: Axis, places: Sequence[float], at: int, value: float) -> str:
    return f"{places[at] * 1000:.1f},{(1 - axis.share_of(value)) * 1000:.1f}"


def curve(series: Series, axis: Axis, places: Sequence[float]) -> SafeString:
    """The band of confidence below, the line above, broken where nothing is known."""
    parts: list[SafeString] = []
    for run in runs_of(series.points):
        known = [series.points[at] for at in run]
        if all(point.low is not None and point.high is not None for point in known):
            upper = [_place(axis, places, at, series.points[at].high or 0) for at in run]
            lower = [_place(axis, places, at, series.points[at].low or 0) for at in reversed(run)]
            parts.append(format_html('<path class="band" d="M{}Z"/>', "L".join(upper + lower)))
        line = [_place(axis, places, at, series.points[at].value or 0) for at in run]
        parts.append(format_html('<path class="line" d="M{}"/>', "L".join(line)))
    return format_html('<g class="{}">{}</g>', series.tone, joined(parts))
