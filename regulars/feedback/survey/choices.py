"""Choices of a question: values with texts, "other" and "none"."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from regulars.feedback.survey.operators import Value, equal
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import Question
from regulars.feedback.survey.texts import LocalText, text_in

OTHER = "other"
NONE = "none"
CHOICES_MAX = 300


class Choice(BaseModel):
    """One choice: what is stored, and what people read."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    value: str | int | float
    text: LocalText = ""


class Choosing(Question):
    """A question that offers choices; the kinds say how many may be taken."""

    choices: tuple[Choice, ...] = Field(default=(), max_length=CHOICES_MAX)
    show_other_item: bool = False
    other_text: LocalText = ""
    show_none_item: bool = False
    none_text: LocalText = ""
    col_count: int = Field(1, ge=0, le=5)

    @field_validator("choices", mode="before")
    @classmethod
    def _short_choices(cls, raw: Any) -> Any:
        """Choices may be written as bare values."""
        if not isinstance(raw, list):
            return raw
        return [{"value": one} if isinstance(one, str | int | float) else one for one in raw]

    @property
    def takes_comment(self) -> bool:
        return self.show_other_item

    def flaws(self) -> list[tuple[str, dict[str, str]]]:
        values = [choice.value for choice in self.offered()]
        if not values:
            return [("no_choices", {})]
        for index, value in enumerate(values):
            if any(equal(value, before) for before in values[:index]):
                return [("choice_twice", {"value": str(value)})]
        return []

    def offered(self) -> tuple[Choice, ...]:
        """Every choice, with "none" and "other" at the end where they are offered."""
        none = (Choice(value=NONE, text=self.none_text),) if self.show_none_item else ()
        other = (Choice(value=OTHER, text=self.other_text),) if self.show_other_item else ()
        return (*self.choices, *none, *other)

    def chosen(self, value: Value) -> str | int | float:
        """The stored form of a choice. Raises Invalid for what was not offered."""
        if isinstance(value, list | dict):
            raise Invalid("not_a_choice", value="?")
        for choice in self.offered():
            if equal(choice.value, value):
                return choice.value
        raise Invalid("not_a_choice", value=str(value)[:50])

    def read_as(self, value: Value, language: str) -> str:
        """A choice as people read it."""
        for choice in self.offered():
            if equal(choice.value, value):
                return text_in(choice.text, language) or str(choice.value)
        return str(value)

    def options(self, taken: list[Value], language: str) -> list[dict[str, Any]]:
        """What the template draws: value, text, whether taken, and which special one it is."""
        return [
            {
                "value": choice.value,
                "text": text_in(choice.text, language),
                "taken": any(equal(choice.value, one) for one in taken),
                "is_other": self.show_other_item and choice.value == OTHER,
                "is_none": self.show_none_item and choice.value == NONE,
            }
            for choice in self.offered()
        ]
