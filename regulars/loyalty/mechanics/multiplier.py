"""The mechanic `multiplier`."""

from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar, Self

from pydantic import Field, model_validator
from typing_extensions import override

from regulars.loyalty.rules.earning import Stage
from regulars.loyalty.rules.mechanic import CompiledMechanic, Counts, Lines, mechanics
from regulars.loyalty.rules.rounding import Rounding, divided
from regulars.loyalty.rules.sales import Award, Gives, Sale, Standing
from regulars.loyalty.rules.sentences import Say, lines_in_words


@mechanics.add("multiplier")
class Multiplier(CompiledMechanic):
    """The points of the base rules times a factor, for all lines or some."""

    stage: ClassVar[Stage] = "multiplier"
    title: ClassVar[str] = "Multiplier"
    counts: ClassVar[Counts] = "points"

    factor: Decimal = Field(default=Decimal(2), ge=1, title="Factor")
    factor_max: Decimal = Field(default=Decimal(10), ge=1, title="Largest factor allowed")
    places_max: int = Field(default=3, ge=0, le=9, title="Most decimal places allowed")
    rounding: Rounding = Field(default="floor", title="Rounding")
    lines: Lines = Field(default=Lines(), title="Lines that count")

    @override
    def said(self, say: Say) -> str:
        return say.words.gettext("The points of base rules times %(factor)s%(lines)s") % {
            "factor": f"{self.factor.normalize():f}",
            "lines": lines_in_words(self.lines, say),
        }

    @model_validator(mode="after")
    def _within_limits(self) -> Self:
        exponent = self.factor.normalize().as_tuple().exponent
        if self.factor > self.factor_max:
            raise ValueError("the factor is above the largest one allowed")
        if isinstance(exponent, int) and -exponent > self.places_max:
            raise ValueError("the factor has too many decimal places")
        return self

    @property
    @override
    def needs_lines(self) -> bool:
        return super().needs_lines or not self.lines.select_all

    @override
    def closure(self) -> Gives:
        numerator, denominator = self.factor.as_integer_ratio()
        unit, select, rounding = self.unit, self.lines.select, self.rounding

        def gives(sale: Sale, member: Standing) -> Iterable[Award]:
            points = sale.earned(unit, select) if sale.earned is not None else 0
            more = divided(points * numerator, denominator, rounding) - points
            return (Award(unit, more, points),) if more > 0 else ()

        return self.where_it_applies(gives)
