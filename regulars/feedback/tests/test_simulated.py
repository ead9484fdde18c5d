"""Planted truths: intervals cover them, corrections find them, comparisons raise few false alarms."""

from collections.abc import Callable

import numpy as np
import pytest

from regulars.feedback.rules.comparing import Sample, benjamini_hochberg, difference
from regulars.feedback.rules.drivers import key_drivers
from regulars.feedback.rules.nps import NpsCounts, nps_interval
from regulars.feedback.rules.proportions import wilson_interval
from regulars.feedback.rules.representing import (
    Cell,
    corrected,
    propensity_weights,
    raked,
    silent,
    weighted_score,
)

CHANCE = np.random.default_rng(20_260_302)
RUNS = 3_000
SHARES = (0.2, 0.3, 0.5)


def nps_samples(size: int, runs: int = RUNS) -> list[NpsCounts]:
    return [NpsCounts(*map(float, row)) for row in CHANCE.multinomial(size, SHARES, size=runs)]


@pytest.mark.parametrize("size", [20, 60, 300])
def test_intervals_of_scores_hold_their_coverage(size: int) -> None:
    truth = 100 * (SHARES[2] - SHARES[0])
    found = [nps_interval(counts) for counts in nps_samples(size)]
    assert np.mean([one.low <= truth <= one.high for one in found]) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("size", [20, 100])
def test_intervals_of_shares_hold_their_coverage(size: int) -> None:
    hits = CHANCE.binomial(size, 0.8, size=RUNS)
    found = [wilson_interval(float(one), size) for one in hits]
    assert np.mean([low <= 0.8 <= high for low, high in found]) == pytest.approx(0.95, abs=0.025)


@pytest.mark.parametrize("measure", ["nps", "csat", "ces"])
def test_equal_groups_raise_a_false_alarm_one_time_in_twenty(measure: str) -> None:
    steps = {"nps": (3, 7, 10), "csat": (1, 3, 5), "ces": (2, 5, 7)}[measure]
    drawn = CHANCE.multinomial(150, SHARES, size=(RUNS, 2))
    alarms = 0
    for a, b in drawn:
        pair = [Sample(measure, dict(zip(steps, map(float, one), strict=True))) for one in (a, b)]
        found = difference(*pair)
        alarms += found is not None and found.p_value < 0.05
    assert alarms / RUNS == pytest.approx(0.05, abs=0.015)


def test_many_equal_stores_raise_a_false_alarm_in_one_report_of_twenty() -> None:
    alarms, reports, stores = 0, 400, 20
    for drawn in CHANCE.multinomial(100, SHARES, size=(reports, stores)):
        samples = [
            Sample("nps", dict(zip((3, 7, 10), map(float, one), strict=True))) for one in drawn
        ]
        whole = Sample("nps", dict(zip((3, 7, 10), map(float, drawn.sum(axis=0)), strict=True)))
        chances = [difference(one, whole.without(one)).p_value for one in samples]  # type: ignore[union-attr]
        alarms += min(benjamini_hochberg(chances)) < 0.05
    assert alarms / reports < 0.09


def company(people: int = 20_000) -> tuple[list[Cell], float]:
    """Customers of whom the unhappy groups answer seldom, and the score all would have given."""
    cells, truth = [], 0.0
    for age, share_of_age in (("18-34", 0.4), ("35-54", 0.35), ("55+", 0.25)):
        for tier, share_of_tier in (("none", 0.6), ("silver", 0.3), ("gold", 0.1)):
            count = round(people * share_of_age * share_of_tier)
            happy = {"18-34": -0.25, "35-54": 0.0, "55+": 0.2}[age] + {
                "none": -0.15,
                "silver": 0.1,
                "gold": 0.3,
            }[tier]
            shares = np.array([0.3 - happy / 2, 0.3, 0.4 + happy / 2])
            logit = {"18-34": -3.0, "35-54": -2.2, "55+": -1.4}[age] + {
                "none": 0.0,
                "silver": 0.5,
                "gold": 1.1,
            }[tier]
            answered = int(CHANCE.binomial(count, 1 / (1 + np.exp(-logit))))
            drawn = CHANCE.multinomial(answered, shares)
            counts = {score: float(n) for score, n in zip((3.0, 7.0, 10.0), drawn, strict=True)}
            cells.append(Cell((age, tier), count, answered, counts))
            truth += 100 * (shares[2] - shares[0]) * count
    return cells, truth / sum(cell.people for cell in cells)


@pytest.mark.parametrize("weights_of", [raked, propensity_weights])
def test_a_planted_bias_of_eight_points_comes_under_two(
    weights_of: Callable[[list[Cell]], list[float]],
) -> None:
    raw, mended, covered, runs = [], [], 0, 60
    for _ in range(runs):
        cells, truth = company()
        plain = weighted_score(cells, [1.0] * len(cells), "nps")
        score = weighted_score(cells, weights_of(cells), "nps")
        assert plain is not None
        assert score is not None
        assert score.low is not None
        assert score.high is not None
        raw.append(plain.value - truth)
        mended.append(score.value - truth)
        covered += score.low <= truth <= score.high
    assert abs(np.mean(raw)) > 8
    assert abs(np.mean(mended)) < 2
    assert covered / runs > 0.88


def test_what_cannot_be_told_is_not_guessed() -> None:
    few = [Cell(("a",), 900, 9, {9.0: 9.0}), Cell(("b",), 100, 0, {})]
    found = corrected(few, "nps")
    assert found.raw is not None
    assert (found.raking, found.propensity, found.band) == (None, None, None)
    assert found.unreached == pytest.approx(0.1)
    assert corrected([], "nps").raw is None


def test_who_stayed_silent_is_named_with_bounds() -> None:
    cells, _truth = company()
    rows = {row.level: row for row in silent(cells)}
    young = rows["18-34"]
    assert young.low <= young.rate <= young.high < rows["55+"].low
    assert young.apart < 0
    assert young.p_value is not None
    assert young.p_value < 0.001


def rated(people: int, weights: dict[str, float]) -> tuple[list[float], dict[str, list[float]]]:
    """A target that follows ratings with these weights, and ratings that have something in common."""
    common = CHANCE.normal(size=people)
    columns = {name: 0.6 * common + CHANCE.normal(size=people) for name in weights}
    target = sum(weight * columns[name] for name, weight in weights.items())
    noisy = target + CHANCE.normal(size=people)
    return list(noisy), {name: list(column) for name, column in columns.items()}


def test_planted_drivers_are_found_in_their_order() -> None:
    target, ratings = rated(600, {"speed": 1.0, "price": 0.4, "music": 0.0})
    found = key_drivers(target, ratings)
    assert [one.name for one in found.drivers] == ["speed", "price", "music"]
    assert sum(one.importance for one in found.drivers) == pytest.approx(1)
    assert found.drivers[0].low > found.drivers[1].high
    assert found.explained is not None
    assert found.explained[1] < found.explained[0] < found.explained[2]


def test_drivers_that_explain_nothing_are_not_named() -> None:
    target, ratings = rated(200, {"speed": 0.0, "price": 0.0})
    assert key_drivers(target, ratings).reason == "unrelated"
    assert key_drivers(target[:40], {"speed": ratings["speed"][:40]}).reason == "too_few"
    assert key_drivers([1.0] * 200, ratings).reason == "nothing_to_explain"
    skipped = {**ratings, "rare": [None] * 200}
    assert key_drivers(target, skipped).left_out == ("rare",)
