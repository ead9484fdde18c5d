"""The mechanic `every_nth_visit`."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field
from typing_extensions import override

from regulars.loyalty.rules.earning import Stage
from regulars.loyalty.rules.mechanic import Counts, Mechanic, mechanics
from regulars.loyalty.rules.sales import Award, Sale, Standing
from regulars.loyalty.rules.sentences import Say


@mechanics.add("every_nth_visit")
class EveryNthVisit(Mechanic):
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
    def awards(self, sale: Sale, member: Standing) -> Iterator[Award]:
        if (member.visits + 1) % self.every == 0 and self.applies(sale, member):
            yield Award(self.unit, self.points, member.visits + 1)
