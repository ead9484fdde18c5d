"""Verification cases that live beside the repository, as parameters of tests."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from regulars.loyalty.verify.meeting import differences
from regulars.loyalty.verify.running import Adapters, check

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"


def case_folder() -> Path:
    """The folder of the case files; REGULARS_CASES points to another one."""
    return Path(os.environ.get("REGULARS_CASES", CASES))


def cases_of(area: str) -> list[Any]:
    """One parameter per case of an area; a single skipped one, with its reason, when absent."""
    path = case_folder() / f"{area}.yaml"
    if not path.is_file():
        reason = f"no verification cases at {path}"
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=reason))]
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))["cases"]
    return [pytest.param(case, id=case["id"]) for case in loaded]


def assert_expected(actual: dict[str, Any], expect: dict[str, Any]) -> None:
    """Every expected entry is met, compared as `regulars verify` compares."""
    assert list(differences(actual, expect)) == []


def assert_met(case: dict[str, Any], adapters: Adapters) -> None:
    """A case comes out as it says; one that asks for what the product does not offer does not."""
    checked = check(case, adapters)
    assert checked.passed, (checked.reason, checked.obtained, checked.expected)
