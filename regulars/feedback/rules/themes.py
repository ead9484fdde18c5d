"""Themes by what they cost: how often people speak of each, and how the score goes with it.

The cost of a theme is its share of the comments times how far the score of those who speak of it lies
below that of the others: by so much the score of all who wrote would rise if those who speak of the
theme had scored like the rest. It tells what goes together, not what causes what.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from regulars.feedback.rules.comparing import (
    Difference,
    Sample,
    Verdict,
    benjamini_hochberg,
    difference,
    verdict,
)
from regulars.feedback.rules.proportions import wilson_interval
from regulars.feedback.rules.scores import Score

MENTIONS_MIN = 10
"""With fewer mentions, or fewer comments without the theme, nothing is said of its impact."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A comment: its score, the codes of its themes, and who wrote it where that is known."""

    score: float
    codes: frozenset[str]
    customer_id: int | None = None


@dataclass(frozen=True, slots=True)
class ThemeImpact:
    """One theme, in units of the measure.

    `impact` is the score of comments with the theme less that of the others, `cost` how much the score
    of all comments would gain (below zero: the theme is a strength), with the bounds that follow from
    those of the impact. `share` of the comments has its Wilson interval.
    """

    code: str
    mentions: int
    share: float
    share_low: float
    share_high: float
    customer_ids: tuple[int, ...]
    score: Score | None
    impact: Difference | None
    p_adjusted: float | None
    cost: float | None
    cost_low: float | None
    cost_high: float | None
    verdict: Verdict


def theme_impacts(
    comments: Sequence[Coded], codes: Collection[str], measure: str
) -> list[ThemeImpact]:
    """Every theme with its impact, what costs most first; those with too few mentions at the end.

    >>> said = [Coded(2, frozenset({"queue"}))] * 20 + [Coded(10, frozenset())] * 80
    >>> (queue,) = theme_impacts(said, ["queue"], "nps")
    >>> queue.share, queue.impact.value, queue.cost, queue.verdict
    (0.2, -200.0, 40.0, 'lower')
    """
    whole = _sample(comments, measure)
    spoken = {code: [one for one in comments if code in one.codes] for code in codes}
    samples = {code: _sample(some, measure) for code, some in spoken.items()}
    apart = {
        code: difference(mine, whole.without(mine))
        for code, mine in samples.items()
        if min(mine.size, whole.size - mine.size) >= MENTIONS_MIN
    }
    known = {code: one for code, one in apart.items() if one is not None}
    adjusted = dict(
        zip(known, benjamini_hochberg([one.p_value for one in known.values()]), strict=True)
    )
    found = [
        _impact(code, spoken[code], (samples[code], whole), (known.get(code), adjusted.get(code)))
        for code in codes
    ]
    return sorted(found, key=_order)


def _order(one: ThemeImpact) -> tuple[bool, float, int, str]:
    return one.cost is None, -(one.cost or 0.0), -one.mentions, one.code


def _sample(comments: Iterable[Coded], measure: str) -> Sample:
    return Sample(measure, Counter(one.score for one in comments))


def _impact(
    code: str,
    spoken: Sequence[Coded],
    samples: tuple[Sample, Sample],
    found: tuple[Difference | None, float | None],
) -> ThemeImpact:
    (mine, whole), (apart, p_value) = samples, found
    count, everybody = len(spoken), round(whole.size)
    low, high = wilson_interval(count, everybody) if everybody else (0.0, 1.0)
    share = count / everybody if everybody else 0.0
    return ThemeImpact(
        code,
        count,
        share,
        low,
        high,
        tuple(sorted({one.customer_id for one in spoken if one.customer_id is not None})),
        score=mine.score(),
        impact=apart,
        p_adjusted=p_value,
        cost=-share * apart.value if apart else None,
        cost_low=-share * apart.high if apart else None,
        cost_high=-share * apart.low if apart else None,
        verdict=verdict(
            apart,
            p_value=1.0 if p_value is None else p_value,
            least=min(mine.size, whole.size - mine.size),
            size_min=MENTIONS_MIN,
        ),
    )
