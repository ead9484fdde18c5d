"""The scores agree with figures printed by others."""

from typing import Any

import pytest

from regulars.feedback.verify.scores import POLICIES
from tests.cases import assert_expected, cases_of


@pytest.mark.parametrize("case", cases_of("scores"))
def test_a_score_agrees_with_its_source(case: dict[str, Any]) -> None:
    assert_expected(POLICIES[case["given"]["policy"]](case["given"]), case["expect"])
