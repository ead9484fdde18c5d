"""The page about events says what the code does."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_is_as_the_script_writes_it():
    spec = importlib.util.spec_from_file_location("docs_events", DOCS / "events.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    written = (DOCS / "events.md").read_text(encoding="utf-8")
    assert written == script.page(), "run: python docs/events.py"
