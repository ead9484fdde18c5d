"""Any number of choices."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field
from typing_extensions import override

from regulars.feedback.survey.choices import Choice, Choosing
from regulars.feedback.survey.operators import Value
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import questions
from regulars.feedback.survey.scopes import Scope
from regulars.feedback.survey.texts import LocalText

ALL = "all"


class ChoosingSeveral(Choosing):
    """Choices of which several may be taken; "none" and its like exclude the others."""

    min_selected_choices: int = Field(default=0, ge=0)
    max_selected_choices: int = Field(default=0, ge=0)

    @override
    def from_form(self, fields: Mapping[str, Sequence[str]]) -> Value:
        return [one for one in fields.get(self.field, ()) if one]

    @override
    def clean(self, value: Value) -> Value:
        given, count_max = as_list(value), len(self.offered())
        if len(given) > count_max:
            raise Invalid("too_many_choices", count_max=count_max)
        taken = list(dict.fromkeys(self.chosen(one) for one in given))
        if len(taken) > 1 and self.alone() & set(taken):
            raise Invalid("none_and_more")
        if taken and self._is_too_few(taken):
            raise Invalid("too_few_choices", **self.bounds("too_few_choices"))
        if self.max_selected_choices and len(taken) > self.max_selected_choices:
            raise Invalid("too_many_choices", count_max=self.max_selected_choices)
        return taken

    def _is_too_few(self, taken: list[Value]) -> bool:
        if len(taken) == 1 and taken[0] in self.alone():
            return False
        return len(taken) < self.min_selected_choices

    @override
    def faults(self, value: Value, comment: Value, scope: Scope) -> Sequence[str]:
        few = ["too_few_choices"] if self._is_too_few(as_list(value)) else []
        return [*super().faults(value, comment, scope), *few]

    @override
    def bounds(self, code: str) -> dict[str, str]:
        return {"count_min": str(self.min_selected_choices)} if code == "too_few_choices" else {}

    @override
    def shown(self, value: Value, language: str) -> str:
        return ", ".join(self.read_as(one, language) for one in as_list(value))

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        return {"options": self.options(as_list(value), language)}


@questions.add("checkbox")
class Checkbox(ChoosingSeveral):
    """Choices with a box each; one more box may take them all."""

    template = "feedback/questions/checkbox.html"

    type: Literal["checkbox"]
    show_select_all_item: bool = False
    select_all_text: LocalText = ""

    @override
    def clean(self, value: Value) -> Value:
        if self.show_select_all_item and ALL in as_list(value):
            value = [choice.value for choice in self.all_choices()]
        return super().clean(value)

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        parts = super().parts(value, language)
        if self.show_select_all_item:
            every = Choice(value=ALL, text=self.select_all_text)
            drawn = self.options([], language, [every])
            parts["options"] = [drawn[0] | {"special": ALL}, *parts["options"]]
        return parts


def as_list(value: Value) -> list[Value]:
    """The taken choices; a single value is one choice."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]
