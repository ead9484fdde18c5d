"""The mechanic `welcome_gift`."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field
from typing_extensions import override

from regulars.loyalty.rules.earning import Stage
from regulars.loyalty.rules.mechanic import Mechanic, mechanics
from regulars.loyalty.rules.sales import Award, Sale, Standing
from regulars.loyalty.rules.sentences import Say


@mechanics.add("welcome_gift")
class WelcomeGift(Mechanic):
    """A new member gets points for joining, once."""

    stage: ClassVar[Stage] = "joining"
    title: ClassVar[str] = "Welcome gift"

    points: int = Field(default=100, ge=1, title="Points")

    @override
    def said(self, say: Say) -> str:
        return say.words.gettext("%(points)s for joining") % {
            "points": say.amount(self.points, self.unit)
        }

    @override
    def awards(self, sale: Sale, member: Standing) -> Iterator[Award]:
        yield Award(self.unit, self.points)
