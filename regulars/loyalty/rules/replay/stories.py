"""Stories: what a member did and what happened to the card, step by step as it came on the books.

A story holds facts only, and nothing that rules made of them: a sale and what it cost, but not
what it earned. So any rules may be tried on it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple

from regulars.loyalty.rules.sales import Sale
from regulars.loyalty.rules.tiers.tracks import Given

NOTHING: Mapping[str, Sequence[Given]] = MappingProxyType({})
UNKNOWN: Mapping[int, datetime] = MappingProxyType({})


class Joined(NamedTuple):
    """A person became a member, and gets what rules give for that."""

    customer_id: int
    at: datetime


class Returned(NamedTuple):
    """Goods of a purchase came back, worth `returned_minor` in all by then; 0 of 0 is all of it.

    `is_undone` where the purchase was a mistake and goods never moved. `at` is when it came on the
    books, `returned_at` when the goods came back. `is_anothers` where the purchase is not this
    person's: what the person spent on it comes back, and that is all.
    """

    purchase_id: int
    returned_minor: int
    total_minor: int
    at: datetime
    is_undone: bool = False
    returned_at: datetime | None = None
    is_anothers: bool = False

    @property
    def is_full(self) -> bool:
        """Whether nothing of the purchase is left."""
        return self.returned_minor >= self.total_minor


class Spent(NamedTuple):
    """Points were spent, perhaps on a purchase, or set aside for it."""

    id: int
    unit: str
    amount: int
    at: datetime
    purchase_id: int | None = None


class Unspent(NamedTuple):
    """What was spent came back: a redemption was undone, or so much of a hold was let go."""

    id: int
    at: datetime
    amount: int | None = None
    """None is all that did not come back before."""


class Activated(NamedTuple):
    """The points of a purchase became usable by an event."""

    purchase_id: int
    at: datetime


class Moved(NamedTuple):
    """Points came or went for a reason that no earn rule knows: they do so under any rules.

    An adjustment, a transfer between members, a partner's points. `amount` is below zero for what
    went. `expires_at` is that of the lot on the books; where `is_of_lot`, what went is of that end.
    """

    unit: str
    amount: int
    at: datetime
    expires_at: datetime | None = None
    is_of_lot: bool = False


Step = Sale | Joined | Returned | Spent | Unspent | Activated | Moved


class Story(NamedTuple):
    """All that concerns one person, in the order in which it came on the books.

    `segments` and `birthday` are those of today, and are read only where a rule asks for them.
    """

    person_id: int
    steps: Sequence[Step]
    segments: frozenset[str] = frozenset()
    birthday: date | None = None
    is_brought: bool = False
    """Whether another member brought the person."""
    joined_at: datetime | None = None
    """When the first of the person's records joined."""
    posted: Mapping[int, datetime] = UNKNOWN
    """By purchase when it came on the books, where rules ask for it."""
    given: Mapping[str, Sequence[Given]] = NOTHING
    """By code of ladder, tiers that were given by hand."""


def sales_in(stories: Iterable[Story]) -> int:
    """How many receipts stories hold."""
    return sum(type(step) is Sale for story in stories for step in story.steps)
