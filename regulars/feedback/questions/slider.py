"""A number on a long scale, or a part of the scale."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field
from typing_extensions import override

from regulars.feedback.survey.operators import Value, number_in
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import Question, questions
from regulars.feedback.survey.scalars import text_of


@questions.add("slider")
class Slider(Question):
    """A number from min to max in steps, or two of them; a page without scripts asks for figures.

    A slider that stands somewhere before it is touched would answer for people who say nothing.
    """

    template = "feedback/questions/slider.html"

    type: Literal["slider"]
    slider_type: Literal["single", "range"] = "single"
    min: float = 0
    max: float = 100
    step: float = Field(default=1, gt=0)

    @override
    def flaws(self) -> list[tuple[str, dict[str, str]]]:
        return [] if self.min < self.max else [("bad_bounds", {})]

    @override
    def from_form(self, fields: Mapping[str, Sequence[str]]) -> Value:
        sent = [one.strip() for one in fields.get(self.field, ()) if one.strip()]
        if self.slider_type == "range":
            return sent or None
        return sent[0] if sent else None

    @override
    def clean(self, value: Value) -> Value:
        if self.slider_type == "single":
            return self._number(value)
        if not isinstance(value, list) or len(value) != 2:
            raise Invalid("not_two_numbers")
        return sorted(self._number(one) for one in value)

    def _number(self, value: Value) -> float:
        number = None if isinstance(value, bool) else number_in(value)
        if number is None:
            raise Invalid("not_a_number")
        if not self.min <= number <= self.max:
            raise Invalid("off_the_scale", low=text_of(self.min), high=text_of(self.max))
        return number

    @override
    def shown(self, value: Value, language: str) -> str:
        return " – ".join(text_of(one) for one in (value if isinstance(value, list) else [value]))

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        given = value if isinstance(value, list) else [value]
        shown = ["" if one is None else text_of(one) for one in given]
        count = 2 if self.slider_type == "range" else 1
        return {
            "values": [*shown, "", ""][:count],
            "low": text_of(self.min),
            "high": text_of(self.max),
            "step": text_of(self.step),
        }
