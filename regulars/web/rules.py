"""Arithmetic of the look: contrast of colours and the marks of an axis."""

import math
from dataclasses import dataclass

WHITE = "#ffffff"
BLACK = "#000000"
PAPER = "#f7f6f3"
NIGHT = "#131416"
TEXT_CONTRAST = 4.5


def channels_of(color: str) -> tuple[int, int, int]:
    """Red, green and blue of `#rrggbb`, each from 0 to 255.

    >>> channels_of("#ff8000")
    (255, 128, 0)
    """
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def luminance(color: str) -> float:
    """The relative luminance of `#rrggbb`, 0 for black and 1 for white (WCAG 2.2, section 1.4.3)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in channels_of(color))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast_ratio(first: str, second: str) -> float:
    """How far two colours stand apart, from 1 to 21 (WCAG 2.2); text needs 4.5, marks need 3.

    >>> round(contrast_ratio("#ffffff", "#000000"), 1)
    21.0
    """
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def text_on(color: str) -> str:
    """Near-black or white, whichever reads better on a colour.

    >>> text_on("#ffd400"), text_on("#173a9e")
    ('#000000', '#ffffff')
    """
    return max(WHITE, BLACK, key=lambda ink: contrast_ratio(ink, color))


def mixed(color: str, other: str, *, share: float) -> str:
    """A colour moved towards another by a share from 0 to 1.

    >>> mixed("#000000", "#ffffff", share=0.5)
    '#808080'
    """
    pairs = zip(channels_of(color), channels_of(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def readable_on(color: str, ground: str) -> str:
    """The nearest shade of a colour that reads as text on a ground (contrast of 4.5 or more)."""
    away = WHITE if luminance(ground) < 0.2 else BLACK
    steps = (mixed(color, away, share=step / 20) for step in range(21))
    return next(shade for shade in steps if contrast_ratio(shade, ground) >= TEXT_CONTRAST)


@dataclass(frozen=True)
class Axis:
    """The span of an axis and the values marked on it, lowest first."""

    low: float
    high: float
    marks: tuple[float, ...]

    def share_of(self, value: float) -> float:
        """Where a value stands between the ends, 0 at the low one and 1 at the high one."""
        return (value - self.low) / (self.high - self.low)


def axis_over(low: float, high: float, *, marks: int = 4) -> Axis:
    """An axis that holds both values and is marked at round numbers (1, 2 or 5 times a power of ten).

    >>> axis_over(3, 41).marks
    (0.0, 10.0, 20.0, 30.0, 40.0, 50.0)
    """
    if high - low < 1e-9 * max(1.0, abs(high)):
        low, high = low - 1, high + 1
    rough = (high - low) / marks
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * round_ for round_ in (1, 2, 5, 10) if power * round_ >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    values = tuple(round(step * count, 12) for count in range(first, last + 1))
    return Axis(values[0], values[-1], values)
