"""The published accrual cases, each through the mechanics and the stacking it names."""

from typing import Any

import pytest

from regulars.loyalty.verify.accrual import BESIDE, POLICIES
from regulars.loyalty.verify.running import Adapters
from tests.cases import assert_met, cases_of


@pytest.mark.django_db
@pytest.mark.parametrize("case", cases_of("accrual"))
def test_accrual_case(case: dict[str, Any]) -> None:
    assert_met(case, Adapters(POLICIES, BESIDE))
