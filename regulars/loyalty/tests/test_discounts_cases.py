"""Figures of other vendors about discounts and tenders, through the product's own rules."""

from typing import Any

import pytest

from regulars.loyalty.verify.discounts import POLICIES
from tests.cases import assert_expected, cases_of


@pytest.mark.parametrize("case", cases_of("discounts"))
def test_case(case: Any) -> None:
    given = case["given"]
    if given["policy"] not in POLICIES:
        pytest.skip(f"the policy {given['policy']} is not offered")
    assert_expected(POLICIES[given["policy"]](given), case["expect"])
