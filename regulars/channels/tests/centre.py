"""A message centre on loopback: the public SMPP server of npm in a process of its own."""

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NODE = Path(__file__).parents[3] / "tests" / "node"
IS_THERE = shutil.which("node") is not None and (NODE / "node_modules/smpp").exists()


class Centre:
    """What the centre got so far, and how it is told what to do."""

    def __init__(self, port: int = 0, *, count: int = 0) -> None:
        self._process = subprocess.Popen(
            ["node", "smsc.mjs", str(port), str(count)],
            cwd=NODE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said: list[dict[str, Any]] = []
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.port: int = self._lines.get(timeout=20)["port"]

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(json.loads(line))

    def ask(self, **told: Any) -> None:
        """Have it do something: `does` for how it answers, `deliver` for a message of its own."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()

    def got(self, event: str) -> list[dict[str, Any]]:
        """What it said of one kind so far."""
        while not self._lines.empty():
            self.said.append(self._lines.get())
        return [one for one in self.said if one["event"] == event]

    def forget(self) -> None:
        """As if it had just begun."""
        self.ask(does={"receipts": "", "silent": 0, "throttle": 0, "refuse": "", "hex": False})
        self.got("")
        self.said.clear()

    def kill(self) -> None:
        """Gone, without a word to anybody."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            pipe.close()


@contextmanager
def centre(port: int = 0, *, count: int = 0) -> Iterator[Centre]:
    """A message centre for as long as the block runs."""
    found = Centre(port, count=count)
    try:
        yield found
    finally:
        found.kill()
