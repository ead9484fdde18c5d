"""The mechanic `percentage_cashback`."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field
from typing_extensions import override

from regulars.loyalty.rules.mechanic import Basis, Counts, Lines, Mechanic, mechanics
from regulars.loyalty.rules.rounding import Rounding, divided
from regulars.loyalty.rules.sales import Award, Sale, Standing
from regulars.loyalty.rules.sentences import Say, lines_in_words


@mechanics.add("percentage_cashback")
class PercentageCashback(Mechanic):
    """A percentage of every purchase comes back as money to spend here, up to a cap."""

    title: ClassVar[str] = "Percentage cashback"
    counts: ClassVar[Counts] = "money"

    unit: str = Field(default="cashback", title="Unit", description="What members get")
    basis_points: int = Field(
        default=500, ge=1, le=10_000, title="Percent of the purchase", description="500 is 5 %"
    )
    cap_minor: int | None = Field(
        default=None, ge=1, title="At most for one purchase", description="In minor units"
    )
    base: Basis = Field(default="after_discounts", title="Amount that counts")
    rounding: Rounding = Field(default="floor", title="Rounding")
    not_paid_by: tuple[str, ...] = Field(
        default=(), title="Means of payment that do not earn", description="Such as gift_card"
    )
    lines: Lines = Field(default=Lines(), title="Lines that count")

    @override
    def said(self, say: Say) -> str:
        told = say.words.gettext("%(percent)s of every purchase back as %(unit)s%(lines)s") % {
            "percent": say.percent(self.basis_points),
            "unit": say.units.get(self.unit, self.unit),
            "lines": lines_in_words(self.lines, say),
        }
        if self.cap_minor is None:
            return told
        cap = say.words.gettext("at most %(amount)s for one purchase")
        return f"{told}; {cap % {'amount': say.show_money(self.cap_minor)}}"

    @property
    @override
    def needs_lines(self) -> bool:
        return super().needs_lines or not self.lines.select_all

    @override
    def awards(self, sale: Sale, member: Standing) -> Iterator[Award]:
        if not self.applies(sale, member):
            return
        basis = self._eligible(sale)
        if self.not_paid_by:
            basis = max(basis - sale.paid_by(self.not_paid_by), 0)
        amount = divided(basis * self.basis_points, 10_000, self.rounding)
        if self.cap_minor is not None:
            amount = min(amount, self.cap_minor)
        if amount > 0:
            yield Award(self.unit, amount, basis)

    def _eligible(self, sale: Sale) -> int:
        before = self.base == "before_discounts"
        if self.lines.select_all:
            paid = sale.total_minor - sale.redeemed_minor - sale.returned_minor
            return paid + (sale.discount_minor if before else 0)
        return sum(
            line.total_minor + (line.discount_minor if before else 0)
            for line in sale.lines
            if self.lines.select(line)
        )
