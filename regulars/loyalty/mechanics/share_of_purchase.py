"""The mechanic `share_of_purchase`."""

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from regulars.loyalty.rules.mechanic import Basis, Counts, Lines, Mechanic, mechanics
from regulars.loyalty.rules.rounding import Rounding, divided
from regulars.loyalty.rules.sales import Award, Sale, SaleLine, Standing
from regulars.loyalty.rules.sentences import Say, lines_in_words


@mechanics.add("share_of_purchase")
class ShareOfPurchase(Mechanic):
    """A share of every purchase comes back as points."""

    title: ClassVar[str] = "Share of purchase"
    counts: ClassVar[Counts] = "money"

    points: Decimal = Field(default=Decimal(1), gt=0, max_digits=12, title="Points")
    per_minor: int = Field(
        default=100, ge=1, title="For each amount spent", description="In minor units"
    )
    counting: Literal["steps", "proportional"] = Field(default="steps", title="Counting")
    base: Basis = Field(default="after_discounts", title="Amount that counts")
    rounding: Rounding = Field(default="floor", title="Rounding")
    level: Literal["purchase", "line"] = Field(default="purchase", title="Rounded for each")
    not_paid_by: tuple[str, ...] = Field(
        default=(), title="Means of payment that do not earn", description="Such as gift_card"
    )
    lines: Lines = Field(default=Lines(), title="Lines that count")

    @override
    def said(self, say: Say) -> str:
        phrase = (
            say.words.gettext("%(points)s for every full %(money)s spent%(lines)s")
            if self.counting == "steps"
            else say.words.gettext("%(points)s for every %(money)s spent, in proportion%(lines)s")
        )
        return phrase % {
            "points": say.amount(self.points, self.unit),
            "money": say.show_money(self.per_minor),
            "lines": lines_in_words(self.lines, say),
        }

    @cached_property
    def _ratio(self) -> tuple[int, int]:
        return self.points.as_integer_ratio()

    @cached_property
    def _totals_are_enough(self) -> bool:
        return self.level == "purchase" and self.lines.select_all

    @property
    @override
    def needs_lines(self) -> bool:
        return super().needs_lines or not self._totals_are_enough

    @override
    def awards(self, sale: Sale, member: Standing) -> Iterator[Award]:
        if self._tests and not self.applies(sale, member):
            return
        if self._totals_are_enough:
            paid = sale.total_minor - sale.redeemed_minor - sale.returned_minor
            basis = paid + self._discount(sale) - self._untold(sale)
            amount = self._points(max(basis, 0))
        elif self.level == "purchase":
            basis = max(sum(self._eligible(sale)) - self._untold(sale), 0)
            amount = self._points(basis)
        else:
            parts = self._eligible(sale)
            basis, amount = sum(parts), sum(self._points(eligible) for eligible in parts)
        if amount > 0:
            yield Award(self.unit, amount, basis)

    def _untold(self, sale: Sale) -> int:
        """What was paid by means that do not earn, where the rule names some."""
        return sale.paid_by(self.not_paid_by) if self.not_paid_by else 0

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
