"""Yes or no."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import model_validator
from typing_extensions import override

from regulars.feedback.survey.operators import Value, is_empty, plain, unchanged
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import Question, questions
from regulars.feedback.survey.texts import LocalText, text_in

Kept = bool | int | float | str


@questions.add("boolean")
class Boolean(Question):
    """Two buttons, kept as true and false, or as the two values that the survey names for them."""

    template = "feedback/questions/boolean.html"

    type: Literal["boolean"]
    label_true: LocalText = ""
    label_false: LocalText = ""
    value_true: Kept = True
    value_false: Kept = False

    @model_validator(mode="before")
    @classmethod
    def _default_as_kept(cls, raw: Any) -> Any:
        """A default says true or false, or the value that is kept for it; all else is none."""
        if not isinstance(raw, dict) or "defaultValue" not in raw:
            return raw
        default = raw["defaultValue"]
        kept = {True: raw.get("valueTrue", True), False: raw.get("valueFalse", False)}
        if any(unchanged(default, one) for one in kept.values()):
            return raw
        told = plain(default)
        return raw | {"defaultValue": kept[told] if isinstance(told, bool) else None}

    @override
    def flaws(self) -> list[tuple[str, dict[str, str]]]:
        yes, no = plain(self.value_true), plain(self.value_false)
        if unchanged(yes, no):
            return [("choice_twice", {"value": str(self.value_true)})]
        wrong = {
            "valueTrue": yes is False or is_empty(yes),
            "valueFalse": no is True or is_empty(no),
        }
        reason = "it is empty or says the opposite"
        return [
            ("bad_property", {"property": name, "reason": reason})
            for name, is_wrong in wrong.items()
            if is_wrong
        ]

    @override
    def from_form(self, fields: Mapping[str, Sequence[str]]) -> Value:
        sent = super().from_form(fields)
        return {"true": self.value_true, "false": self.value_false}.get(sent, sent)

    @override
    def to_form(self, value: Value) -> Iterator[tuple[str, str]]:
        told = self.told(value)
        if told is not None:
            yield self.field, "true" if told else "false"

    @override
    def clean(self, value: Value) -> Value:
        told = self.told(value)
        if told is None:
            raise Invalid("not_yes_or_no")
        return self.value_true if told else self.value_false

    @override
    def shown(self, value: Value, language: str) -> str:
        told = self.told(value)
        if told is None:
            return ""
        label = text_in(self.label_true if told else self.label_false, language)
        return label or ("✓" if told else "✗")

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        told = self.told(value)
        return {
            "is_true": told is True,
            "is_false": told is False,
            "label_true": text_in(self.label_true, language),
            "label_false": text_in(self.label_false, language),
        }

    def told(self, value: Value) -> bool | None:
        """Yes or no, whether told as such or as what is kept for it; None for neither."""
        given = plain(value)
        if isinstance(given, list | dict) or is_empty(given):
            return None
        for kept, told in ((self.value_true, True), (self.value_false, False)):
            if unchanged(given, plain(kept)):
                return told
        return given if isinstance(given, bool) else None
