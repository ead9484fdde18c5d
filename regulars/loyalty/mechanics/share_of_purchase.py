"""The mechanic `share_of_purchase`."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from regulars.loyalty.rules.mechanic import Basis, CompiledMechanic, Counts, Lines, mechanics
from regulars.loyalty.rules.rounding import Rounding, divided
from regulars.loyalty.rules.sales import Award, Gives, Sale, Standing, made
from regulars.loyalty.rules.sentences import Say, lines_in_words


@mechanics.add("share_of_purchase")
class ShareOfPurchase(CompiledMechanic):
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
    def _totals_are_enough(self) -> bool:
        return self.level == "purchase" and self.lines.select_all

    @property
    @override
    def needs_lines(self) -> bool:
        return super().needs_lines or not self._totals_are_enough

    @override
    def closure(self) -> Gives:
        unit, points, basis_of, parts_of = self.unit, self._points, self._basis, self._parts

        def by_purchase(sale: Sale, member: Standing) -> Iterable[Award]:
            basis = basis_of(sale)
            amount = points(basis)
            return (made(Award, (unit, amount, basis)),) if amount > 0 else ()

        def by_line(sale: Sale, member: Standing) -> Iterable[Award]:
            parts = parts_of(sale)
            amount = sum(map(points, parts))
            return (Award(unit, amount, sum(parts)),) if amount > 0 else ()

        return self.where_it_applies(by_line if self.level == "line" else by_purchase)

    @cached_property
    def _basis(self) -> Callable[[Sale], int]:
        """The amount of a whole purchase that earns, in minor units."""
        counts, untold = self.lines.decided, self.not_paid_by
        before = self.base == "before_discounts"

        def of_lines(sale: Sale) -> int:
            basis = 0
            for sku, category, _, total, discount in sale.lines:
                if counts[sku, category]:
                    basis += total + discount if before else total
            return max(basis, 0)

        def of_totals(sale: Sale) -> int:
            paid = sale.total_minor - sale.redeemed_minor - sale.returned_minor
            return max(paid + sale.discount_minor if before else paid, 0)

        def of_what_earns(sale: Sale) -> int:
            return max(of_all(sale) - sale.paid_by(untold), 0)

        of_all = of_totals if self._totals_are_enough else of_lines
        return of_what_earns if untold else of_all

    @cached_property
    def _parts(self) -> Callable[[Sale], list[int]]:
        """What of each line that counts earns, in minor units."""
        counts, before = self.lines.decided, self.base == "before_discounts"

        def parts(sale: Sale) -> list[int]:
            return [
                total + discount if before else total
                for sku, category, _, total, discount in sale.lines
                if counts[sku, category]
            ]

        return parts

    @cached_property
    def _points(self) -> Callable[[int], int]:
        """The points of an amount in minor units."""
        numerator, denominator = self.points.as_integer_ratio()
        per_minor, rounding = self.per_minor, self.rounding

        def in_whole_points(amount_minor: int) -> int:
            return amount_minor // per_minor * numerator

        def in_steps(amount_minor: int) -> int:
            return divided(amount_minor // per_minor * numerator, denominator, rounding)

        def in_proportion(amount_minor: int) -> int:
            return divided(amount_minor * numerator, per_minor * denominator, rounding)

        if self.counting == "proportional":
            return in_proportion
        return in_whole_points if denominator == 1 else in_steps
