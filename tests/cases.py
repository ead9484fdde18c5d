"""Verification cases that live beside the repository, as parameters of tests."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

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
    """Every expected entry is met; `tolerance` covers the numbers that are not integers."""
    tolerance = float(expect.get("tolerance", 0))
    for name, expected in expect.items():
        if name != "tolerance":
            _assert_close(actual[name], expected, tolerance=tolerance, where=name)


def _assert_close(actual: Any, expected: Any, *, tolerance: float, where: str) -> None:
    if isinstance(expected, dict):
        for name, value in expected.items():
            _assert_close(actual[name], value, tolerance=tolerance, where=f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(actual) == len(expected), where
        for index, value in enumerate(expected):
            _assert_close(actual[index], value, tolerance=tolerance, where=f"{where}[{index}]")
    elif isinstance(expected, float):
        assert actual == pytest.approx(expected, rel=0, abs=tolerance), where
    else:
        assert actual == expected, (where, actual, expected)
