"""Laws of the scores that hold for any answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.feedback.rules.means import effort_score, mean_t_interval
from regulars.feedback.rules.nps import NpsCounts, net_promoter_score, nps_compare, nps_interval
from regulars.feedback.rules.proportions import INTERVALS, proportion_interval, satisfaction_score
from regulars.feedback.rules.response import Dispositions, response_rates
from regulars.feedback.rules.weights import kish, raking, weighted_nps

RATINGS = st.lists(st.integers(0, 10), min_size=1, max_size=60)
COUNTS = st.builds(NpsCounts, st.integers(0, 99), st.integers(0, 99), st.integers(1, 99))


@given(RATINGS)
def test_a_net_promoter_score_stays_within_its_scale(ratings: list[int]) -> None:
    score = net_promoter_score(ratings)
    assert score is not None
    assert -100 <= score.value <= 100
    assert score.low is not None
    assert score.high is not None
    assert -100 <= score.low <= score.high <= 100
    assert score.answers == len(ratings)


@given(COUNTS)
def test_turning_answers_round_turns_the_interval_round(counts: NpsCounts) -> None:
    turned = NpsCounts(counts.promoters, counts.passives, counts.detractors)
    there, back = nps_interval(counts), nps_interval(turned)
    assert there.low == pytest.approx(-back.high)
    assert there.high == pytest.approx(-back.low)


@given(COUNTS, COUNTS)
def test_a_comparison_is_antisymmetric(a: NpsCounts, b: NpsCounts) -> None:
    assert nps_compare(a, b).diff == pytest.approx(-nps_compare(b, a).diff)
    assert nps_compare(a, b).p_value == pytest.approx(nps_compare(b, a).p_value)


@given(COUNTS, st.floats(0.1, 50))
def test_equal_weights_change_nothing(counts: NpsCounts, weight: float) -> None:
    weighted = weighted_nps([(weight, counts)])
    assert weighted.deff == pytest.approx(1)
    assert weighted.nps == pytest.approx(100 * counts.mean)


@given(st.lists(st.tuples(st.floats(0.1, 9), st.integers(1, 50)), min_size=1, max_size=9))
def test_weights_never_add_answers(weights: list[tuple[float, int]]) -> None:
    assert kish(weights).deff >= 1 - 1e-9


@given(st.integers(1, 200), st.data())
def test_every_interval_of_a_share_holds_the_share(size: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, size))
    for method in INTERVALS:
        low, high = proportion_interval(successes, size, method=method)
        assert 0 <= low <= successes / size + 1e-12
        assert successes / size - 1e-12 <= high <= 1


@given(st.lists(st.lists(st.integers(1, 50), min_size=3, max_size=3), min_size=2, max_size=4))
def test_raking_meets_both_margins(seed: list[list[int]]) -> None:
    rows = [30.0] * len(seed)
    cols = [sum(rows) / 3] * 3
    table = raking(seed, rows=rows, cols=cols)
    assert [sum(line) for line in table] == pytest.approx(rows)
    assert [sum(line[index] for line in table) for index in range(3)] == pytest.approx(cols)


@given(st.lists(st.integers(0, 500), min_size=7, max_size=7))
def test_response_rates_are_shares(parts: list[int]) -> None:
    rates = response_rates(Dispositions(*parts, eligible_share=0.5))
    assert all(rate is None or 0 <= rate <= 1 for rate in rates.values())


def test_nothing_answered_gives_no_score() -> None:
    assert net_promoter_score([]) is None
    assert satisfaction_score([]) is None
    assert effort_score([]) is None
    with pytest.raises(ValueError, match="no answers"):
        nps_interval(NpsCounts(0, 0, 0))


def test_one_answer_has_a_mean_and_no_bounds() -> None:
    assert mean_t_interval([4.0]).low is None


def test_raking_refuses_margins_of_different_totals() -> None:
    with pytest.raises(ValueError, match="same total"):
        raking([[1, 1], [1, 1]], rows=[1, 1], cols=[1, 2])
