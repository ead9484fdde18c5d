"""A matrix with as many rows as the respondent adds."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, model_validator
from typing_extensions import override

from regulars.feedback.survey.columns import Columns, with_choices
from regulars.feedback.survey.groups import ROWS_MAX, Repeating
from regulars.feedback.survey.operators import Value, is_empty
from regulars.feedback.survey.question import Frame, Question, questions
from regulars.feedback.survey.scopes import Scope
from regulars.feedback.survey.texts import LocalText


@questions.add("matrixdynamic")
class MatrixDynamic(Repeating):
    """Rows of the same columns; expressions in them say `{row.name}`."""

    template = "feedback/questions/paneldynamic.html"

    type: Literal["matrixdynamic"]
    columns: Columns
    row_count: int = Field(default=2, ge=0, le=ROWS_MAX)
    min_row_count: int = Field(default=0, ge=0, le=ROWS_MAX)
    max_row_count: int = Field(default=ROWS_MAX, ge=1, le=ROWS_MAX)
    add_row_text: LocalText = ""

    @model_validator(mode="before")
    @classmethod
    def _shared_choices(cls, raw: Any) -> Any:
        return with_choices(raw)

    @override
    def inner(self) -> Sequence[Question]:
        return self.columns

    @property
    @override
    def add_text(self) -> str | dict[str, str]:
        return self.add_row_text

    @override
    def bounds_of_count(self) -> tuple[int, int]:
        return self.min_row_count, self.max_row_count

    @override
    def count(self, value: Value) -> int:
        empty = max(self.row_count, self.min_row_count)
        return len(value) if isinstance(value, list) and value else empty

    @override
    def frames(self, value: Value) -> Sequence[Frame]:
        rows = value if isinstance(value, list) and value else [{}] * self.count(None)
        return [
            Frame(
                f"[{at}].", self.columns, dict(row), word="row",
                names={"rowIndex": at + 1, "visibleRowIndex": at + 1},
            )
            for at, row in enumerate(rows)
            if isinstance(row, dict)
        ]  # fmt: skip

    @override
    def framed(self, value: Value, frame: Frame) -> Value:
        rows = super().framed(value, frame)
        rows += [{} for _ in range(self.count(value) - len(rows))]
        return rows if any(not is_empty(row) for row in rows) else None

    @override
    def faults(self, value: Value, comment: Value, scope: Scope) -> Sequence[str]:
        rows = [row for row in value if not is_empty(row)] if isinstance(value, list) else []
        return ["too_few_rows"] if self.is_required and len(rows) < self.min_row_count else []

    @override
    def bounds(self, code: str) -> dict[str, str]:
        return {"count_min": str(self.min_row_count)} if code == "too_few_rows" else {}
