"""Whether a share changed between two periods, or chance alone would explain it."""

import math
from dataclasses import dataclass

Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Change:
    """A difference with the bounds of its 95 % interval, in the units of what is compared."""

    value: float
    low: float
    high: float

    @property
    def is_evident(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def share_change(before: tuple[int, int], after: tuple[int, int], *, z: float = Z_95) -> Change:
    """The difference of two shares (successes, size), by Agresti and Caffo (2000).

    One success and one failure are added to each group, because the plain interval is too narrow
    for small groups. Raises ValueError where a group is empty.

    >>> share_change((50, 100), (80, 100)).is_evident
    True
    >>> share_change((5, 10), (6, 10)).is_evident
    False
    """
    if min(before[1], after[1]) <= 0:
        raise ValueError("nobody answered, nothing to compare")
    shares = [(hits + 1) / (size + 2) for hits, size in (before, after)]
    spread = sum(
        share * (1 - share) / (size + 2)
        for share, (_, size) in zip(shares, (before, after), strict=True)
    )
    middle, half = shares[1] - shares[0], z * math.sqrt(spread)
    return Change(after[0] / after[1] - before[0] / before[1], middle - half, middle + half)
