"""Normal and Student quantiles, the few that the scores need."""

from statistics import NormalDist

NORMAL = NormalDist()


def z_for(confidence: float) -> float:
    """The two-sided normal quantile of a confidence between 0 and 1.

    >>> round(z_for(0.95), 4)
    1.96
    """
    if not 0 < confidence < 1:
        raise ValueError("confidence must lie between 0 and 1")
    return NORMAL.inv_cdf((1 + confidence) / 2)


def z_for_power(power: float) -> float:
    """The one-sided normal quantile of a power between 0 and 1.

    >>> round(z_for_power(0.8), 4)
    0.8416
    """
    if not 0 < power < 1:
        raise ValueError("power must lie between 0 and 1")
    return NORMAL.inv_cdf(power)


def t_for(confidence: float, *, degrees: float) -> float:
    """The two-sided quantile of Student's t with this many degrees of freedom.

    >>> round(t_for(0.95, degrees=9), 4)
    2.2622
    """
    if not 0 < confidence < 1:
        raise ValueError("confidence must lie between 0 and 1")
    # Imported here: it takes a second, and most commands never ask for it.
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1 + confidence) / 2))


def two_sided_p(z: float) -> float:
    """The chance of a standard normal at least as far from zero as z.

    >>> round(two_sided_p(1.96), 3)
    0.05
    """
    return float(2 * NORMAL.cdf(-abs(z)))
