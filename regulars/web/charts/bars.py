"""Bars that compare things with each other, and marks for the cells of a table."""

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from regulars.web.charts.drawing import percent, picture
from regulars.web.charts.shapes import NOTHING, Bar, Chart, Format, plain_number


def bar_chart(
    bars: Sequence[Bar],
    *,
    title: str,
    finding: str,
    show: Format = plain_number,
    columns: tuple[str, str] = ("", ""),
) -> Chart:
    """Horizontal bars in a table of their own, so labels of any length wrap and can be links."""
    most = max((bar.value for bar in bars), default=0) or 1
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td><svg width="100%" height="10" aria-hidden="true">'
        '<rect class="fill {}" width="{}" height="10" rx="2"/></svg></td>'
        '<td class="num">{}{}</td></tr>',
        (
            (
                format_html('<a href="{}">{}</a>', bar.url, bar.label) if bar.url else bar.label,
                bar.tone,
                percent(max(0.0, bar.value) / most),
                show(bar.value),
                format_html(" <small>{}</small>", bar.note) if bar.note else "",
            )
            for bar in bars
        ),
    )
    head = format_html(
        '<thead class="{}"><tr><th scope="col">{}</th><td></td><th scope="col" class="end">{}</th></tr></thead>',
        "" if any(columns) else "sr",
        columns[0] or title,
        columns[1] or _("Value"),
    )
    table = format_html(
        '<table class="bars"><caption class="sr">{}</caption>{}<tbody>{}</tbody></table>',
        title,
        head,
        rows,
    )
    return Chart(title, finding, table if bars else NOTHING, is_table=True)


def split_chart(
    parts: Sequence[Bar], *, title: str, finding: str, show: Format = plain_number, height: int = 14
) -> Chart:
    """One bar divided among its parts, such as promoters, passives and detractors."""
    whole = sum(part.value for part in parts)
    if not whole:
        return Chart(title, finding, NOTHING)
    drawn: list[tuple[str, str, str, int, str]] = []
    left = 0.0
    for part in parts:
        share = part.value / whole
        words = f"{part.label}: {show(part.value)}"
        drawn.append((part.tone, percent(left), percent(share), height, words))
        left += share
    body = format_html_join(
        "",
        '<rect class="fill {}" x="{}" width="{}" height="{}"><title>{}</title></rect>',
        drawn,
    )
    legend = tuple(
        (part.tone, part.label, f"{show(part.value)}{f' · {part.note}' if part.note else ''}")
        for part in parts
    )
    return Chart(title, finding, picture(body, height=height, label=finding), legend=legend)


def interval_bar(
    value: float, low: float, high: float, *, least: float, most: float, tone: str = "c1"
) -> SafeString:
    """A mark with its interval on a short scale, for the cells of a table."""

    def share(number: float) -> str:
        return percent(min(1.0, max(0.0, (number - least) / (most - least))))

    return format_html(
        '<svg class="interval" width="88" height="12" aria-hidden="true">'
        '<line class="gridline" x1="0" x2="100%" y1="6" y2="6"/>'
        '<line class="range {}" x1="{}" x2="{}" y1="6" y2="6"/>'
        '<circle class="mark {}" cx="{}" cy="6" r="3"/></svg>',
        tone,
        share(low),
        share(high),
        tone,
        share(value),
    )
