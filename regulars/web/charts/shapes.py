"""What charts are made of: points, series, bars, and the finished chart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from babel.numbers import format_decimal
from django.utils.safestring import SafeString
from django.utils.translation import get_language

Format = Callable[[float], str]
TONES = ("c1", "c2", "c3", "c4", "c5")
NOTHING = SafeString("")


def plain_number(value: float) -> str:
    """A number as people of the current language write it, with one decimal at most."""
    shown = round(value, 1) or 0  # not the nought with a minus
    return format_decimal(shown, locale=(get_language() or "en").split("-")[0])


def points(value: float) -> str:
    """The same for reading only: its minus is the sign of that name, not a hyphen.

    >>> points(-2.54), points(-0.04)
    ('−2.5', '0')
    """
    return plain_number(value).replace("-", "−")


def signed(value: float) -> str:
    """A difference with its sign.

    >>> signed(2.54), signed(-2), signed(-0.04)
    ('+2.5', '−2', '+0')
    """
    shown = points(value)
    return shown if shown.startswith("−") else f"+{shown}"


@dataclass(frozen=True)
class Point:
    """A value at a place on the axis; None where nothing is known. `low` and `high` bound it."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Series:
    """Points of one thing, in order; all series of a chart share their labels."""

    name: str
    points: Sequence[Point]
    tone: str = ""


@dataclass(frozen=True)
class Bar:
    """One bar: a label, a value of 0 or more, and where its label leads."""

    label: str
    value: float
    tone: str = "c1"
    note: str = ""
    url: str = ""


@dataclass(frozen=True)
class Chart:
    """A drawing with its title, its finding in a sentence, and its numbers as a table."""

    title: str
    finding: str
    drawing: SafeString
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    legend: tuple[tuple[str, str, str], ...] = ()
    is_table: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not self.drawing


def toned(all_series: Sequence[Series]) -> list[Series]:
    return [
        Series(one.name, one.points, one.tone or TONES[at % len(TONES)])
        for at, one in enumerate(all_series)
    ]


def legend_of(all_series: Sequence[Series]) -> tuple[tuple[str, str, str], ...]:
    return tuple((one.tone, one.name, "") for one in all_series) if len(all_series) > 1 else ()
