"""Letters on their way to a message centre: their parts in a window, each answered by its number."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from regulars.channels.kind import Letter, Receipt
from regulars.channels.smpp.pdu import Pdu, first_text
from regulars.channels.smpp.statuses import THROTTLED, is_passing, status_named
from regulars.channels.smpp.texts import Part

TRIES_MAX = 4
"""How often a part is offered to a centre that says it is too much at once."""


@dataclass(eq=False)
class _Way:
    """How far one letter has come."""

    letter: Letter
    left: int
    ids: dict[int, str] = field(default_factory=dict)
    outcome: str = "sent"
    failure: str = ""

    def receipt(self) -> Receipt:
        ids = tuple(self.ids[number] for number in sorted(self.ids))
        if self.outcome != "sent":
            return Receipt(self.letter.message_id, self.outcome, self.failure)
        if len(ids) == 1:
            return Receipt(self.letter.message_id, "sent", outside_id=ids[0])
        name = f"{ids[0]}+{len(ids) - 1}"
        return Receipt(self.letter.message_id, "sent", outside_id=name, part_ids=ids)


@dataclass(frozen=True, slots=True)
class Step:
    """One part of one letter, and how often it was offered."""

    way: _Way
    number: int
    part: Part
    tries: int = 1


class Flight:
    """A batch of letters: which parts wait, which are under way, which letters are done."""

    def __init__(self, batch: Iterable[tuple[Letter, Sequence[Part]]]) -> None:
        self.throttled = 0
        self._waiting: deque[Step] = deque()
        self._under_way: dict[int, tuple[Step, float]] = {}
        for letter, parts in batch:
            way = _Way(letter, len(parts))
            self._waiting.extend(Step(way, number, part) for number, part in enumerate(parts))

    @property
    def is_over(self) -> bool:
        """Whether nothing waits and nothing is under way."""
        return not self._waiting and not self._under_way

    def has_room(self, window: int) -> bool:
        """Whether something waits, and fewer than `window` parts are without an answer."""
        return bool(self._waiting) and len(self._under_way) < window

    def leave(self, sequence: int, *, now: float) -> Step:
        """The next part, noted as gone under this number."""
        step = self._waiting.popleft()
        self._under_way[sequence] = step, now
        return step

    def land(self, answer: Pdu, *, id: str = "") -> Iterator[Receipt]:
        """Takes an answer; the receipt of its letter, where that is done."""
        if answer.sequence not in self._under_way:
            return
        step, _at = self._under_way.pop(answer.sequence)
        if answer.status in THROTTLED and step.tries < TRIES_MAX and not step.way.failure:
            self.throttled += 1
            self._waiting.appendleft(Step(step.way, step.number, step.part, step.tries + 1))
            return
        if answer.status == 0:
            self.throttled = 0
            step.way.ids[step.number] = id or first_text(answer.body)
        else:
            passes = answer.status in THROTTLED or is_passing(answer.status)
            self._fail(step.way, "retry" if passes else "failed", status_named(answer.status))
        yield from self._done(step.way)

    def give_up(self, *, before: float) -> Iterator[Receipt]:
        """Receipts of letters with a part that left before a moment and was never answered."""
        for sequence, (step, at) in list(self._under_way.items()):
            if at < before:
                del self._under_way[sequence]
                self._fail(step.way, "retry", "the message centre gave no answer")
                yield from self._done(step.way)

    def _fail(self, way: _Way, outcome: str, failure: str) -> None:
        """The rest of a letter stays here; the first failure tells why."""
        if not way.failure:
            way.outcome, way.failure = outcome, failure
        kept = [step for step in self._waiting if step.way is not way]
        way.left -= len(self._waiting) - len(kept)
        self._waiting = deque(kept)

    def _done(self, way: _Way) -> Iterator[Receipt]:
        way.left -= 1
        if way.left == 0:
            yield way.receipt()
