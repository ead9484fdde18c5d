"""Stores that differ by their customers only are not told apart; those that differ by work are."""

from collections.abc import Mapping

import numpy as np
import pytest

from regulars.feedback.rules.fairness import FairComparison, MixCell, fair_comparison

CHANCE = np.random.default_rng(20_261_128)
STEPS = (3.0, 7.0, 10.0)
HAPPY, UNHAPPY = np.array([0.1, 0.2, 0.7]), np.array([0.5, 0.3, 0.2])
STORES, RUNS = 12, 250


def network(lifts: Mapping[int, float], size: int = 120) -> FairComparison:
    """Stores with the share of happy old people going from 10 to 90 %; some do better work."""
    cells = []
    for store in range(STORES):
        old = round(size * (0.1 + 0.8 * store / (STORES - 1)))
        for level, count, shares in (("old", old, HAPPY), ("young", size - old, UNHAPPY)):
            lift = lifts.get(store, 0.0)
            drawn = CHANCE.multinomial(count, shares + np.array([-lift, 0, lift]))
            cells.append(MixCell(f"{store:02}", (level,), dict(zip(STEPS, drawn, strict=True))))
    return fair_comparison(cells, {f"{store:02}": size for store in range(STORES)}, "nps")


def test_stores_that_differ_by_customers_only_are_told_apart_one_time_in_twenty():
    told = [network({}) for _ in range(RUNS)]
    assert np.mean([one.is_apart for one in told]) == pytest.approx(0.05, abs=0.04)
    alarms = [any(group.verdict != "no_evidence" for group in one.groups) for one in told]
    assert np.mean(alarms) < 0.09
    first, last = told[0].groups[0], told[0].groups[-1]
    assert last.raw.value - first.raw.value > 40
    assert abs(last.adjusted - first.adjusted) < 30


def test_better_work_is_found_whoever_the_customers_are_and_bounds_hold_it():
    lift = 0.1
    told = [network({2: lift}) for _ in range(RUNS)]
    truth = 200 * lift
    apart = [one.groups[2].adjusted - np.mean([g.adjusted for g in one.groups]) for one in told]
    assert np.mean(apart) == pytest.approx(truth * (STORES - 1) / STORES, abs=1.5)
    level = np.mean([one.groups[7].adjusted for one in told])
    held = [one.groups[7].low <= level <= one.groups[7].high for one in told]
    assert np.mean(held) == pytest.approx(0.95, abs=0.035)
    assert np.mean([one.groups[2].verdict == "higher" for one in told]) > 0.4


def test_best_guesses_lie_nearer_to_the_truth_than_scores_of_few():
    lifts = {store: 0.02 * (store % 5) for store in range(STORES)}
    told = [network(lifts, size=40) for _ in range(60)]
    truth = np.array([200 * lifts[store] for store in range(STORES)])
    for_each = [
        np.array([(g.adjusted, g.best_guess) for g in one.groups])
        - np.mean([g.adjusted for g in one.groups])
        for one in told
    ]
    errors = np.mean(
        [(one - (truth - truth.mean())[:, None]) ** 2 for one in for_each], axis=(0, 1)
    )
    assert errors[1] < 0.7 * errors[0]


@pytest.mark.parametrize("measure", ["nps", "csat", "ces"])
def test_little_data_say_nothing(measure: str):
    nobody = fair_comparison([], {}, measure)
    assert (nobody.groups, nobody.p_value) == ((), None)
    alike = [MixCell("a", ("x",), {5: 40}), MixCell("b", ("x",), {5: 40})]
    assert fair_comparison(alike, {"a": 40, "b": 40}, measure).p_value is None
    few = [MixCell("a", ("x",), {5: 30, 1: 9}), MixCell("b", ("y",), {5: 3, 1: 6})]
    told = fair_comparison(few, {"a": 39, "b": 9}, measure)
    assert [one.verdict for one in told.groups] == ["too_few", "too_few"]
    assert told.groups[1].adjusted is None
