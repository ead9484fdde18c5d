"""One of several choices."""

from typing import Any, Literal

from typing_extensions import override

from regulars.feedback.survey.choices import Choosing
from regulars.feedback.survey.operators import Value, is_empty
from regulars.feedback.survey.question import questions


class OneChoice(Choosing):
    """Choices of which one is taken."""

    @override
    def clean(self, value: Value) -> Value:
        return self.chosen(value)

    @override
    def shown(self, value: Value, language: str) -> str:
        return "" if is_empty(value) else self.read_as(value, language)

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        taken = [] if is_empty(value) else [value]
        return {"options": self.options(taken, language)}


@questions.add("radiogroup")
class Radiogroup(OneChoice):
    """Choices that are all seen at once."""

    template = "feedback/questions/radiogroup.html"

    type: Literal["radiogroup"]
