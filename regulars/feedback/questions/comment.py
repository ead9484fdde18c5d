"""A text of several lines."""

from typing import Any, Literal

from pydantic import Field
from typing_extensions import override

from regulars.feedback.survey.operators import Value
from regulars.feedback.survey.question import COMMENT_MAX, Question, clean_text, questions
from regulars.feedback.survey.scalars import text_of
from regulars.feedback.survey.texts import LocalText, text_in


@questions.add("comment")
class Comment(Question):
    """Room for the customer's own words."""

    template = "feedback/questions/comment.html"

    type: Literal["comment"]
    max_length: int = Field(COMMENT_MAX, ge=1, le=10_000)
    rows: int = Field(4, ge=1, le=20)
    placeholder: LocalText = ""

    @override
    def clean(self, value: Value) -> Value:
        return clean_text(value, length_max=self.max_length)

    @override
    def taken_over(self, value: Value) -> Value:
        return "\n".join(text_of(one) for one in value) if isinstance(value, list) else value

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        return {
            "value": "" if value is None else value,
            "rows": self.rows,
            "length_max": self.max_length,
            "placeholder": text_in(self.placeholder, language),
        }
