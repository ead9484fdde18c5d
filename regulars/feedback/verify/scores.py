"""What each policy of the cases of scores asks the rules for."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from regulars.feedback.rules.means import mean_t_interval
from regulars.feedback.rules.nps import (
    NpsCounts,
    count_ratings,
    nps_compare,
    nps_compare_sample_size,
    nps_from_counts,
    nps_from_scores,
    nps_interval,
    nps_sample_size,
)
from regulars.feedback.rules.proportions import proportion_interval
from regulars.feedback.rules.response import Dispositions, response_rates
from regulars.feedback.rules.reviews import bayesian_average, corrected_shares, observed_shares
from regulars.feedback.rules.scores import NoAnswers
from regulars.feedback.rules.weights import (
    Stratum,
    kish,
    poststratified_mean,
    raking,
    weighted_nps,
)

Given = dict[str, Any]
DISPOSITIONS = {
    "I": "complete",
    "P": "partial",
    "R": "refused",
    "NC": "non_contact",
    "O": "other",
    "UH": "unknown_household",
    "UO": "unknown_other",
}


def numbers(given: Given) -> Given:
    """The numeric options of a case, with quoted decimals as floats."""
    names = ("confidence", "variance", "power", "half_width", "difference")
    return {name: float(given[name]) for name in names if name in given}


def counts(given: Given) -> NpsCounts:
    """The counts of a case, given as such or as single scores."""
    if "scores" in given:
        return count_ratings(answered(given["scores"]), **borders(given))
    names = ("detractors", "passives", "promoters")
    return NpsCounts(*(float(given[name]) for name in names))


def borders(given: Given) -> Given:
    return {name: float(given[name]) for name in ("detractor_max", "passive_max") if name in given}


def answered(values: list[Any]) -> list[float]:
    """The answers among values that may be quoted; one that was not given is none."""
    return [float(value) for value in values if value is not None]


def within(part: str, fields: str) -> str:
    """Fields as they stand within a part of a case."""
    return " ".join(f"{part}.{field}" for field in fields.split())


def from_scores(given: Given) -> Given:
    return asdict(nps_from_scores(answered(given["scores"]), **borders(given)))


def interval(given: Given) -> Given:
    options = {"method": given["method"]} if "method" in given else {}
    found = nps_interval(counts(given), clip=given.get("clip", False), **options, **numbers(given))
    return asdict(found)


def compared(given: Given) -> Given:
    found = nps_compare(
        counts(given["a"]),
        counts(given["b"]),
        method=given.get("method", "adjusted_wald"),
        confidence=float(given.get("confidence", 0.95)),
    )
    return asdict(found)


def proportion(given: Given) -> Given:
    successes, size = float(given["successes"]), float(given["size"])
    method = given.get("method", "wilson")
    clip = given.get("clip", True)
    low, high = proportion_interval(successes, size, method=method, clip=clip, **numbers(given))
    return {"share": successes / size, "low": low, "high": high}


def mean(given: Given) -> Given:
    return asdict(mean_t_interval(answered(given["values"]), **numbers(given)))


def design(given: Given) -> Given:
    return asdict(kish([weight(row) for row in given["weights"]]))


def weight(row: Any) -> tuple[float, float]:
    """A weight with how many answers bear it; a bare number is the weight of one answer."""
    return (
        (float(row["weight"]), float(row.get("count", 1)))
        if isinstance(row, dict)
        else (float(row), 1)
    )


def weighted(given: Given) -> Given:
    return asdict(weighted_nps([(float(row["weight"]), counts(row)) for row in given["groups"]]))


def raked(given: Given) -> Given:
    seed = [[float(cell) for cell in line] for line in given["seed"]]
    rows, cols = ([float(one) for one in given[side]] for side in ("rows", "cols"))
    return {"table": raking(seed, rows=rows, cols=cols)}


def poststratified(given: Given) -> Given:
    strata = [
        Stratum(float(row["population_share"]), float(row["size"]), number(row.get("mean")))
        for row in given["strata"]
    ]
    return asdict(poststratified_mean(strata))


def number(told: Any) -> float | None:
    """A number that may be quoted, or none at all."""
    return None if told is None else float(told)


def rates(given: Given) -> Given:
    named = {DISPOSITIONS[name]: int(given[name] or 0) for name in DISPOSITIONS if name in given}
    share = number(given.get("e"))
    return response_rates(Dispositions(**named, eligible_share=1.0 if share is None else share))


def posting(given: Given) -> Given:
    chances = {name: float(value) for name, value in given["posting"].items()}
    if "observed" in given:
        observed = {name: float(value) for name, value in given["observed"].items()}
    else:
        shares = {name: float(value) for name, value in given["true_shares"].items()}
        observed = observed_shares(shares, chances)
    return {"observed": observed, "corrected": corrected_shares(observed, chances)}


def bayesian(given: Given) -> Given:
    score = bayesian_average(
        prior_size=float(given["prior_size"]),
        prior_mean=float(given["prior_mean"]),
        size=float(given["size"]),
        mean=number(given.get("mean")),
    )
    return {"score": score}


def figures(names: str, adapter: Callable[[Given], Given]) -> Callable[[Given], Given]:
    """An adapter that gives each of its figures no value where there are no answers."""

    def run(given: Given) -> Given:
        try:
            return adapter(given)
        except NoAnswers:
            return dict.fromkeys(names.split())

    return run


POLICIES: dict[str, Callable[[Given], Given]] = {
    "nps_from_scores": figures("nps variance se", from_scores),
    "nps_from_counts": figures(
        "nps variance se", lambda given: asdict(nps_from_counts(counts(given)))
    ),
    "nps_interval": figures("nps se moe low high", interval),
    "nps_compare": figures("diff se z p_value low high", compared),
    "nps_sample_size": lambda given: {"size": nps_sample_size(**numbers(given))},
    "nps_compare_sample_size": lambda given: {
        "size_per_group": nps_compare_sample_size(**numbers(given))
    },
    "proportion_interval": figures("share low high", proportion),
    "mean_t_interval": figures("mean low high", mean),
    "kish": figures("deff ess", design),
    "weighted_nps": figures("nps variance deff ess se", weighted),
    "raking": raked,
    "poststratified_mean": figures("raw_mean weighted_mean", poststratified),
    "response_rates": rates,
    "posting_bias": figures("observed corrected", posting),
    "bayesian_average": figures("score", bayesian),
}

COUNTED = "detractors passives promoters scores detractor_max passive_max"
FIELDS: dict[str, str] = {
    "nps_from_scores": "scores detractor_max passive_max",
    "nps_from_counts": COUNTED,
    "nps_interval": f"{COUNTED} method confidence clip",
    "nps_compare": f"a b {within('a', COUNTED)} {within('b', COUNTED)} method confidence",
    "nps_sample_size": "half_width variance confidence",
    "nps_compare_sample_size": "difference variance confidence power",
    "proportion_interval": "successes size method confidence clip",
    "mean_t_interval": "values confidence",
    "kish": "weights weights.weight weights.count",
    "weighted_nps": "groups groups.weight " + within("groups", COUNTED),
    "raking": "seed rows cols",
    "poststratified_mean": "strata strata.name strata.population_share strata.size strata.mean",
    "response_rates": "I P R NC O UH UO e",
    "posting_bias": "true_shares true_shares.* observed observed.* posting posting.*",
    "bayesian_average": "prior_size prior_mean size mean",
}
"""The fields of each policy that the product looks at; others are told in the report."""
