"""The mechanic `referral`."""

from typing import ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from regulars.loyalty.rules.earning import Stage
from regulars.loyalty.rules.mechanic import Mechanic, mechanics
from regulars.loyalty.rules.sales import Sale, Sides, Standing
from regulars.loyalty.rules.sentences import Say


@mechanics.add("referral")
class Referral(Mechanic):
    """Who brings a friend gets points, and so does the friend: for joining or for purchases."""

    stage: ClassVar[Stage] = "referral"
    title: ClassVar[str] = "Referral"

    on: Literal["joining", "first_purchase", "every_purchase"] = Field(
        default="first_purchase", title="Pays for"
    )
    referrer_points: int = Field(default=100, ge=0, title="Points for who brings")
    friend_points: int = Field(default=50, ge=0, title="Points for the friend")

    @property
    @override
    def needs_more(self) -> frozenset[str]:
        return frozenset({"referral", "clock"})

    @override
    def said(self, say: Say) -> str:
        phrase = {
            "joining": say.words.gettext(
                "A friend who joins brings %(referrer)s, and gets %(friend)s"
            ),
            "first_purchase": say.words.gettext(
                "A friend's first purchase brings %(referrer)s, and the friend gets %(friend)s"
            ),
            "every_purchase": say.words.gettext(
                "Every purchase of a friend brings %(referrer)s, and the friend gets %(friend)s"
            ),
        }[self.on]
        return phrase % {
            "referrer": say.amount(self.referrer_points, self.unit),
            "friend": say.amount(self.friend_points, self.unit),
        }

    @override
    def sides(self, sale: Sale | None, friend: Standing) -> Sides | None:
        """What both get for a friend's purchase, or for joining where there is no sale."""
        if sale is None:
            due = self.on == "joining"
        else:
            on_first = self.on == "first_purchase" and friend.visits == 0
            due = (on_first or self.on == "every_purchase") and self.applies(sale, friend)
        return Sides(self.referrer_points, self.friend_points) if due else None
