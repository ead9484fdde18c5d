"""Columns of a matrix: each is a question of its own kind, asked in every row."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from regulars.feedback.survey.groups import read_inner
from regulars.feedback.survey.question import Question

COLUMNS_MAX = 20
CELL_TYPES = frozenset(
    ("dropdown", "radiogroup", "checkbox", "tagbox", "text", "comment", "boolean", "rating",
     "expression", "slider")
)  # fmt: skip
CHOOSING = frozenset(("dropdown", "radiogroup", "checkbox", "tagbox"))


def _column(raw: Any) -> Question:
    """A column as the question that it asks; written short, it is a name."""
    if isinstance(raw, Question):
        return raw
    column = {"name": raw} if isinstance(raw, str) else dict(raw)
    kind = str(column.pop("cellType", "default"))
    kind = "dropdown" if kind == "default" else kind
    if kind not in CELL_TYPES:
        raise ValueError(f"{column.get('name')}: the cell type “{kind}” is not known")
    return read_inner({**column, "type": kind})


def _columns(raw: Any) -> Any:
    if not isinstance(raw, list | tuple) or not 0 < len(raw) <= COLUMNS_MAX:
        raise ValueError(f"a matrix has from 1 to {COLUMNS_MAX} columns")
    return [_column(one) for one in raw]


Columns = Annotated[tuple[Question, ...], BeforeValidator(_columns)]


def with_choices(raw: Any) -> Any:
    """A matrix in which columns without choices have those of the matrix."""
    if not isinstance(raw, dict) or not isinstance(raw.get("columns"), list):
        return raw
    shared, kind = raw.get("choices"), raw.get("cellType", "dropdown")
    columns = []
    for one in raw["columns"]:
        column = {"name": one} if isinstance(one, str) else one
        if isinstance(column, dict):
            column = {"cellType": kind, **column}
            lacks = column["cellType"] in (*CHOOSING, "default") and not column.get("choices")
            column |= {"choices": shared} if lacks and shared else {}
        columns.append(column)
    return {name: one for name, one in raw.items() if name not in ("choices", "cellType")} | {
        "columns": columns
    }
