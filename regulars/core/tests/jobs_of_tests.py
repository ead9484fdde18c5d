"""Jobs and events that tests run in workers of their own."""

import time
from dataclasses import dataclass
from pathlib import Path

from regulars.core.events import Event
from regulars.core.jobs import job


@dataclass(frozen=True)
class BellRang(Event):
    """A bell rang so many times."""

    bell_ids: tuple[int, ...]


@job()
def outlive(*, path: str) -> None:
    """Hangs at the first try, is done at once at the second."""
    marker = Path(path)
    if marker.exists():
        marker.write_text("done", encoding="utf-8")
        return
    marker.write_text("started", encoding="utf-8")
    time.sleep(120)
