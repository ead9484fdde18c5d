"""The published cases of tiers, each by the policy it names."""

from typing import Any

import pytest

from regulars.loyalty.verify.running import Adapters
from regulars.loyalty.verify.tiers import BESIDE, POLICIES
from tests.cases import assert_met, cases_of


@pytest.mark.django_db
@pytest.mark.parametrize("case", cases_of("tiers"))
def test_tiers_case(case: dict[str, Any]) -> None:
    assert_met(case, Adapters(POLICIES, BESIDE))
