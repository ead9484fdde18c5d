"""The published cases of expiry, each by the policy it names."""

from typing import Any

import pytest

from regulars.loyalty.verify.expiry import BESIDE, POLICIES
from regulars.loyalty.verify.running import Adapters
from tests.cases import assert_met, cases_of


@pytest.mark.django_db
@pytest.mark.parametrize("case", cases_of("expiry"))
def test_expiry_case(case: dict[str, Any]) -> None:
    assert_met(case, Adapters(POLICIES, BESIDE))
