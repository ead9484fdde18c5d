"""Choices of a question: values with texts, and the special ones such as "other" and "none"."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator
from pydantic.alias_generators import to_camel
from typing_extensions import override

from regulars.feedback.survey.expression import read_expression
from regulars.feedback.survey.operators import Value, equal, is_empty
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import Question
from regulars.feedback.survey.scopes import MISSING, Chosen, Scope
from regulars.feedback.survey.texts import LocalText, text_in

OTHER = "other"
NONE = "none"
REFUSED = "refused"
UNKNOWN = "dontknow"
CHOICES_MAX = 300


class Choice(BaseModel):
    """One choice: what is stored, and what people read."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    value: str | int | float
    text: LocalText = ""
    visible_if: str = ""


def as_choices(raw: Any) -> Any:
    """Choices as objects; they may be written as bare values."""
    if not isinstance(raw, list):
        return raw
    return [{"value": one} if isinstance(one, str | int | float) else one for one in raw]


class Choosing(Question):
    """A question that offers choices; the kinds say how many may be taken."""

    choices: tuple[Choice, ...] = Field(default=(), max_length=CHOICES_MAX)
    choices_visible_if: str = ""
    choices_from_question: str = ""
    choices_from_question_mode: Literal["all", "selected", "unselected"] = "all"
    show_other_item: bool = False
    other_text: LocalText = ""
    other_error_text: LocalText = ""
    show_none_item: bool = False
    none_text: LocalText = ""
    show_refuse_item: bool = False
    refuse_text: LocalText = ""
    show_dont_know_item: bool = False
    dont_know_text: LocalText = ""
    col_count: int = Field(default=1, ge=0, le=5)
    _source: "Choosing | None" = PrivateAttr(default=None)
    """The question whose choices are offered in place of its own."""

    @field_validator("choices", mode="before")
    @classmethod
    def _short_choices(cls, raw: Any) -> Any:
        return as_choices(raw)

    @property
    @override
    def takes_comment(self) -> bool:
        return self.show_other_item or self.show_comment_area

    @override
    def expressions(self) -> Iterator[tuple[str, str]]:
        yield from super().expressions()
        yield "choicesVisibleIf", self.choices_visible_if
        for choice in self.choices:
            yield "choices.visibleIf", choice.visible_if

    @override
    def flaws(self) -> list[tuple[str, dict[str, str]]]:
        values = [choice.value for choice in self.offered()]
        if not values and not self.choices_from_question:
            return [("no_choices", {})]
        for index, value in enumerate(values):
            if any(equal(value, before) for before in values[:index]):
                return [("choice_twice", {"value": str(value)})]
        return []

    def take_over(self, source: "Choosing | None") -> None:
        """Offer the choices of another question in place of its own, or its own again."""
        self._source = source

    def all_choices(self) -> tuple[Choice, ...]:
        """Its choices, or those that it may take over, without the special ones."""
        source = self._source
        if source is None:
            return self.choices
        others = [one for one in source.special() if one.value == OTHER]
        return (*source.all_choices(), *(others if self._takes_words else ()))

    @property
    def _takes_words(self) -> bool:
        """Whether what was written beside "other" is a choice here."""
        return self.choices_from_question_mode == "selected" and not self.show_other_item

    def offered(self) -> tuple[Choice, ...]:
        """Every choice, with the special ones at the end where they are offered."""
        return (*self.all_choices(), *self.special())

    def special(self) -> Iterator[Choice]:
        """The choices that stand for no choice, and "other" at the end."""
        if self.show_none_item:
            yield Choice(value=NONE, text=self.none_text)
        if self.show_refuse_item:
            yield Choice(value=REFUSED, text=self.refuse_text)
        if self.show_dont_know_item:
            yield Choice(value=UNKNOWN, text=self.dont_know_text)
        if self.show_other_item:
            yield Choice(value=OTHER, text=self.other_text)

    def alone(self) -> set[Value]:
        """The values of the special choices that exclude every other."""
        return {choice.value for choice in self.special()} - {OTHER}

    def visible_choices(self, scope: Scope) -> tuple[Choice, ...]:
        """The choices that are offered with these answers."""
        if self._source is not None:
            return (*self._taken_over(self._source, scope), *self.special())
        if not self.choices_visible_if and not any(one.visible_if for one in self.choices):
            return self.offered()
        return (
            *(choice for choice in self.choices if self._is_visible(choice, scope)),
            *self.special(),
        )

    def as_offered(self, scope: Scope) -> "Choosing":
        """The same question with the choices that are offered with these answers, and no others."""
        special = len(tuple(self.special()))
        visible = self.visible_choices(scope)
        kept = visible[: len(visible) - special]
        if self._source is None and kept == self.choices:
            return self
        offered = self.model_copy(update={"choices": kept})
        offered.take_over(None)
        return offered

    def _taken_over(self, source: "Choosing", scope: Scope) -> Iterator[Choice]:
        """The choices of the other question that it offers now: all, those taken, or the rest."""
        found = scope.find(source.name)
        taken = found if isinstance(found, list) else [found]
        wanted = {"selected": (True,), "unselected": (False,)}.get(self.choices_from_question_mode)
        built_in = {one.value for one in source.special()}
        for choice in source.visible_choices(scope):
            is_taken = any(equal(choice.value, one) for one in taken if one is not MISSING)
            is_wanted = wanted is None or is_taken in wanted
            if choice.value not in built_in and is_wanted and self._is_visible(choice, scope):
                yield choice
        if self._takes_words and source.show_other_item and OTHER in taken:
            words = scope.comment(source.name, None)
            if not is_empty(words):
                yield Choice(value=OTHER, text=str(words))

    def _is_visible(self, choice: Choice, scope: Scope) -> bool:
        source = choice.visible_if or self.choices_visible_if
        if not source.strip():
            return True
        return read_expression(source).holds(Chosen(choice.value, scope))

    def chosen(self, value: Value) -> str | int | float:
        """The stored form of a choice. Raises Invalid for what was not offered."""
        if isinstance(value, list | dict):
            raise Invalid("not_a_choice", value="?")
        for choice in self.offered():
            if equal(choice.value, value):
                return choice.value
        raise Invalid("not_a_choice", value=str(value)[:50])

    @override
    def faults(self, value: Value, comment: Value, scope: Scope) -> Sequence[str]:
        taken = value if isinstance(value, list) else [value]
        without_words = self.show_other_item and OTHER in taken and is_empty(comment)
        return ["other_empty"] if without_words else []

    @override
    def visible_part(self, value: Value, scope: Scope) -> Value:
        if is_empty(value):
            return value
        visible = [choice.value for choice in self.visible_choices(scope)]
        if not isinstance(value, list):
            return value if any(equal(value, one) for one in visible) else None
        return [taken for taken in value if any(equal(taken, one) for one in visible)] or None

    def read_as(self, value: Value, language: str) -> str:
        """A choice as people read it."""
        for choice in self.offered():
            if equal(choice.value, value):
                return text_in(choice.text, language) or str(choice.value)
        return str(value)

    def options(
        self, taken: list[Value], language: str, choices: Sequence[Choice] | None = None
    ) -> list[dict[str, Any]]:
        """What the template draws: value, text, whether taken, and which special one it is."""
        special = {choice.value for choice in self.special()}
        return [
            {
                "value": choice.value,
                "text": text_in(choice.text, language),
                "taken": any(equal(choice.value, one) for one in taken),
                "special": choice.value if choice.value in special else "",
                "is_other": self.show_other_item and choice.value == OTHER,
                "is_none": self.show_none_item and choice.value == NONE,
            }
            for choice in (self.offered() if choices is None else choices)
        ]
