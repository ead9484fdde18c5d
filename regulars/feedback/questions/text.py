"""A short text, a number, an address or a day."""

import re
from datetime import date
from typing import Any, Literal

from pydantic import Field
from typing_extensions import override

from regulars.feedback.survey.operators import Value, number_in
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import Question, clean_text, questions
from regulars.feedback.survey.texts import LocalText, text_in

EMAIL = re.compile(r"[^\s@<>\"']{1,64}@[^\s@<>\"']+\.[^\s@<>\"'.]{2,}")
PHONE = re.compile(r"\+?[\d\s().\-]{5,25}")
WEB = re.compile(r"https?://[^\s<>\"']{3,}", re.IGNORECASE)


@questions.add("text")
class ShortText(Question):
    """One line; the input type says what must be on it."""

    template = "feedback/questions/text.html"

    type: Literal["text"]
    input_type: Literal["text", "email", "number", "tel", "url", "date"] = "text"
    max_length: int = Field(250, ge=1, le=1000)
    min: float | None = None
    max: float | None = None
    placeholder: LocalText = ""

    @override
    def clean(self, value: Value) -> Value:
        if self.input_type == "number":
            return self._number(value)
        text = clean_text(value, length_max=self.max_length)
        if text and self.input_type == "date":
            return _day(text)
        shape = {"email": EMAIL, "tel": PHONE, "url": WEB}.get(self.input_type)
        if text and shape is not None and not shape.fullmatch(text):
            raise Invalid(f"bad_{self.input_type}")
        return text

    def _number(self, value: Value) -> float:
        number = None if isinstance(value, bool) else number_in(value)
        if number is None:
            raise Invalid("not_a_number")
        if self.min is not None and number < self.min:
            raise Invalid("too_small", low=f"{self.min:g}")
        if self.max is not None and number > self.max:
            raise Invalid("too_large", high=f"{self.max:g}")
        return number

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        return {
            "value": "" if value is None else value,
            "input_type": "text" if self.input_type == "number" else self.input_type,
            "is_number": self.input_type == "number",
            "length_max": self.max_length,
            "placeholder": text_in(self.placeholder, language),
        }


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Invalid("not_a_day") from None
