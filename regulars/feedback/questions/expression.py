"""A value that the survey works out and shows; nobody answers it."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field
from typing_extensions import override

from regulars.feedback.survey.operators import number_in
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import Question, questions
from regulars.feedback.survey.scalars import Value, as_answer, fixed


@questions.add("expression")
class Calculation(Question):
    """The result of an expression, kept with the answers."""

    template = "feedback/questions/expression.html"

    type: Literal["expression"]
    expression: str = ""
    precision: int = Field(default=-1, ge=-1, le=20)

    @property
    @override
    def calculation(self) -> str:
        return self.expression

    @property
    @override
    def takes_answers(self) -> bool:
        return False

    @override
    def expressions(self) -> Iterator[tuple[str, str]]:
        yield from super().expressions()
        yield "expression", self.expression

    @override
    def calculated(self, value: Value) -> Value:
        number = number_in(value)
        if self.precision >= 0 and number is not None and not isinstance(value, str):
            return fixed(number, self.precision)
        return as_answer(value)

    @override
    def clean(self, value: Value) -> Value:
        raise Invalid("not_asked")

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        return {"value": self.shown(value, language)}
