"""Figures of other vendors about discounts and tenders, through the product's own rules."""

from typing import Any

import pytest

from regulars.loyalty.verify.discounts import BESIDE, POLICIES
from regulars.loyalty.verify.running import Adapters
from tests.cases import assert_met, cases_of


@pytest.mark.django_db
@pytest.mark.parametrize("case", cases_of("discounts"))
def test_case(case: dict[str, Any]) -> None:
    assert_met(case, Adapters(POLICIES, BESIDE))
