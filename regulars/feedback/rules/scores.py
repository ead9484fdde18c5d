"""A score as it is shown everywhere: never without its count and its interval."""

from dataclasses import dataclass, field, replace
from typing import Any

UNWEIGHTED = "unweighted"
"""The weighting of a score in which each answer counts once."""


class NoAnswers(ValueError):
    """Nobody answered, or no answer weighs anything: there is no figure, not even a zero."""


@dataclass(frozen=True, slots=True)
class Response:
    """How many people were asked, and how many of them answered in full."""

    asked: int
    replied: int

    @property
    def rate(self) -> float | None:
        """RR1 of AAPOR, from 0 to 1: complete answers among all who were asked; None for nobody.

        >>> Response(asked=40, replied=10).rate
        0.25
        """
        return min(1.0, self.replied / self.asked) if self.asked else None


@dataclass(frozen=True, slots=True)
class Score:
    """A figure with the bounds of its confidence interval and the answers behind it.

    Units are those of the measure: points from -100 to 100 for the Net Promoter Score, a share
    from 0 to 1 for satisfaction, points of its own scale for effort. The bounds of a mean of one
    answer do not exist and are None. `effective` is how many evenly weighted answers it is worth
    (Kish); `asked` and `replied` tell of invitations, None where nobody counted them; `weighting`
    is empty for figures that are not of a survey.
    """

    value: float
    low: float | None
    high: float | None
    answers: int
    effective: float | None = field(default=None, repr=False)
    asked: int | None = field(default=None, repr=False)
    replied: int | None = field(default=None, repr=False)
    weighting: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.effective is None:
            object.__setattr__(self, "effective", float(self.answers))

    @property
    def is_thin(self) -> bool:
        """Whether there are too few answers for the figure to say anything by itself."""
        return self.answers < 5

    @property
    def response_rate(self) -> float | None:
        """The share of those asked who answered (RR1), from 0 to 1; None where nobody was asked."""
        return None if self.asked is None else Response(self.asked, self.replied or 0).rate

    @property
    def figures(self) -> dict[str, Any]:
        """All of it by name; `dataclasses.asdict` takes sixteen times as long for as much."""
        return {name: getattr(self, name) for name in self.__slots__}

    def told(self, response: Response | None, *, weighting: str = UNWEIGHTED) -> "Score":
        """The same score with what is known of those who were asked.

        >>> Score(40.0, 30.0, 50.0, 12).told(Response(48, 12)).response_rate
        0.25
        """
        asked, replied = (response.asked, response.replied) if response else (None, None)
        return replace(self, asked=asked, replied=replied, weighting=weighting)
