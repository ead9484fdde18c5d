"""Choices in the order that the respondent gives them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from typing_extensions import override

from regulars.feedback.survey.choices import Choosing
from regulars.feedback.survey.operators import Value, equal
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import questions

CHOICES_MAX = 15


@questions.add("ranking")
class Ranking(Choosing):
    """All choices, the best first; a page without scripts asks for the place of each."""

    template = "feedback/questions/ranking.html"

    type: Literal["ranking"]

    @property
    @override
    def is_ordered(self) -> bool:
        return True

    @override
    def flaws(self) -> list[tuple[str, dict[str, str]]]:
        if self.choices_from_question:
            return [("ranks_all", {})]
        if self.choices_visible_if or any(one.visible_if for one in self.choices):
            return [("ranks_all", {})]
        return super().flaws()

    @override
    def from_form(self, fields: Mapping[str, Sequence[str]]) -> Value:
        placed = []
        for at, choice in enumerate(self.choices):
            place = next(iter(fields.get(f"{self.field}[{at}]", ())), "")
            if place.isdecimal():
                placed.append((int(place[:3]), at, choice.value))
        if len({place for place, _, _ in placed}) < len(placed):
            return {"places": {str(value): place for place, _, value in placed}}
        return [value for _, _, value in sorted(placed)]

    @override
    def to_form(self, value: Value) -> Iterator[tuple[str, str]]:
        for at, choice in enumerate(self.choices):
            if place := _place(choice.value, value):
                yield f"{self.field}[{at}]", str(place)

    @override
    def clean(self, value: Value) -> Value:
        if isinstance(value, dict):
            raise Invalid("place_twice")
        if not isinstance(value, list) or len(value) > len(self.offered()):
            raise Invalid("not_ranked")
        ranked = [self.chosen(one) for one in value]
        if len(ranked) != len(self.offered()) or len(set(ranked)) != len(ranked):
            raise Invalid("not_ranked")
        return ranked

    @override
    def visible_part(self, value: Value, scope: Any) -> Value:
        return value

    @override
    def shown(self, value: Value, language: str) -> str:
        ranked = value if isinstance(value, list) else []
        return ", ".join(
            f"{place}. {self.read_as(one, language)}" for place, one in enumerate(ranked, start=1)
        )

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        options = self.options([], language)
        for at, option in enumerate(options):
            option |= {"field": f"{self.field}[{at}]", "place": _place(option["value"], value)}
        return {"options": options, "places": range(1, len(options) + 1)}


def _place(choice: Value, value: Value) -> int:
    """The place that a choice has, 0 for none; two of the same place are shown as sent."""
    if isinstance(value, dict):
        return int(value.get("places", {}).get(str(choice), 0))
    ranked = value if isinstance(value, list) else []
    return next((place for place, one in enumerate(ranked, start=1) if equal(one, choice)), 0)
