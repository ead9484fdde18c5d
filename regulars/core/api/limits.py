"""How much a key may ask: a bucket of requests that refills steadily."""

import threading
from dataclasses import dataclass


@dataclass
class Bucket:
    """How many requests are left of a burst, as of a moment in seconds."""

    left: float
    as_of_s: float


class Limiter:
    """Counts the requests of each key in this process.

    A burst may take a minute's worth at once; what was taken comes back at an even pace. Counting
    in the process costs nothing, where a row for each key would make concurrent tills wait for one
    another; so each web process grants its own share, and N processes grant up to N times as much.
    """

    def __init__(self) -> None:
        self._buckets: dict[int, Bucket] = {}
        self._lock = threading.Lock()

    def wait_s(self, key_id: int, *, per_minute: int, now_s: float) -> float:
        """Takes one request from the key's bucket: 0 when there was one, else seconds until then."""
        with self._lock:
            bucket = self._buckets.setdefault(key_id, Bucket(float(per_minute), now_s))
            refilled = bucket.left + (now_s - bucket.as_of_s) * per_minute / 60
            bucket.left, bucket.as_of_s = min(float(per_minute), refilled), now_s
            if bucket.left >= 1:
                bucket.left -= 1
                return 0.0
            return (1 - bucket.left) * 60 / max(per_minute, 1)
