"""Scores and agreement are the figures printed by others."""

from typing import Any

import pytest

from regulars.feedback.verify import agreement, scores
from tests.cases import assert_expected, cases_of


@pytest.mark.parametrize("case", cases_of("scores"))
def test_a_score_agrees_with_its_source(case: dict[str, Any]) -> None:
    assert_expected(scores.POLICIES[case["given"]["policy"]](case["given"]), case["expect"])


@pytest.mark.parametrize("case", cases_of("agreement"))
def test_agreement_is_as_its_source_prints_it(case: dict[str, Any]) -> None:
    assert_expected(agreement.POLICIES[case["given"]["policy"]](case["given"]), case["expect"])
