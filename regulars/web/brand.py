"""The company's own face: a name, one colour, a logo. The domain that keeps them registers here."""

from collections.abc import Callable
from dataclasses import dataclass

from regulars.web.rules import NIGHT, PAPER, readable_on, text_on


@dataclass(frozen=True)
class BrandLook:
    """What the frame shows of the company; `color` is `#rrggbb`."""

    name: str = "Regulars"
    color: str = "#2249c9"
    logo_url: str = ""
    timezone: str = "UTC"
    language: str = "en"

    @property
    def initial(self) -> str:
        """The letter that stands for a missing logo."""
        return self.name[:1].upper()

    @property
    def on_color(self) -> str:
        """White or black, whichever reads on the company's colour."""
        return text_on(self.color)

    @property
    def stylesheet(self) -> str:
        """The variables that carry the colour into every page."""
        ink = f"light-dark({readable_on(self.color, PAPER)}, {readable_on(self.color, NIGHT)})"
        return f":root{{--brand:{self.color};--on-brand:{self.on_color};--brand-ink:{ink}}}"


Source = Callable[[], BrandLook]
_sources: list[Source] = []


def provide_brand(source: Source) -> Source:
    """A decorator for the function that gives the company's look; the last one registered counts."""
    _sources.append(source)
    return source


def current_brand() -> BrandLook:
    """The company's look, or the product's own while there is no company."""
    return _sources[-1]() if _sources else BrandLook()
