"""The mechanic `every_nth_visit`."""

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field
from typing_extensions import override

from regulars.loyalty.rules.earning import Stage
from regulars.loyalty.rules.mechanic import CompiledMechanic, Counts, mechanics
from regulars.loyalty.rules.sales import Award, Gives, Sale, Standing
from regulars.loyalty.rules.sentences import Say


@mechanics.add("every_nth_visit")
class EveryNthVisit(CompiledMechanic):
    """Every n-th visit brings a gift of points; each receipt is a visit."""

    stage: ClassVar[Stage] = "addition"
    title: ClassVar[str] = "Every n-th visit"
    counts: ClassVar[Counts] = "visits"

    every: int = Field(default=10, ge=2, le=1000, title="Every how many visits")
    points: int = Field(default=100, ge=1, title="Points")

    @override
    def said(self, say: Say) -> str:
        return say.words.gettext("%(points)s once in every %(every)s visits") % {
            "points": say.amount(self.points, self.unit),
            "every": self.every,
        }

    @property
    @override
    def needs_base(self) -> bool:
        return False

    @override
    def closure(self) -> Gives:
        every, unit, points, applies = self.every, self.unit, self.points, self.applies

        def gives(sale: Sale, member: Standing) -> Iterable[Award]:
            visit = member.visits + 1
            if visit % every or not applies(sale, member):
                return ()
            return (Award(unit, points, visit),)

        return gives
