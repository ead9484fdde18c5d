"""The mechanic `points_per_item`."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from regulars.loyalty.rules.earning import Stage
from regulars.loyalty.rules.mechanic import Counts, Lines, Mechanic, mechanics
from regulars.loyalty.rules.sales import Award, Sale, Standing
from regulars.loyalty.rules.sentences import Say, lines_in_words


@mechanics.add("points_per_item")
class PointsPerItem(Mechanic):
    """Every item of certain products or categories brings a fixed number of points."""

    stage: ClassVar[Stage] = "addition"
    title: ClassVar[str] = "Points per item"
    counts: ClassVar[Counts] = "items"

    points: int = Field(default=1, ge=1, title="Points for each")
    count: Literal["items", "lines"] = Field(default="items", title="What is counted")
    lines: Lines = Field(default=Lines(), title="Lines that count")

    @override
    def said(self, say: Say) -> str:
        phrase = (
            say.words.gettext("%(points)s for each item%(lines)s")
            if self.count == "items"
            else say.words.gettext("%(points)s for each line of the receipt%(lines)s")
        )
        return phrase % {
            "points": say.amount(self.points, self.unit),
            "lines": lines_in_words(self.lines, say),
        }

    @property
    @override
    def needs_base(self) -> bool:
        return False

    @property
    @override
    def needs_lines(self) -> bool:
        return True

    @override
    def awards(self, sale: Sale, member: Standing) -> Iterator[Award]:
        if not self.applies(sale, member):
            return
        chosen = [line for line in sale.lines if self.lines.select(line)]
        by_items = self.count == "items"
        counted = sum(line.quantity_milli // 1000 if by_items else 1 for line in chosen)
        if counted:
            yield Award(self.unit, counted * self.points, counted)
