"""The mechanic `points_per_visit`."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field
from typing_extensions import override

from regulars.loyalty.rules.mechanic import Mechanic, mechanics
from regulars.loyalty.rules.sales import Award, Sale, Standing
from regulars.loyalty.rules.sentences import Say


@mechanics.add("points_per_visit")
class PointsPerVisit(Mechanic):
    """Every visit brings the same number of points, from a smallest purchase on."""

    title: ClassVar[str] = "Points per visit"

    points: int = Field(default=1, ge=1, title="Points")
    spend_min_minor: int = Field(
        default=0, ge=0, title="From a purchase of", description="In minor units"
    )

    @override
    def said(self, say: Say) -> str:
        told = say.words.gettext("%(points)s for every purchase") % {
            "points": say.amount(self.points, self.unit)
        }
        if not self.spend_min_minor:
            return told
        least = say.words.gettext("from a purchase of %(money)s")
        return f"{told} {least % {'money': say.show_money(self.spend_min_minor)}}"

    @override
    def awards(self, sale: Sale, member: Standing) -> Iterator[Award]:
        if sale.total_minor >= self.spend_min_minor and self.applies(sale, member):
            yield Award(self.unit, self.points)
