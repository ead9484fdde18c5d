"""The mechanic `bonus`."""

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field
from typing_extensions import override

from regulars.loyalty.rules.earning import Stage
from regulars.loyalty.rules.mechanic import CompiledMechanic, mechanics
from regulars.loyalty.rules.sales import Award, Gives, Sale, Standing
from regulars.loyalty.rules.sentences import Say


@mechanics.add("bonus")
class Bonus(CompiledMechanic):
    """A fixed number of points on top of what the base rules give for a purchase."""

    stage: ClassVar[Stage] = "addition"
    title: ClassVar[str] = "Bonus"

    points: int = Field(default=10, ge=1, title="Points")
    spend_min_minor: int = Field(
        default=0, ge=0, title="From a purchase of", description="In minor units"
    )

    @override
    def said(self, say: Say) -> str:
        told = say.words.gettext("%(points)s more, where a base rule pays") % {
            "points": say.amount(self.points, self.unit)
        }
        if not self.spend_min_minor:
            return told
        least = say.words.gettext("from a purchase of %(money)s")
        return f"{told}; {least % {'money': say.show_money(self.spend_min_minor)}}"

    @override
    def closure(self) -> Gives:
        least, award = self.spend_min_minor, (Award(self.unit, self.points),)

        def gives(sale: Sale, member: Standing) -> Iterable[Award]:
            return award if sale.total_minor >= least else ()

        return self.where_it_applies(gives)
