"""Scores, agreement and decisions of contact rules are those printed by others."""

from datetime import datetime
from typing import Any

import pytest

from regulars.feedback.verify import agreement, contact_rules, scores
from tests.cases import assert_expected, cases_of


@pytest.mark.parametrize("case", cases_of("scores"))
def test_a_score_agrees_with_its_source(case: dict[str, Any]) -> None:
    assert_expected(scores.POLICIES[case["given"]["policy"]](case["given"]), case["expect"])


@pytest.mark.parametrize("case", cases_of("agreement"))
def test_agreement_is_as_its_source_prints_it(case: dict[str, Any]) -> None:
    assert_expected(agreement.POLICIES[case["given"]["policy"]](case["given"]), case["expect"])


@pytest.mark.parametrize("case", cases_of("contact_rules"))
def test_a_contact_is_decided_as_its_source_says(case: dict[str, Any]) -> None:
    expect = dict(case["expect"])
    for moment in ("send_at", "earliest"):
        if expect.get(moment):
            expect[moment] = datetime.fromisoformat(expect[moment])
    assert_expected(contact_rules.POLICIES[case["given"]["policy"]](case["given"]), expect)
