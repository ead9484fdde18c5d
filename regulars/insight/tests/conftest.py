"""Each test of insight has a lake of its own."""

import pytest

from regulars.insight.lake import files


@pytest.fixture(autouse=True)
def own_lake(tmp_path, monkeypatch):
    """A data folder for this test alone."""
    monkeypatch.setenv("REGULARS_DATA", str(tmp_path))
    return files.lake_folder()
