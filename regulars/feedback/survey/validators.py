"""Validators of a question: what an answer must be beyond its kind, as SurveyJS checks it."""

import re
from collections.abc import Iterator
from string import digits
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from regulars.feedback.survey.expression import read_expression
from regulars.feedback.survey.operators import is_empty
from regulars.feedback.survey.patterns import fault_of, longest_for
from regulars.feedback.survey.scalars import Value, coerced, number_in, text_of, units_of
from regulars.feedback.survey.scopes import Scope
from regulars.feedback.survey.texts import LocalText

EMAIL = re.compile(
    r"""(([^<>()\[\].,;:\s@"]+(\.[^<>()\[\].,;:\s@"]+)*)|(".+"))"""
    r"""@(([^<>()=\[\].,;:\s@"]+\.)+[^<>()=\[\].,;:\s@"]{2,})"""
)
PATTERN_MAX = 200


class _Validator(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )
    text: LocalText = ""

    def fault(self, value: Value, scope: Scope) -> str:
        """The code of what is wrong with a value that is not empty; nothing if it is right."""
        raise NotImplementedError

    def expressions(self) -> Iterator[tuple[str, str]]:
        """The expressions of the validator by property."""
        return iter(())

    def flaws(self) -> Iterator[tuple[str, str]]:
        """What is wrong with the validator in itself, by property."""
        return iter(())


class Numeric(_Validator):
    """A number within bounds."""

    type: Literal["numeric"]
    min_value: float | None = None
    max_value: float | None = None

    def fault(self, value: Value, scope: Scope) -> str:
        number = number_in(value)
        if number is None:
            return "not_a_number"
        low, high = self.min_value, self.max_value
        outside = (low is not None and number < low) or (high is not None and number > high)
        return "not_valid" if outside else ""


class Text(_Validator):
    """A text of so many characters, perhaps without a number at its end."""

    type: Literal["text"]
    min_length: int = Field(default=0, ge=0)
    max_length: int = Field(default=0, ge=0)
    allow_digits: bool = True

    def fault(self, value: Value, scope: Scope) -> str:
        if not self.allow_digits and text_of(value)[-1:] in tuple(digits):
            return "not_valid"
        length = units_of(value) if isinstance(value, str) else 0
        length = len(value) if isinstance(value, list) else length
        if isinstance(value, str | list) and length < self.min_length:
            return "not_valid"
        return "not_valid" if 0 < self.max_length < length else ""


class AnswerCount(_Validator):
    """So many choices."""

    type: Literal["answercount"]
    min_count: int | None = None
    max_count: int | None = None

    def fault(self, value: Value, scope: Scope) -> str:
        if not isinstance(value, list):
            return ""
        few = bool(self.min_count) and len(value) < (self.min_count or 0)
        many = bool(self.max_count) and len(value) > (self.max_count or 0)
        return "not_valid" if few or many else ""


class Regex(_Validator):
    """A text in which a pattern is found; one too long to be looked at is none.

    A survey published before such patterns were refused is asked without them.
    """

    type: Literal["regex"]
    regex: str = Field(default="", max_length=PATTERN_MAX)
    case_insensitive: bool = False

    @field_validator("regex")
    @classmethod
    def _readable(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except (re.error, OverflowError) as fault:
            raise ValueError(f"the pattern cannot be read: {fault}") from None
        return pattern

    def flaws(self) -> Iterator[tuple[str, str]]:
        if fault := fault_of(self.regex):
            yield "regex", fault

    def fault(self, value: Value, scope: Scope) -> str:
        if not self.regex or fault_of(self.regex):
            return ""
        pattern = re.compile(self.regex, re.IGNORECASE if self.case_insensitive else 0)
        longest = longest_for(self.regex)
        members = [*value, value] if isinstance(value, list) else [value]
        texts = [text_of(member) for member in members]
        fits = all(len(one) <= longest and pattern.search(one) for one in texts)
        return "" if fits else "not_valid"


class Email(_Validator):
    """An e-mail address."""

    type: Literal["email"]

    def fault(self, value: Value, scope: Scope) -> str:
        return "" if EMAIL.fullmatch(text_of(value)) else "not_valid"


class Condition(_Validator):
    """An expression that must be true; it is asked of empty answers, too."""

    type: Literal["expression"]
    expression: str = ""

    def fault(self, value: Value, scope: Scope) -> str:
        if not self.expression.strip():
            return ""
        result = read_expression(self.expression).evaluate(scope)
        return "" if result is True or coerced(result) == 1 else "not_valid"

    def expressions(self) -> Iterator[tuple[str, str]]:
        yield "validators.expression", self.expression


Validator = Annotated[
    Numeric | Text | AnswerCount | Regex | Email | Condition, Field(discriminator="type")
]


def first_fault(validators: tuple[Validator, ...], value: Value, scope: Scope) -> tuple[str, int]:
    """The code and place of the first validator that an answer fails; nothing if it passes all."""
    for place, validator in enumerate(validators):
        if is_empty(value) and not isinstance(validator, Condition):
            continue
        if code := validator.fault(value, scope):
            return code, place
    return "", -1
