"""The mechanic `share_of_purchase`."""

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from regulars.loyalty.rules.mechanic import Basis, Lines, Mechanic, mechanics
from regulars.loyalty.rules.rounding import Rounding, divided
from regulars.loyalty.rules.sales import Award, Sale, SaleLine, Standing


@mechanics.add("share_of_purchase")
class ShareOfPurchase(Mechanic):
    """A share of every purchase comes back as points."""

    title: ClassVar[str] = "Share of purchase"

    points: Decimal = Field(default=Decimal(1), gt=0, max_digits=12, title="Points")
    per_minor: int = Field(
        default=100, ge=1, title="For each amount spent", description="In minor units"
    )
    counting: Literal["steps", "proportional"] = Field(default="steps", title="Counting")
    base: Basis = Field(default="after_discounts", title="Amount that counts")
    rounding: Rounding = Field(default="floor", title="Rounding")
    level: Literal["purchase", "line"] = Field(default="purchase", title="Rounded for each")
    lines: Lines = Field(default=Lines(), title="Lines that count")

    @cached_property
    def _ratio(self) -> tuple[int, int]:
        return self.points.as_integer_ratio()

    @cached_property
    def _totals_are_enough(self) -> bool:
        return self.level == "purchase" and self.lines.select_all

    @property
    @override
    def needs_lines(self) -> bool:
        return not self._totals_are_enough

    @override
    def awards(self, sale: Sale, member: Standing) -> Iterator[Award]:
        if (self.stores or self.tiers) and not self.applies(sale, member):
            return
        if self._totals_are_enough:
            paid = sale.total_minor - sale.redeemed_minor - sale.returned_minor
            amount = self._points(paid + self._discount(sale))
        elif self.level == "purchase":
            amount = self._points(sum(self._eligible(sale)))
        else:
            amount = sum(self._points(eligible) for eligible in self._eligible(sale))
        if amount > 0:
            yield Award(self.unit, amount)

    def _eligible(self, sale: Sale) -> list[int]:
        select = self.lines.select
        return [line.total_minor + self._discount(line) for line in sale.lines if select(line)]

    def _discount(self, sold: Sale | SaleLine) -> int:
        return sold.discount_minor if self.base == "before_discounts" else 0

    def _points(self, amount_minor: int) -> int:
        numerator, denominator = self._ratio
        if self.counting == "steps":
            return divided(amount_minor // self.per_minor * numerator, denominator, self.rounding)
        return divided(amount_minor * numerator, self.per_minor * denominator, self.rounding)
