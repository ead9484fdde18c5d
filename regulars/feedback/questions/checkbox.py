"""Any number of choices."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field
from typing_extensions import override

from regulars.feedback.survey.choices import NONE, Choosing
from regulars.feedback.survey.operators import Value
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import questions


@questions.add("checkbox")
class Checkbox(Choosing):
    """Choices of which several may be taken; "none" excludes the others."""

    template = "feedback/questions/checkbox.html"

    type: Literal["checkbox"]
    min_selected_choices: int = Field(0, ge=0)
    max_selected_choices: int = Field(0, ge=0)

    @override
    def from_form(self, fields: Mapping[str, Sequence[str]]) -> Value:
        return [one for one in fields.get(self.field, ()) if one]

    @override
    def clean(self, value: Value) -> Value:
        taken = list(dict.fromkeys(self.chosen(one) for one in _as_list(value)))
        if self.show_none_item and NONE in taken and len(taken) > 1:
            raise Invalid("none_and_more")
        if taken and len(taken) < self.min_selected_choices:
            raise Invalid("too_few_choices", count_min=self.min_selected_choices)
        if self.max_selected_choices and len(taken) > self.max_selected_choices:
            raise Invalid("too_many_choices", count_max=self.max_selected_choices)
        return taken

    @override
    def shown(self, value: Value, language: str) -> str:
        return ", ".join(self.read_as(one, language) for one in _as_list(value))

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        return {"options": self.options(_as_list(value), language)}


def _as_list(value: Value) -> list[Value]:
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]
