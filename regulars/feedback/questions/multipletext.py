"""Several short texts that belong together."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from typing_extensions import override

from regulars.feedback.survey.groups import Grouping, read_inner
from regulars.feedback.survey.operators import Value
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import Frame, Question, questions

ITEMS_MAX = 20


def _items(raw: Any) -> Any:
    if not isinstance(raw, list | tuple) or not 0 < len(raw) <= ITEMS_MAX:
        raise ValueError(f"has from 1 to {ITEMS_MAX} items")
    return [read_inner({**one, "type": "text"}) if isinstance(one, dict) else one for one in raw]


@questions.add("multipletext")
class MultipleText(Grouping):
    """One line for each item, such as a name, a town and a number."""

    template = "feedback/questions/group.html"

    type: Literal["multipletext"]
    items: Annotated[tuple[Question, ...], BeforeValidator(_items)]

    @override
    def inner(self) -> Sequence[Question]:
        return self.items

    @override
    def frames(self, value: Value) -> Sequence[Frame]:
        return [Frame(".", self.items, dict(value) if isinstance(value, dict) else {})]

    @override
    def framed(self, value: Value, frame: Frame) -> Value:
        return dict(frame.values) or None

    @override
    def clean(self, value: Value) -> Value:
        if not isinstance(value, dict):
            raise Invalid("not_rows")
        return self.clean_frames(value)
