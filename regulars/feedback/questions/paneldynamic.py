"""Panels that repeat: the same questions about every child, every visit, every product."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from typing_extensions import override

from regulars.feedback.survey.groups import ROWS_MAX, Repeating, read_inner
from regulars.feedback.survey.operators import Value
from regulars.feedback.survey.question import Frame, Question, questions
from regulars.feedback.survey.texts import LocalText


def _elements(raw: Any) -> Any:
    if not isinstance(raw, list | tuple) or not raw:
        raise ValueError("needs at least one question")
    inside = [read_inner(one) for one in raw]
    if any(isinstance(one, Repeating) for one in inside):
        raise ValueError("what repeats cannot stand inside what repeats")
    return inside


@questions.add("paneldynamic")
class PanelDynamic(Repeating):
    """As many panels as the respondent adds; expressions in them say `{panel.name}`."""

    template = "feedback/questions/paneldynamic.html"

    type: Literal["paneldynamic"]
    template_elements: Annotated[tuple[Question, ...], BeforeValidator(_elements)]
    panel_count: int = Field(default=0, ge=0, le=ROWS_MAX)
    min_panel_count: int = Field(default=0, ge=0, le=ROWS_MAX)
    max_panel_count: int = Field(default=ROWS_MAX, ge=1, le=ROWS_MAX)
    template_title: LocalText = ""
    add_panel_text: LocalText = ""

    @property
    @override
    def clears_inside(self) -> bool:
        return True

    @override
    def inner(self) -> Sequence[Question]:
        return self.template_elements

    @property
    @override
    def add_text(self) -> str | dict[str, str]:
        return self.add_panel_text

    @override
    def initial(self) -> Value:
        count = max(self.panel_count, self.min_panel_count)
        return [{} for _ in range(count)] or None

    @override
    def bounds_of_count(self) -> tuple[int, int]:
        return self.min_panel_count, self.max_panel_count

    @override
    def frames(self, value: Value) -> Sequence[Frame]:
        rows = value if isinstance(value, list) else []
        return [
            Frame(
                f"[{at}].", self.template_elements, dict(row), word="panel",
                names={"panelIndex": at, "visiblePanelIndex": at}, title=self.template_title,
            )
            for at, row in enumerate(rows)
            if isinstance(row, dict)
        ]  # fmt: skip
