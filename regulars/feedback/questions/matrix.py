"""A matrix in which every row gets one of the same choices."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, field_validator
from typing_extensions import override

from regulars.feedback.survey.choices import Choice, as_choices
from regulars.feedback.survey.operators import Value, equal, is_empty
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import Question, questions
from regulars.feedback.survey.scalars import text_of
from regulars.feedback.survey.scopes import Scope
from regulars.feedback.survey.texts import text_in

ROWS_MAX = 50
COLUMNS_MAX = 11


@questions.add("matrix")
class Matrix(Question):
    """Rows with the same choices; kept by the name of the row."""

    template = "feedback/questions/matrix.html"

    type: Literal["matrix"]
    columns: tuple[Choice, ...] = Field(min_length=1, max_length=COLUMNS_MAX)
    rows: tuple[Choice, ...] = Field(min_length=1, max_length=ROWS_MAX)
    each_row_required: bool = False
    each_row_unique: bool = False

    @field_validator("columns", "rows", mode="before")
    @classmethod
    def _short_choices(cls, raw: Any) -> Any:
        return as_choices(raw)

    @override
    def from_form(self, fields: Mapping[str, Sequence[str]]) -> Value:
        given = {
            str(row.value): next(iter(fields.get(f"{self.field}[{at}]", ())), "")
            for at, row in enumerate(self.rows)
        }
        return {name: one for name, one in given.items() if one} or None

    @override
    def to_form(self, value: Value) -> Iterator[tuple[str, str]]:
        rows = value if isinstance(value, dict) else {}
        for at, row in enumerate(self.rows):
            if not is_empty(rows.get(str(row.value))):
                yield f"{self.field}[{at}]", str(rows[str(row.value)])

    @override
    def clean(self, value: Value) -> Value:
        if not isinstance(value, dict):
            raise Invalid("not_rows")
        names = {str(row.value) for row in self.rows}
        if strangers := sorted(value.keys() - names):
            raise Invalid("not_a_row", value=str(strangers[0])[:50])
        return {name: self._chosen(one) for name, one in value.items() if not is_empty(one)}

    def _chosen(self, value: Value) -> Value:
        for column in self.columns:
            if not isinstance(value, list | dict) and equal(column.value, value):
                return column.value
        raise Invalid("not_a_choice", value=str(value)[:50])

    @override
    def faults(self, value: Value, comment: Value, scope: Scope) -> Sequence[str]:
        rows = value if isinstance(value, dict) else {}
        given = [rows.get(str(row.value)) for row in self.rows]
        found = ["row_required"] if self.each_row_required and None in given else []
        taken = [text_of(one) for one in given if one is not None]
        if self.each_row_unique and len(set(taken)) < len(taken):
            found.append("row_twice")
        return found

    @override
    def shown(self, value: Value, language: str) -> str:
        rows = value if isinstance(value, dict) else {}
        return "; ".join(
            f"{_said(row, language)}: {self._said(rows[str(row.value)], language)}"
            for row in self.rows
            if str(row.value) in rows
        )

    def _said(self, value: Value, language: str) -> str:
        found = next((one for one in self.columns if equal(one.value, value)), None)
        return _said(found, language) if found else str(value)

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        rows = value if isinstance(value, dict) else {}
        return {
            "rows": [
                {
                    "field": f"{self.field}[{at}]",
                    "title": _said(row, language),
                    "options": [
                        (
                            one.value,
                            _said(one, language),
                            equal(one.value, rows.get(str(row.value))),
                        )
                        for one in self.columns
                    ],
                }
                for at, row in enumerate(self.rows)
            ]
        }


def _said(choice: Choice, language: str) -> str:
    return text_in(choice.text, language) or str(choice.value)
