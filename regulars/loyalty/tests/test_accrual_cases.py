"""The published accrual cases, each through the mechanics and the stacking it names."""

from typing import Any

import pytest

from regulars.loyalty.verify.accrual import POLICIES
from tests.cases import assert_expected, cases_of


@pytest.mark.django_db
@pytest.mark.parametrize("case", cases_of("accrual"))
def test_accrual_case(case: dict[str, Any]) -> None:
    policy = case["given"]["policy"]
    assert_expected(POLICIES[policy](case["given"]), case["expect"])
