"""A score as it is shown everywhere: never without its count and its interval."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Score:
    """A figure with the bounds of its confidence interval and the answers behind it.

    Units are those of the measure: points from -100 to 100 for the Net Promoter Score, a share
    from 0 to 1 for satisfaction, points of its own scale for effort. The bounds of a mean of one
    answer do not exist and are None.
    """

    value: float
    low: float | None
    high: float | None
    answers: int

    @property
    def is_thin(self) -> bool:
        """Whether there are too few answers for the figure to say anything by itself."""
        return self.answers < 5
