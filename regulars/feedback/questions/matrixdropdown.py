"""A matrix with fixed rows, in which every column asks in its own way."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator
from typing_extensions import override

from regulars.feedback.survey.choices import Choice, as_choices
from regulars.feedback.survey.columns import Columns, with_choices
from regulars.feedback.survey.groups import ROWS_MAX, Grouping
from regulars.feedback.survey.operators import Value, is_empty
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import Frame, Question, questions


@questions.add("matrixdropdown")
class MatrixDropdown(Grouping):
    """Rows by name; expressions in them say `{row.name}` and `{rowName}`."""

    template = "feedback/questions/group.html"

    type: Literal["matrixdropdown"]
    columns: Columns
    rows: tuple[Choice, ...] = Field(min_length=1, max_length=ROWS_MAX)

    @field_validator("rows", mode="before")
    @classmethod
    def _short_rows(cls, raw: Any) -> Any:
        return as_choices(raw)

    @model_validator(mode="before")
    @classmethod
    def _shared_choices(cls, raw: Any) -> Any:
        return with_choices(raw)

    @override
    def inner(self) -> Sequence[Question]:
        return self.columns

    @override
    def frames(self, value: Value) -> Sequence[Frame]:
        told = value.items() if isinstance(value, dict) else ()
        given = {name: row for name, row in told if isinstance(row, dict)}
        return [
            Frame(
                f"[{at}].", self.columns, dict(given.get(str(row.value), {})), word="row",
                names={
                    "rowIndex": at + 1, "visibleRowIndex": at + 1, "rowName": row.value,
                    "rowValue": row.value, "item": row.value,
                },
                title=row.text or str(row.value),
            )
            for at, row in enumerate(self.rows)
        ]  # fmt: skip

    @override
    def framed(self, value: Value, frame: Frame) -> Value:
        name = str(self.rows[int(frame.key.strip("[]."))].value)
        rows = dict(value) if isinstance(value, dict) else {}
        if is_empty(frame.values):
            rows.pop(name, None)
        else:
            rows[name] = dict(frame.values)
        return rows or None

    @override
    def clean(self, value: Value) -> Value:
        names = {str(row.value) for row in self.rows}
        if not isinstance(value, dict) or not all(isinstance(row, dict) for row in value.values()):
            raise Invalid("not_rows")
        if strangers := sorted(value.keys() - names):
            raise Invalid("not_a_row", value=str(strangers[0])[:50])
        return self.clean_frames(value)
