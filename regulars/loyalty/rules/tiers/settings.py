"""What can be set for a ladder of tiers."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from regulars.loyalty.rules.dates import Period

Basis = Literal["unit", "spend", "visits", "acts", "balance"]
"""What leads up: points of a qualifying unit, money spent, visits, acts, or the points in hand."""

Span = Literal[
    "lifetime",
    "rolling_days",
    "rolling_months",
    "calendar",
    "membership_anniversary",
    "tier_anniversary",
    "fixed_term",
]
"""Which part of a member's history counts at a moment.

`lifetime`: all of it. `rolling_days`, `rolling_months`: the last `length` of them, by whole days.
`calendar`: since the month, quarter, half-year or year began. `membership_anniversary`: since the
latest anniversary of joining. `tier_anniversary`, `fixed_term`: since the tier was reached, for
`length` months or days, then for as long again.
"""

When = Literal["at_once", "at_period_end"]
Fall = Literal["never", "one_down", "to_qualified"]

ROLLING = ("rolling_days", "rolling_months")
TERMS = ("tier_anniversary", "fixed_term")
LONGEST = 3660


class LadderRules(BaseModel):
    """The rules of one version of a ladder; what is left out makes the plainest one there is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    basis: Basis = "unit"
    unit: str = Field(default="", max_length=30)
    acts: tuple[str, ...] = ()
    period: Span = "lifetime"
    length: int = Field(default=0, ge=0, le=LONGEST)
    calendar: Period = "year"
    upgrade: When = "at_once"
    downgrade: Fall = "to_qualified"
    falls: When = "at_once"
    grace_days: int = Field(default=0, ge=0, le=LONGEST)
    minimum_months: int = Field(default=0, ge=0, le=120)
    restarts: bool = True
    returns: Literal["undo", "count"] = "undo"
    counts_pending: bool = False

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.period in (*ROLLING, "fixed_term") and not self.length:
            raise ValueError("length: a rolling or fixed period needs a length")
        if self.basis == "acts" and not self.acts:
            raise ValueError("acts: name the acts that count")
        if self.basis == "balance" and self.period != "lifetime":
            raise ValueError("period: what a member has in hand has no period")
        return self

    @property
    def months(self) -> int:
        """How many months a term or an anniversary lasts; a year unless set otherwise."""
        return self.length or 12

    @property
    def is_plain(self) -> bool:
        """Whether the tier follows from a qualifying balance alone, with no clock and no memory."""
        return (
            (self.basis, self.period) == ("unit", "lifetime")
            and (self.upgrade, self.downgrade, self.falls) == ("at_once", "to_qualified", "at_once")
            and not self.grace_days
            and not self.minimum_months
        )

    @property
    def has_periods(self) -> bool:
        """Whether there are moments at which a period ends and members are judged."""
        if self.period in ("lifetime", *ROLLING):
            return self.upgrade == "at_period_end" or (
                self.falls == "at_period_end" and self.downgrade != "never"
            )
        return True
