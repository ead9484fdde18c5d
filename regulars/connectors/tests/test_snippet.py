"""The web snippet as browsers get it; what it does there is in `tests/browser/test_snippet.py`."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest
from django.test import Client

from regulars.connectors.pages.snippet import FOLDER

NODE = Path(__file__).parents[3] / "tests" / "node"


def test_it_is_under_five_kilobytes_as_served(client: Client) -> None:
    answer = client.get("/collect/regulars.js")
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert len(answer.content) < 5_000
    assert not answer.cookies


def test_browsers_ask_only_whether_it_changed(client: Client) -> None:
    first = client.get("/collect/regulars.js", headers={"Accept-Encoding": "gzip"})
    assert "max-age=3600" in first.headers["Cache-Control"]
    assert gzip.decompress(first.content) == client.get("/collect/regulars.js").content
    again = client.get("/collect/regulars.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_what_is_served_was_made_from_the_source() -> None:
    if shutil.which("node") is None or not (NODE / "node_modules").exists():
        pytest.skip("there is no Node.js with terser; tests/node/install.sh gets it")
    source = (FOLDER / "regulars.js").read_bytes()
    made = subprocess.run(
        [NODE / "minify.sh"], input=source, capture_output=True, check=True
    ).stdout
    assert made.rstrip() == (FOLDER / "regulars.min.js").read_bytes().rstrip(), "make snippet"
