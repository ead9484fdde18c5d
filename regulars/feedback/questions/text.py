"""A short text, a number, an address, a day or a time."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field
from typing_extensions import override

from regulars.feedback.survey.expression import read_expression
from regulars.feedback.survey.operators import Value, is_empty, number_in
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import Question, clean_text, questions
from regulars.feedback.survey.scalars import as_answer, coerced, moment_in, text_of
from regulars.feedback.survey.scopes import Scope
from regulars.feedback.survey.texts import LocalText, text_in
from regulars.feedback.survey.validators import EMAIL

LOOSE_EMAIL = re.compile(r"[^\s@<>\"']{1,64}@[^\s@<>\"']+\.[^\s@<>\"'.]{2,}")
PHONE = re.compile(r"\+?[\d\s().\-]{5,25}")
WEB = re.compile(r"https?://[^\s<>\"']{3,}", re.IGNORECASE)
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
WEEK = re.compile(r"\d{4}-W(0[1-9]|[1-4]\d|5[0-3])")
SHAPES = {"email": LOOSE_EMAIL, "tel": PHONE, "url": WEB, "month": MONTH, "week": WEEK}
DAYS = ("date", "datetime-local")
STEP_MIN, STEP_MAX = 1e-6, 1e15
InputType = Literal[
    "text", "email", "number", "tel", "url", "date", "datetime-local", "time", "month", "week"
]


@questions.add("text")
class ShortText(Question):
    """One line; the input type says what must be on it."""

    template = "feedback/questions/text.html"

    type: Literal["text"]
    input_type: InputType = "text"
    max_length: int = Field(default=250, ge=1, le=1000)
    min: float | str | None = None
    max: float | str | None = None
    step: float | None = Field(default=None, gt=0)
    min_value_expression: str = ""
    max_value_expression: str = ""
    placeholder: LocalText = ""

    @override
    def flaws(self) -> list[tuple[str, dict[str, str]]]:
        if self.step is None or STEP_MIN <= self.step <= STEP_MAX:
            return []
        return [("bad_property", {"property": "step", "reason": f"{STEP_MIN:g} … {STEP_MAX:g}"})]

    @override
    def expressions(self) -> Iterator[tuple[str, str]]:
        yield from super().expressions()
        yield "minValueExpression", self.min_value_expression
        yield "maxValueExpression", self.max_value_expression

    @override
    def clean(self, value: Value) -> Value:
        if self.input_type == "number":
            return self._number(value)
        text = clean_text(value, length_max=self.max_length)
        if not text:
            return text
        shape = SHAPES.get(self.input_type)
        if shape is not None and not shape.fullmatch(text):
            raise Invalid(f"bad_{self.input_type}")
        return _moment(text, self.input_type)

    def _number(self, value: Value) -> float:
        number = None if isinstance(value, bool) else number_in(value)
        if number is None:
            raise Invalid("not_a_number")
        if not self.min_value_expression and self._is_below(number, self.min):
            raise Invalid("too_small", low=text_of(self.min))
        if not self.max_value_expression and self._is_below(self.max, number):
            raise Invalid("too_large", high=text_of(self.max))
        return number

    @override
    def faults(self, value: Value, comment: Value, scope: Scope) -> Sequence[str]:
        if is_empty(value):
            return []
        low = _bound(self.min, self.min_value_expression, scope)
        high = _bound(self.max, self.max_value_expression, scope)
        found = ["too_small"] if self._is_below(value, low) else []
        found += ["too_large"] if self._is_below(high, value) else []
        found += ["off_step"] if self._is_off_step(value) else []
        wants_email = self.input_type == "email" and not any(
            one.type == "email" for one in self.validators
        )
        if wants_email and not EMAIL.fullmatch(text_of(value)):
            found.append("bad_email")
        return found

    @override
    def taken_over(self, value: Value) -> Value:
        if isinstance(value, list):
            return ", ".join(text_of(one) for one in value)
        return number_in(value) if self.input_type == "number" else value

    @override
    def bounds(self, code: str) -> dict[str, str]:
        known = {
            "too_small": {"low": text_of(self.min)},
            "too_large": {"high": text_of(self.max)},
            "off_step": {"step": text_of(self.step)},
        }
        return known.get(code, {})

    def _is_below(self, left: Value, right: Value) -> bool:
        if is_empty(left) or is_empty(right):
            return False
        if self.input_type in DAYS:
            first, second = moment_in(left), moment_in(right)
            return first is not None and second is not None and first < second
        if isinstance(left, str) and isinstance(right, str):
            return left < right
        return coerced(left) < coerced(right)

    def _is_off_step(self, value: Value) -> bool:
        number = number_in(value)
        if self.input_type != "number" or self.step is None or number is None:
            return False
        if not STEP_MIN <= self.step <= STEP_MAX:
            return False
        return _millionths(number) % _millionths(self.step) != 0

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        is_number = self.input_type == "number"
        return {
            "value": "" if value is None else value,
            "input_type": "text" if is_number else self.input_type,
            "is_number": is_number,
            "low": "" if is_number or self.min is None else self.min,
            "high": "" if is_number or self.max is None else self.max,
            "length_max": self.max_length,
            "placeholder": text_in(self.placeholder, language),
        }


def _millionths(number: float) -> int:
    """A number in whole millionths, exact however large it is.

    >>> _millionths(0.1 + 0.2), _millionths(1e-7)
    (300000, 0)
    """
    return int(Decimal(repr(number)).scaleb(6).to_integral_value())


def _bound(constant: Value, source: str, scope: Scope) -> Value:
    return as_answer(read_expression(source).evaluate(scope)) if source.strip() else constant


def _moment(text: str, kind: str) -> str:
    """A day or a time as it is kept. Raises Invalid for what is none."""
    try:
        if kind == "date":
            return date.fromisoformat(text).isoformat()
        if kind == "datetime-local":
            return datetime.fromisoformat(text).isoformat(timespec="minutes")
        if kind == "time":
            return time.fromisoformat(text).isoformat(timespec="minutes")
    except ValueError:
        raise Invalid("not_a_day" if kind in DAYS else "not_a_time") from None
    return text
