"""The mechanic `points_for_act`."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field
from typing_extensions import override

from regulars.loyalty.rules.earning import Stage
from regulars.loyalty.rules.mechanic import Mechanic, mechanics
from regulars.loyalty.rules.sales import Act, Award, Standing
from regulars.loyalty.rules.sentences import Say


@mechanics.add("points_for_act")
class PointsForAct(Mechanic):
    """Something a customer does beside buying, such as answering a survey, brings points.

    Whatever was answered: an act comes without its score and its words, so nobody is paid for
    praise. Terms of a sale do not apply, but for tiers and segments.
    """

    stage: ClassVar[Stage] = "act"
    title: ClassVar[str] = "Points for an act"

    act: str = Field(
        default="feedback.answer_received",
        min_length=1,
        max_length=50,
        title="Act",
        description="As timelines name it, such as feedback.answer_received",
    )
    points: int = Field(default=10, ge=1, title="Points")

    @override
    def said(self, say: Say) -> str:
        return say.words.gettext("%(points)s for each act “%(act)s”, whatever was said in it") % {
            "points": say.amount(self.points, self.unit),
            "act": self.act,
        }

    @override
    def awards_for_act(self, act: Act, member: Standing) -> Iterator[Award]:
        if act.kind != self.act or (self.tiers and not member.has_one_of(self.tiers)):
            return
        wanted = self.terms.segments
        if not wanted or not member.segments.isdisjoint(wanted):
            yield Award(self.unit, self.points)
