"""What every kind of question is: its common properties, and what a kind must say for itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from regulars.core.registry import Registry
from regulars.core.texts import keepable
from regulars.feedback.survey.operators import Value, is_empty
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.scopes import Scope
from regulars.feedback.survey.texts import LocalText, text_in
from regulars.feedback.survey.validators import Validator

FIELD_PREFIX = "q-"
"""Form fields of answers start with it, so that a question may be called anything."""

COMMENT_MAX = 2000
NAME = r"^[^\W_][\w \-]{0,59}$"


ClearWhen = Literal["default", "none", "onComplete", "onHidden", "onHiddenContainer"]


@dataclass(frozen=True, slots=True)
class Frame:
    """Questions inside a question that are answered together: a row, a panel, a group of texts."""

    key: str
    """How its questions are addressed after the name of the outer one, such as `[0].`."""
    questions: "Sequence[Question]"
    values: dict[str, Value]
    word: str = ""
    """What expressions call it: `panel` or `row`."""
    names: Mapping[str, Value] = field(default_factory=dict)
    """Further names in its expressions, such as `rowIndex`."""
    title: str | dict[str, str] = ""


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
    visible: bool = True
    visible_if: str = ""
    read_only: bool = False
    enable_if: str = ""
    is_required: bool = False
    required_if: str = ""
    required_error_text: LocalText = ""
    default_value: Any = None
    default_value_expression: str = ""
    set_value_if: str = ""
    set_value_expression: str = ""
    reset_value_if: str = ""
    clear_if_invisible: ClearWhen = "default"
    validators: tuple[Validator, ...] = ()
    show_comment_area: bool = False
    comment_text: LocalText = ""

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

    def to_form(self, value: Value) -> Iterator[tuple[str, str]]:
        """The form fields that carry an answer through a page that does not show it."""
        several = value if isinstance(value, list) else [value]
        yield from ((self.field, str(one)) for one in several if not is_empty(one))

    def flaws(self) -> list[tuple[str, dict[str, str]]]:
        """What is wrong with the question in itself, as codes with detail."""
        return []

    def flaws_of_validators(self) -> list[tuple[str, dict[str, str]]]:
        """What is wrong with its validators, as codes with detail."""
        return [
            ("bad_property", {"property": f"validators.{name}", "reason": reason})
            for validator in self.validators
            for name, reason in validator.flaws()
        ]

    def expressions(self) -> Iterator[tuple[str, str]]:
        """Every expression of the question by property, empty ones included."""
        yield "visibleIf", self.visible_if
        yield "enableIf", self.enable_if
        yield "requiredIf", self.required_if
        yield "defaultValueExpression", self.default_value_expression
        yield "setValueIf", self.set_value_if
        yield "setValueExpression", self.set_value_expression
        yield "resetValueIf", self.reset_value_if
        for validator in self.validators:
            yield from validator.expressions()

    @property
    def is_ordered(self) -> bool:
        """Whether the order of an answer matters when it is compared."""
        return False

    @property
    def stands_alone(self) -> bool:
        """Whether it cannot stand inside another question."""
        return False

    @property
    def clears_inside(self) -> bool:
        """Whether hidden questions inside it are forgotten: at the end, and when it is hidden itself."""
        return False

    def initial(self) -> Value:
        """What it begins with, unless the definition says otherwise."""
        return None

    def inner(self) -> "Sequence[Question]":
        """The questions inside it, each once, as they are defined."""
        return ()

    def frames(self, value: Value) -> Sequence[Frame]:
        """The rows or panels that an answer has, each with its questions and values."""
        return ()

    def framed(self, value: Value, frame: Frame) -> Value:
        """The answer with the changed values of one of its frames."""
        return value

    def faults(self, value: Value, comment: Value, scope: Scope) -> Sequence[str]:
        """Codes of what its kind demands of an answer beyond being there."""
        return ()

    def taken_over(self, value: Value) -> Value:
        """What becomes of a value that a trigger or an expression gives it."""
        return value

    def visible_part(self, value: Value, scope: Scope) -> Value:
        """The part of an answer that can still be chosen; all of it where nothing is offered."""
        return value

    def bounds(self, code: str) -> dict[str, str]:
        """The values that the sentence of a fault needs."""
        return {}

    @property
    def calculation(self) -> str:
        """The expression that gives its value, where nobody answers it."""
        return ""

    def calculated(self, value: Value) -> Value:
        """The value that a calculation keeps."""
        return value

    @property
    def is_set_by_conditions(self) -> bool:
        """Whether other answers may set or reset this one."""
        return bool(self.set_value_if or self.set_value_expression or self.reset_value_if)

    @property
    def takes_answers(self) -> bool:
        """Whether people can answer it; a piece of text or a calculation they cannot."""
        return True

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
        """Whether a text may be given beside the answer."""
        return self.show_comment_area

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
    """A text without spaces around it and without what cannot be kept, not longer than allowed."""
    if not isinstance(value, str):
        raise Invalid("not_a_text")
    text = keepable(value.strip())
    if len(text) > length_max:
        raise Invalid("too_long", length_max=length_max)
    return text
