"""Agreement with a value that the company stands for: the mean rating, and who agrees clearly."""

from collections.abc import Mapping
from dataclasses import dataclass

from regulars.feedback.rules.comparing import Sample
from regulars.feedback.rules.means import MeanInterval
from regulars.feedback.rules.proportions import share_score
from regulars.feedback.rules.scores import Score

ANSWERS_MIN = 5
"""With fewer answers nothing is said."""


@dataclass(frozen=True, slots=True)
class ValueScore:
    """The mean on the scale of the question (Student's t), and the share of its two highest ratings.

    The share is from 0 to 1 with Wilson's interval.
    """

    answers: int
    mean: MeanInterval
    top: Score


def value_score(counts: Mapping[float, int], *, high: float) -> ValueScore | None:
    """The agreement of answers, counted by rating; None with too few of them.

    >>> found = value_score({5: 6, 4: 2, 2: 2}, high=5)
    >>> found.mean.mean, found.top.value, round(found.top.low, 2)
    (4.2, 0.8, 0.49)
    """
    answers = sum(counts.values())
    if answers < ANSWERS_MIN:
        return None
    rated = Sample("ces", counts).score()
    top = share_score(sum(count for rating, count in counts.items() if rating >= high - 1), answers)
    assert rated is not None
    assert top is not None
    return ValueScore(answers, MeanInterval(rated.value, rated.low, rated.high), top)
