"""Funnel plots: scores by how many answers they rest on, within the limits that chance draws."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from regulars.web.charts.drawing import grid, joined, percent, picture, stretched
from regulars.web.charts.scatter import Dot
from regulars.web.charts.shapes import NOTHING, Chart, Format, plain_number
from regulars.web.rules import Axis, axis_over

STEPS = 60


@dataclass(frozen=True)
class Funnel:
    """The limits of chance around a middle: `reaches` times the deviation by the root of the size.

    `bounds` are the ends of the measure's scale.
    """

    middle: float
    deviation: float
    reaches: tuple[float, ...]
    bounds: tuple[float, float]

    def limits(self, reach: float, size: float) -> tuple[float, float]:
        """The limits at one size, within the scale."""
        low, high = self.bounds
        half = reach * self.deviation / math.sqrt(size)
        return max(low, self.middle - half), min(high, self.middle + half)


def funnel_chart(
    dots: Sequence[Dot],
    funnel: Funnel,
    *,
    title: str,
    finding: str,
    columns: tuple[str, str, str],
    show: Format = plain_number,
    height: int = 280,
) -> Chart:
    """Dots by size (x) and score (y) in the funnel; those with a tone of their own bear their number.

    `columns` names thing, x and y; the names stand in the table below.
    """
    if not dots:
        return Chart(title, finding, NOTHING)
    most = max(dot.x for dot in dots)
    least = max(1.0, min(dot.x for dot in dots) * 0.7)
    reached = [funnel.limits(funnel.reaches[-1], least)]
    values = [dot.y for dot in dots] + [value for pair in reached for value in pair]
    up, wide = axis_over(min(values), max(values)), axis_over(0, most * 1.05)
    marks = format_html_join(
        "",
        '<text x="{}" y="{}" dy="1.6em" text-anchor="middle">{}</text>',
        ((percent(wide.share_of(mark)), height, show(mark)) for mark in wide.marks),
    )
    bands = joined(_band(funnel, reach, least, wide=wide, up=up) for reach in funnel.reaches)
    body = joined(
        [
            grid(up, show, funnel.middle),
            marks,
            stretched(format_html('<g class="c1">{}</g>', bands)),
            _marks(dots, wide, up, show),
        ]
    )
    rows = tuple(
        (
            f"{at + 1}. {dot.label}",
            show(dot.x),
            f"{show(dot.y)}{f' · {dot.note}' if dot.note else ''}",
        )
        for at, dot in enumerate(dots)
    )
    drawing = picture(body, height=height, label=finding)
    return Chart(title, finding, drawing, columns=columns, rows=rows)


def _marks(dots: Sequence[Dot], wide: Axis, up: Axis, show: Format) -> SafeString:
    places = [(percent(wide.share_of(dot.x)), percent(1 - up.share_of(dot.y))) for dot in dots]
    return format_html_join(
        "",
        '<g><circle class="mark {}" cx="{}" cy="{}" r="5"/><text class="dot-name" x="{}" y="{}"'
        ' dx="9" dy=".32em">{}</text><title>{}</title></g>',
        (
            (
                dot.tone,
                *place,
                *place,
                "" if dot.tone == "quiet" else at + 1,
                f"{dot.label}: {show(dot.y)}, n = {show(dot.x)}",
            )
            for at, (dot, place) in enumerate(zip(dots, places, strict=True))
        ),
    )


def _band(funnel: Funnel, reach: float, least: float, *, wide: Axis, up: Axis) -> SafeString:
    """The area between two limits, from the smallest size to the end of the axis."""
    root_low, root_high = math.sqrt(least), math.sqrt(wide.high)
    sizes = [(root_low + (root_high - root_low) * at / STEPS) ** 2 for at in range(STEPS + 1)]
    pairs = [(size, *funnel.limits(reach, size)) for size in sizes]

    def place(size: float, value: float) -> str:
        return f"{wide.share_of(size) * 1000:.1f},{(1 - up.share_of(value)) * 1000:.1f}"

    upper = [place(size, high) for size, _low, high in pairs]
    lower = [place(size, low) for size, low, _high in reversed(pairs)]
    return format_html('<path class="band" d="M{}Z"/>', "L".join(upper + lower))
