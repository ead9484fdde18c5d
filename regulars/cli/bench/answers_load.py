"""A load generator for answers: each connection sends one answer, or nothing, at a time.

Run as a program of its own, `python -m regulars.cli.bench.answers_load '{"port": …}'`, so that it
takes no time from what it measures but the machine's. Prints one JSON object.
"""

import asyncio
import json
import sys
from dataclasses import dataclass, field

from regulars.cli.bench.load import run


@dataclass
class AnswersLoad:
    """What to send, and what came of it; without a survey, empty requests."""

    port: int
    key: str
    survey: int
    connections: int
    seconds: float
    run: str
    size: int = 1
    sent: int = 0
    answered: int = 0
    failed: int = 0
    waits_ms: list[float] = field(default_factory=list)

    def request(self) -> bytes:
        """The next answer, with a key of its own."""
        self.sent += 1
        name, body = f"{self.run}-{self.sent}", ""
        if self.survey:
            values = (
                f'{{"nps":{self.sent % 11},"satisfied":{1 + self.sent % 5},"why":"Quick and kind"}}'
            )
            body = f'{{"key":"{name}","survey_id":{self.survey},"values":{values},"channel":"app"}}'
        head = (
            "POST /api/v1/answers HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {self.key}\r\nIdempotency-Key: {name}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return (head + body).encode()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(run(AnswersLoad(**json.loads(sys.argv[1]))))))
