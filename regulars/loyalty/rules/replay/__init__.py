"""Replay: any rules over the whole history of members, in memory, exact to the point.

`replay` is a pure function of a scheme, a story and a moment. Members do not depend on each
other, so partitions of them may be replayed in any order and on any number of machines.
"""

from regulars.loyalty.rules.replay.outcomes import Outcome, Sums
from regulars.loyalty.rules.replay.schemes import Scheme, WrittenScheme
from regulars.loyalty.rules.replay.stories import Story
from regulars.loyalty.rules.replay.telling import replay

__all__ = ["Outcome", "Scheme", "Story", "Sums", "WrittenScheme", "replay"]
