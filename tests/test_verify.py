"""The report of worked cases that `regulars verify` prints."""

import pytest

from regulars.cli.verify import verified
from tests.cases import case_folder


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("subject", ["loyalty", "scores"])
def test_the_report_lists_every_case_and_all_pass(subject: str) -> None:
    if not case_folder().is_dir():
        pytest.skip(f"no verification cases at {case_folder()}")
    report = verified(case_folder(), subject)
    assert (report["ok"], report["failed"], report["skipped"]) == (True, [], [])
    assert report["passed"] == len({(one["area"], one["id"]) for one in report["cases"]})
