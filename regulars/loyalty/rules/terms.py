"""The settings every mechanic shares: when a rule counts, how it stacks, and how much at most."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from regulars.core.conditions.reading import parse
from regulars.core.conditions.tree import Condition, fields_of
from regulars.core.errors import Refused
from regulars.loyalty.rules.facts import (
    OF_TODAY,
    SALE,
    WEEKDAYS,
    in_hours,
    meets,
    near_birthday,
    needs_of,
)
from regulars.loyalty.rules.sales import Sale, Standing

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Test = Callable[[Sale, Standing], bool]


class Terms(BaseModel):
    """When a rule counts; what is left empty narrows nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weekdays: tuple[Weekday, ...] = Field(default=(), title="Only on these days of the week")
    hour_from: int | None = Field(default=None, ge=0, le=23, title="From this hour on")
    hour_to: int | None = Field(
        default=None,
        ge=1,
        le=24,
        title="Before this hour",
        description="An earlier hour than the first one means the next morning",
    )
    spend_min_minor: int = Field(
        default=0, ge=0, title="From a purchase of", description="In minor units"
    )
    segments: tuple[str, ...] = Field(default=(), title="Only for these segments")
    first_purchase: bool = Field(default=False, title="Only for the first purchase")
    birthday: bool = Field(default=False, title="Only around the birthday")
    days_before: int = Field(default=0, ge=0, le=60, title="Days before the birthday")
    days_after: int = Field(default=0, ge=0, le=60, title="Days after the birthday")
    when: dict[str, Any] | None = Field(
        default=None,
        title="Further condition",
        description="In the condition language, as JSON",
    )

    @field_validator("when")
    @classmethod
    def _is_a_condition(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value:
            try:
                parse(value, SALE)
            except Refused as refused:
                raise ValueError(f"{refused.message} ({refused.field})") from refused
        return value or None

    @cached_property
    def condition(self) -> Condition | None:
        """The further condition, read."""
        return parse(self.when, SALE) if self.when else None

    @cached_property
    def needs(self) -> frozenset[str]:
        """What has to be loaded to judge these terms."""
        needs = needs_of(self.condition) if self.condition else frozenset()
        if self.segments:
            needs |= {"segments"}
        if self.birthday:
            needs |= {"birthday"}
        is_timed = self.weekdays or self.hour_from is not None or self.hour_to is not None
        return needs | {"clock"} if is_timed or needs or self.condition else needs

    @property
    def follow_from_purchases(self) -> bool:
        """Whether purchases alone say if these terms were met at the time."""
        asked = fields_of(self.condition) if self.condition else frozenset()
        return not (self.segments or self.birthday or asked & OF_TODAY)

    @cached_property
    def tests(self) -> tuple[Test, ...]:
        """What must hold, cheapest first; empty where the rule always counts."""
        tests: list[Test] = []
        if self.spend_min_minor:
            tests.append(lambda sale, member: sale.total_minor >= self.spend_min_minor)
        if self.first_purchase:
            tests.append(lambda sale, member: member.visits == 0)
        if self.segments:
            wanted = frozenset(self.segments)
            tests.append(lambda sale, member: not wanted.isdisjoint(member.segments))
        if self.weekdays or self.hour_from is not None or self.hour_to is not None:
            tests.append(self._is_time)
        if self.birthday:
            tests.append(self._is_birthday)
        if condition := self.condition:
            tests.append(lambda sale, member: meets(condition, sale, member))
        return tuple(tests)

    def _is_time(self, sale: Sale, member: Standing) -> bool:
        local = member.local(sale.at)
        if self.weekdays and WEEKDAYS[local.weekday()] not in self.weekdays:
            return False
        return in_hours(local.hour, self.hour_from, self.hour_to)

    def _is_birthday(self, sale: Sale, member: Standing) -> bool:
        day = member.local(sale.at).date()
        return near_birthday(member.birthday, day, before=self.days_before, after=self.days_after)


class Limits(BaseModel):
    """How much one member gets by a rule at most. What was given counts, also if goods come back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    purchase: int | None = Field(default=None, ge=1, title="At most for one purchase")
    day: int | None = Field(default=None, ge=1, title="At most in a day")
    month: int | None = Field(default=None, ge=1, title="At most in a calendar month")
    member: int | None = Field(default=None, ge=1, title="At most for one member in all")

    @cached_property
    def counted(self) -> bool:
        """Whether what was given before has to be known."""
        return self.day is not None or self.month is not None or self.member is not None


Takes = Literal["best", "first"]
