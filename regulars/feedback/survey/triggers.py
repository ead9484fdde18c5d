"""Triggers: what happens to other answers, or to the path, when a condition is met."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Trigger(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )
    expression: str = ""

    def expressions(self) -> Iterator[tuple[str, str]]:
        """The expressions of the trigger by property."""
        yield "expression", self.expression

    def targets(self) -> Iterator[str]:
        """The questions that it speaks of by name."""
        return iter(())


class Complete(_Trigger):
    """The survey ends when its page is left."""

    type: Literal["complete"]


class SetValue(_Trigger):
    """A question gets a value."""

    type: Literal["setvalue"]
    set_to_name: str
    set_value: Any = None

    def targets(self) -> Iterator[str]:
        yield self.set_to_name


class CopyValue(_Trigger):
    """A question gets the answer of another one."""

    type: Literal["copyvalue"]
    set_to_name: str
    from_name: str

    def targets(self) -> Iterator[str]:
        yield from (self.set_to_name, self.from_name)


class RunExpression(_Trigger):
    """A question gets what an expression gives."""

    type: Literal["runexpression"]
    set_to_name: str = ""
    run_expression: str = ""

    def expressions(self) -> Iterator[tuple[str, str]]:
        yield "expression", self.expression
        yield "runExpression", self.run_expression

    def targets(self) -> Iterator[str]:
        if self.set_to_name:
            yield self.set_to_name


class Skip(_Trigger):
    """The path goes on at the page of a question when its own page is left."""

    type: Literal["skip"]
    goto_name: str

    def targets(self) -> Iterator[str]:
        yield self.goto_name


Trigger = Annotated[
    Complete | SetValue | CopyValue | RunExpression | Skip, Field(discriminator="type")
]


class Calculated(BaseModel):
    """A named value that is worked out from answers."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )
    name: str = Field(min_length=1, max_length=60)
    expression: str = ""
    include_into_result: bool = False

    def expressions(self) -> Iterator[tuple[str, str]]:
        """Its expression by property."""
        yield "expression", self.expression
