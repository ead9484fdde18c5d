"""The published cases of tiers, each by the policy it names."""

from typing import Any

import pytest

from regulars.loyalty.verify.tiers import POLICIES
from tests.cases import assert_expected, cases_of


@pytest.mark.parametrize("case", cases_of("tiers"))
def test_tiers_case(case: dict[str, Any]) -> None:
    obtained = POLICIES[case["given"]["policy"]](case["given"])
    assert_expected(obtained, case["expect"])
