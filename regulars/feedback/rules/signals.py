"""What a score means: its share of the scale, and whether the customer is unhappy."""

SCALES: dict[str, tuple[float, float]] = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
"""The only scale of each measure, so that answers of all surveys can be counted together."""

UNHAPPY_MAX: dict[str, float] = {"nps": 6, "csat": 2, "ces": 3}
"""At or below this the customer is unhappy: a detractor, dissatisfied, or had a hard time."""

HAPPY_MIN: dict[str, float] = {"nps": 9, "csat": 4, "ces": 6}
"""From this on the customer is happy: a promoter, satisfied, or had it easy."""


def share_of_scale(measure: str, score: float) -> float:
    """How far a score lies up its scale, from 0 to 1.

    >>> share_of_scale("csat", 4)
    0.75
    """
    low, high = SCALES[measure]
    return min(1.0, max(0.0, (score - low) / (high - low)))


def is_unhappy(measure: str, score: float) -> bool:
    """Whether a score calls for attention.

    >>> is_unhappy("nps", 6), is_unhappy("csat", 3)
    (True, False)
    """
    return score <= UNHAPPY_MAX[measure]


def mood(measure: str, score: float) -> str:
    """The band a score falls in: good, fair or bad.

    >>> mood("nps", 9), mood("nps", 7), mood("csat", 1)
    ('good', 'fair', 'bad')
    """
    if is_unhappy(measure, score):
        return "bad"
    return "good" if score >= HAPPY_MIN[measure] else "fair"
