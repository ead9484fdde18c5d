"""Yes or no."""

from typing import Any, Literal

from typing_extensions import override

from regulars.feedback.survey.operators import Value, plain
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import Question, questions
from regulars.feedback.survey.texts import LocalText, text_in


@questions.add("boolean")
class Boolean(Question):
    """Two buttons, kept as true and false."""

    template = "feedback/questions/boolean.html"

    type: Literal["boolean"]
    label_true: LocalText = ""
    label_false: LocalText = ""

    @override
    def clean(self, value: Value) -> Value:
        chosen = plain(value)
        if not isinstance(chosen, bool):
            raise Invalid("not_yes_or_no")
        return chosen

    @override
    def shown(self, value: Value, language: str) -> str:
        if not isinstance(value, bool):
            return ""
        label = text_in(self.label_true if value else self.label_false, language)
        return label or ("✓" if value else "✗")

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        return {
            "is_true": plain(value) is True,
            "is_false": plain(value) is False,
            "label_true": text_in(self.label_true, language),
            "label_false": text_in(self.label_false, language),
        }
