"""A message centre on loopback: the public SMPP server of npm in a process of its own."""

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

NODE = Path(__file__).parents[3] / "tests" / "node"
IS_THERE = shutil.which("node") is not None and (NODE / "node_modules/smpp").exists()

WAITS_S = 60
"""So long a word of the centre is waited for, on a machine that is busy; then the test fails."""


class Centre:
    """What the centre got so far, and how it is told what to do."""

    def __init__(self, port: int = 0, *, count: int = 0) -> None:
        self.said: list[dict[str, Any]] = []
        self.port = 0
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self._has_ended = False
        self._process = subprocess.Popen(
            ["node", "smsc.mjs", str(port), str(count)],
            cwd=NODE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put({"event": "end"})

    def begin(self) -> None:
        """Wait until it listens."""
        told = self._lines.get(timeout=WAITS_S)
        assert told["event"] == "listening", told
        self.port = told["port"]

    def ask(self, **told: Any) -> None:
        """Have it do something: `does` for how it answers, `deliver` for a message of its own."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()

    def got(self, event: str) -> list[dict[str, Any]]:
        """What it said of one kind until now, also of one that is gone."""
        if not self._has_ended:
            with suppress(OSError):
                self.ask(ping=True)
        while not self._has_ended:
            told = self._lines.get(timeout=WAITS_S)
            if told["event"] == "pong":
                break
            self._has_ended = told["event"] == "end"
            self.said.append(told)
        return [one for one in self.said if one["event"] == event]

    def forget(self) -> None:
        """As if it had just begun."""
        self.ask(does={"receipts": "", "silent": 0, "throttle": 0, "refuse": "", "hex": False})
        self.got("")
        self.said.clear()

    def kill(self) -> None:
        """Gone, without a word to anybody."""
        self._process.kill()
        self._process.wait(WAITS_S)
        self._reader.join(WAITS_S)
        self.got("")
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            with suppress(OSError):
                pipe.close()


@contextmanager
def centre(port: int = 0, *, count: int = 0) -> Iterator[Centre]:
    """A message centre for as long as the block runs."""
    found = Centre(port, count=count)
    try:
        found.begin()
        yield found
    finally:
        found.kill()
