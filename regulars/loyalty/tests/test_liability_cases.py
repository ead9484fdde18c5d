"""The published liability cases, and the doctests of their rules."""

import doctest
from typing import Any

import pytest

from regulars.loyalty.rules import breakage, liability
from regulars.loyalty.verify.liability import BESIDE, POLICIES
from regulars.loyalty.verify.running import Adapters
from tests.cases import assert_met, cases_of


@pytest.mark.django_db
@pytest.mark.parametrize("case", cases_of("liability"))
def test_liability_case(case: dict[str, Any]) -> None:
    assert_met(case, Adapters(POLICIES, BESIDE))


@pytest.mark.parametrize("module", [liability, breakage])
def test_examples_of_the_rules(module: Any) -> None:
    assert doctest.testmod(module).failed == 0
