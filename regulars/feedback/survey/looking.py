"""What the expressions of a running survey see: answers, calculated values, and other conditions."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from regulars.feedback.survey.faults import is_ready
from regulars.feedback.survey.operators import is_empty
from regulars.feedback.survey.places import Place
from regulars.feedback.survey.scalars import Ordered, Value
from regulars.feedback.survey.scopes import MISSING, Found, Scope, Step, find

if TYPE_CHECKING:
    from regulars.feedback.survey.sitting import Sitting

LOOKS_MAX = 10
"""How deep conditions may look at the conditions of others."""


class SittingScope(Scope):
    """Calculated values first, then answers; and what functions ask of the survey."""

    def __init__(self, sitting: "Sitting") -> None:
        super().__init__(sitting.values, now=sitting.now)
        self.sitting = sitting
        self.truths = sitting.values.truths
        asked = list(sitting.definition.questions())
        self.names = {question.name for question in asked}
        self.ordered = {question.name for question in asked if question.is_ordered}
        self.looking: set[tuple[str, str]] = set()
        self.looks = 0

    def at(self, path: Sequence[Step]) -> Found:
        first = path[0].name
        if len(path) == 1 and path[0].index is None and first in self.names:
            found = self.sitting.values.get(first, MISSING)
            return Ordered(found) if first in self.ordered and isinstance(found, list) else found
        found = find(self.sitting.variables, path)
        return find(self.sitting.values, path) if found is MISSING else found

    def shown(self, name: str, value: Value) -> Value:
        place = self._place(name)
        return None if place is None else self.sitting.shown(place, value)

    def trait(self, name: str, trait: str) -> Value:
        return self._looked(name, trait, lambda: self._trait(name, trait))

    def comment(self, name: str, value: Value) -> Value:
        place = self._place(name)
        return "" if place is None else place.comment or ""

    def is_ready(self, name: str, index: Value) -> bool:
        return bool(self._looked(name, "", lambda: is_ready(self.sitting, name)))

    def _place(self, name: str) -> Place | None:
        """A question with its answer, whatever the conditions around it say."""
        question = self.sitting.definition.find_question(name)
        return None if question is None else Place(question, name, self, self.sitting.values)

    def _trait(self, name: str, trait: str) -> Value:
        place, read = self.sitting.find_place(name), TRAITS.get(trait)
        return None if place is None or read is None else read(place)

    def _looked(self, name: str, trait: str, look: Callable[[], Value]) -> Value:
        """What a look at another condition finds; None where it comes back to itself."""
        self.looks = self.looks + 1 if self.looking else 0
        is_endless = len(self.looking) >= LOOKS_MAX or self.looks > LOOKS_MAX**3
        if (name, trait) in self.looking or is_endless:
            return None
        self.looking.add((name, trait))
        try:
            return look()
        finally:
            self.looking.discard((name, trait))


TRAITS: Mapping[str, Callable[[Place], Value]] = {
    "name": lambda place: place.question.name,
    "value": lambda place: place.value,
    "isVisible": lambda place: place.is_visible,
    "isRequired": lambda place: place.is_required,
    "isReadOnly": lambda place: not place.is_enabled,
    "isEmpty": lambda place: is_empty(place.value),
}
