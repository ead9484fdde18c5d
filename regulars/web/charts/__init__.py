"""Charts drawn on the server as SVG: no script, sharp at any width, coloured by CSS classes.

Every chart carries one sentence that says what it shows, and its numbers as a table.
"""

from regulars.web.charts.bars import bar_chart, interval_bar, split_chart
from regulars.web.charts.columns import column_chart
from regulars.web.charts.funnel import Funnel, funnel_chart
from regulars.web.charts.lines import line_chart, sparkline
from regulars.web.charts.scatter import Dot, scatter_chart
from regulars.web.charts.shapes import Bar, Chart, Point, Series, plain_number, points, signed

__all__ = [
    "Bar",
    "Chart",
    "Dot",
    "Funnel",
    "Point",
    "Series",
    "bar_chart",
    "column_chart",
    "funnel_chart",
    "interval_bar",
    "line_chart",
    "plain_number",
    "points",
    "scatter_chart",
    "signed",
    "sparkline",
    "split_chart",
]
