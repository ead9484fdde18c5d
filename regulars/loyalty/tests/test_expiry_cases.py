"""The published cases of expiry, each by the policy it names."""

from typing import Any

import pytest

from regulars.loyalty.verify.expiry import POLICIES
from tests.cases import assert_expected, cases_of


@pytest.mark.parametrize("case", cases_of("expiry"))
def test_expiry_case(case: dict[str, Any]) -> None:
    obtained = POLICIES[case["given"]["policy"]](case["given"])
    assert_expected(obtained, case["expect"])
