"""Plug-ins are found once, and nobody sees a part of them."""

import sys
from pathlib import Path
from threading import Barrier, Thread

import pytest

from regulars.core.registry import Registry

PLUG_IN = """
import time
from slow_plug_ins import registry
time.sleep(0.05)
registry.add("{name}")(object())
"""


def test_threads_that_ask_at_once_see_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "slow_plug_ins"
    package.mkdir()
    start = (
        'from regulars.core.registry import Registry\nregistry = Registry("tests", package="{}")\n'
    )
    (package / "__init__.py").write_text(start.format(package.name))
    for name in ("one", "two"):
        (package / f"{name}.py").write_text(PLUG_IN.format(name=name))
    monkeypatch.syspath_prepend(tmp_path)
    registry: Registry[object] = __import__(package.name).registry
    seen: list[set[str]] = []
    together = Barrier(4)

    def ask() -> None:
        together.wait()
        seen.append(set(registry.kinds()))

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in [one for one in sys.modules if one.startswith(package.name)]:
        monkeypatch.delitem(sys.modules, name)
    assert seen == [{"one", "two"}] * 4
