"""Dots on two axes, such as how well each thing is rated by how much it matters."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html_join

from regulars.web.charts.drawing import grid, joined, percent, picture
from regulars.web.charts.shapes import NOTHING, Chart, Format, plain_number
from regulars.web.rules import axis_over


@dataclass(frozen=True)
class Dot:
    """One thing: its number in the drawing is its place in the list."""

    label: str
    x: float
    y: float
    tone: str = "c1"
    note: str = ""


def scatter_chart(
    dots: Sequence[Dot],
    *,
    title: str,
    finding: str,
    columns: tuple[str, str, str],
    show: Format = plain_number,
    across: tuple[float, float] = (0, 100),
    height: int = 260,
) -> Chart:
    """Numbered dots; the names stand in the table below. `columns` names thing, x and y."""
    if not dots:
        return Chart(title, finding, NOTHING)
    wide = axis_over(*across)
    up = axis_over(0, max(dot.y for dot in dots))
    marks = format_html_join(
        "",
        '<text x="{}" y="{}" dy="1.6em" text-anchor="middle">{}</text>',
        ((percent(wide.share_of(mark)), height, show(mark)) for mark in wide.marks),
    )
    body = format_html_join(
        "",
        '<g><circle class="mark {}" cx="{}" cy="{}" r="5"/><text class="dot-name" x="{}" y="{}"'
        ' dx="9" dy=".32em">{}</text><title>{}</title></g>',
        (
            (
                dot.tone,
                *(percent(wide.share_of(dot.x)), percent(1 - up.share_of(dot.y))) * 2,
                at + 1,
                f"{dot.label}: {show(dot.x)}, {show(dot.y)}",
            )
            for at, dot in enumerate(dots)
        ),
    )
    drawing = picture(joined([grid(up, show, None), marks, body]), height=height, label=finding)
    rows = tuple(
        (
            f"{at + 1}. {dot.label}",
            show(dot.x),
            f"{show(dot.y)}{f' · {dot.note}' if dot.note else ''}",
        )
        for at, dot in enumerate(dots)
    )
    return Chart(title, finding, drawing, columns=columns, rows=rows)
