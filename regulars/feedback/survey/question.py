"""What every kind of question is: its common properties, and what a kind must say for itself."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from regulars.core.registry import Registry
from regulars.feedback.survey.operators import Value, is_empty
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.texts import LocalText, text_in

FIELD_PREFIX = "q-"
"""Form fields of answers start with it, so that a question may be called anything."""

COMMENT_MAX = 2000
NAME = r"^[^\W_][\w \-]{0,59}$"


class Question(BaseModel):
    """One question of a definition. Properties have the names they have in SurveyJS."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )
    template: ClassVar[str]
    """The template of its controls."""

    type: str
    name: str = Field(pattern=NAME)
    title: LocalText = ""
    description: LocalText = ""
    visible_if: str = ""
    is_required: bool = False
    required_if: str = ""
    required_error_text: LocalText = ""

    def clean(self, value: Value) -> Value:
        """The value in its canonical form. Raises Invalid for what does not answer the question."""
        raise NotImplementedError

    def parts(self, value: Value, language: str) -> dict[str, Any]:
        """What the template of the controls needs, with this value chosen."""
        raise NotImplementedError

    def shown(self, value: Value, language: str) -> str:
        """The answer as people read it."""
        return "" if is_empty(value) else str(value)

    def from_form(self, fields: Mapping[str, Sequence[str]]) -> Value:
        """What a posted form says about this question, not yet cleaned."""
        sent = [one.strip() for one in fields.get(self.field, ()) if one.strip()]
        return sent[0] if sent else None

    def flaws(self) -> list[tuple[str, dict[str, str]]]:
        """What is wrong with the question in itself, as codes with detail."""
        return []

    @property
    def field(self) -> str:
        """The name of its form field."""
        return f"{FIELD_PREFIX}{self.name}"

    @property
    def comment_field(self) -> str:
        """The name of the form field of the text beside "other"."""
        return f"{self.field}-comment"

    @property
    def comment_name(self) -> str:
        """The name under which the text beside "other" is kept; SurveyJS calls it so."""
        return f"{self.name}-Comment"

    @property
    def takes_comment(self) -> bool:
        """Whether a text may be given beside the choice."""
        return False

    @property
    def scale(self) -> tuple[float, float] | None:
        """The lowest and highest rating, where the question is one."""
        return None

    def heading(self, language: str) -> str:
        """Its title, or its name when nobody gave it one."""
        return text_in(self.title, language) or self.name


questions: Registry[type[Question]] = Registry("questions", package="regulars.feedback.questions")


def clean_comment(value: Value) -> str:
    """The text beside "other". Raises Invalid for what is no text or too long."""
    return clean_text(value, length_max=COMMENT_MAX)


def clean_text(value: Value, *, length_max: int) -> str:
    """A text without spaces around it and without control characters, not longer than allowed."""
    if not isinstance(value, str):
        raise Invalid("not_a_text")
    text = "".join(one for one in value.strip() if one >= " " or one in "\n\t")
    if len(text) > length_max:
        raise Invalid("too_long", length_max=length_max)
    return text
