"""Verification cases of returns, debts, holds and reversals, by id."""

from typing import Any

import pytest

from regulars.loyalty.queries import audit
from regulars.loyalty.verify.returns import AT, BESIDE, POLICIES
from regulars.loyalty.verify.running import COMMITTING, Adapters
from tests.cases import assert_met, cases_of

CASES = cases_of("returns")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "case",
    [
        one
        for one in CASES
        if (one.values[0] or {}).get("given", {}).get("policy") not in COMMITTING
    ],
)
def test_case(case: dict[str, Any]) -> None:
    assert_met(case, Adapters(POLICIES, BESIDE))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "case",
    [one for one in CASES if (one.values[0] or {}).get("given", {}).get("policy") in COMMITTING],
)
def test_case_of_concurrent_workers(case: dict[str, Any]) -> None:
    assert_met(case, Adapters(POLICIES, BESIDE))
    assert audit(AT).mismatches == ()
