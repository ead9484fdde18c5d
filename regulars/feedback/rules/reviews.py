"""Corrections for reviews in open sources: who bothers to post, and how few they are."""

from collections.abc import Mapping

from regulars.feedback.rules.scores import NoAnswers


def observed_shares(
    true_shares: Mapping[str, float], posting: Mapping[str, float]
) -> dict[str, float]:
    """The shares one sees when each group posts with its own probability (Hu, Pavlou, Zhang 2009).

    >>> observed_shares({"unhappy": 0.5, "happy": 0.5}, {"unhappy": 0.25, "happy": 0.75})
    {'unhappy': 0.25, 'happy': 0.75}
    """
    return _normalised({name: share * posting[name] for name, share in true_shares.items()})


def corrected_shares(
    observed: Mapping[str, float], posting: Mapping[str, float]
) -> dict[str, float]:
    """The shares behind what one sees: each is divided by its probability of being posted.

    Raises ValueError for a group that is seen although it never posts.
    """
    if any(posting[name] <= 0 < share for name, share in observed.items()):
        raise ValueError("a group that never posts cannot be corrected for")
    return _normalised(
        {name: share / posting[name] if share else 0.0 for name, share in observed.items()}
    )


def bayesian_average(
    *, prior_size: float, prior_mean: float, size: float, mean: float | None
) -> float:
    """A mean rating drawn towards a prior, so that one review does not make a winner.

    The prior counts as `prior_size` reviews of `prior_mean`; without reviews it is the answer.

    >>> bayesian_average(prior_size=7, prior_mean=3.5, size=1, mean=5)
    3.6875
    """
    if size < 0 or prior_size < 0:
        raise ValueError("sizes must not be negative")
    if size + prior_size == 0:
        raise NoAnswers("a mean needs reviews or a prior")
    if size == 0 or mean is None:
        return prior_mean
    return (prior_size * prior_mean + size * mean) / (prior_size + size)


def _normalised(parts: Mapping[str, float]) -> dict[str, float]:
    total = sum(parts.values())
    if total <= 0:
        raise NoAnswers("shares must not all be zero")
    return {name: part / total for name, part in parts.items()}
