"""What a page holds: questions, and panels that group them."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from regulars.feedback.survey.question import NAME, Question
from regulars.feedback.survey.texts import LocalText


class Shape(BaseModel):
    """A part of a definition; a property that nobody knows is refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class Grouping(Shape):
    """What pages and panels have in common."""

    name: str = Field(default="", pattern=rf"^$|{NAME}")
    title: LocalText = ""
    description: LocalText = ""
    visible: bool = True
    visible_if: str = ""
    read_only: bool = False
    enable_if: str = ""
    is_required: bool = False
    required_if: str = ""
    required_error_text: LocalText = ""

    def expressions(self) -> Iterator[tuple[str, str]]:
        """Every expression by property, empty ones included."""
        yield "visibleIf", self.visible_if
        yield "enableIf", self.enable_if
        yield "requiredIf", self.required_if


@dataclass(frozen=True, slots=True)
class Group:
    """Elements under a common title and common conditions: a panel, or a whole page."""

    name: str
    about: Grouping
    elements: "tuple[Group | Question, ...]"

    @property
    def title(self) -> str | dict[str, str]:
        """Its title as written."""
        return self.about.title

    @property
    def description(self) -> str | dict[str, str]:
        """Its description as written."""
        return self.about.description

    @property
    def questions(self) -> tuple[Question, ...]:
        """Every question in it and in its panels, in the order of asking."""
        found: list[Question] = []
        for element in self.elements:
            found += element.questions if isinstance(element, Group) else [element]
        return tuple(found)

    def panels(self) -> "Iterator[Group]":
        """Every panel in it, outer ones first."""
        for element in self.elements:
            if isinstance(element, Group):
                yield element
                yield from element.panels()


class Panel(Group):
    """A group of questions inside a page."""


class Page(Group):
    """Questions that are asked on one screen."""
