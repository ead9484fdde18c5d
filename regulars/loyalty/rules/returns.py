"""Returns: how many of the points of a purchase go back, and what of the member's pays for it."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from regulars.loyalty.rules.lots import Use

Policy = Literal["keep", "only_pending", "within_balance", "limited", "unlimited"]
"""What returned goods take of the points they earned.

`keep`: nothing. `only_pending`: pending points. `within_balance`: pending points, then available
ones. `limited`: those, and what is missing as a debt up to the program's limit. `unlimited`: all.
What is not taken is forgiven, and recorded.
"""

POLICIES: tuple[Policy, ...] = ("keep", "only_pending", "within_balance", "limited", "unlimited")


class Takeable(NamedTuple):
    """What is left of a live lot; `is_own` where the returned purchase earned it."""

    lot_id: int
    remaining: int
    is_own: bool = False
    is_pending: bool = False


class TakenBack(NamedTuple):
    """What a return should take back, what each lot pays, what is owed, what had died before."""

    due: int
    uses: tuple[Use, ...] = ()
    owed: int = 0
    expired: int = 0

    @property
    def taken(self) -> int:
        """What leaves the balance."""
        return sum([use.amount for use in self.uses]) + self.owed

    @property
    def forgiven(self) -> int:
        """What the program gives up."""
        return self.due - self.taken - self.expired


def due_back(earned: int, *, returned_minor: int, total_minor: int, due_before: int = 0) -> int:
    """How many more points are due once goods of `returned_minor` in all have come back.

    The share is of the points *once given*, never worked out anew by today's rules. It is cut to
    whole points over all returns of the purchase together, so that the last one takes what is
    left: n returns take what one return of their sum would.

    >>> due_back(10, returned_minor=333, total_minor=1000)
    3
    >>> due_back(10, returned_minor=1000, total_minor=1000, due_before=3)
    7
    """
    if total_minor <= 0 or returned_minor >= total_minor:
        return earned - due_before
    return max(earned * returned_minor // total_minor - due_before, 0)


def taken_back(
    due: int,
    lots: Sequence[Takeable],
    policy: Policy,
    *,
    debt: int = 0,
    debt_max: int | None = None,
    expired: int = 0,
) -> TakenBack:
    """What becomes of points that are due back, under a program's policy.

    The purchase's own lots pay first, and of its points those that have `expired` are gone
    already: nobody pays for them twice. Then others pay, pending ones before available ones, each
    in the order given. What is missing becomes a debt, where the policy lets it.

    >>> taken_back(60, [Takeable(1, 20), Takeable(2, 30, is_pending=True)], "within_balance")
    TakenBack(due=60, uses=(Use(lot_id=2, amount=30), Use(lot_id=1, amount=20)), owed=0, expired=0)
    >>> _.forgiven
    10
    """
    if policy == "keep":
        return TakenBack(due)
    open_lots = [lot for lot in lots if lot.is_pending or policy != "only_pending"]
    own, gone = _paid([lot for lot in open_lots if lot.is_own], due)
    lapsed = min(expired, gone)
    others, missing = _paid([lot for lot in open_lots if not lot.is_own], gone - lapsed)
    owed = min(missing, _room(policy, debt, debt_max, missing))
    return TakenBack(due, (*own, *others), owed, lapsed)


def _paid(lots: Sequence[Takeable], amount: int) -> tuple[list[Use], int]:
    """What these lots pay, pending ones first, and what is missing then."""
    uses = []
    for lot in sorted(lots, key=lambda one: not one.is_pending):
        if part := min(lot.remaining, amount):
            uses.append(Use(lot.lot_id, part))
            amount -= part
    return uses, amount


def _room(policy: Policy, debt: int, debt_max: int | None, missing: int) -> int:
    """How much more a member may owe."""
    if policy == "unlimited":
        return missing
    if policy == "limited":
        return max((debt_max or 0) - debt, 0)
    return 0


def repaid(amount: int, debt: int) -> int:
    """How much of points that come in pays what is owed: all of it first.

    >>> repaid(60, debt=100)
    60
    """
    return min(amount, debt)


class Spent(NamedTuple):
    """What a redemption still has of one lot, in the order it was taken."""

    lot_id: int
    amount: int
    is_dead: bool = False


class GivenBack(NamedTuple):
    """Points that return to one lot; `repaid` of them pay the member's debt at once."""

    lot_id: int
    amount: int
    repaid: int = 0
    is_dead: bool = False


def given_back(
    uses: Sequence[Spent], amount: int, *, before: int = 0, debt: int = 0
) -> list[GivenBack]:
    """To which lots spent points return: those taken last come back first.

    So the books stand as if the member had paid that much less from the beginning, and n parts
    return what their sum would; `before` is what came back earlier. What comes back pays a debt
    first; dead points pay nothing.

    >>> given_back([Spent(1, 30), Spent(2, 20)], 25)
    [GivenBack(lot_id=2, amount=20, repaid=0, is_dead=False), GivenBack(lot_id=1, amount=5, repaid=0, is_dead=False)]
    >>> given_back([Spent(1, 30)], 30, debt=10)[0].repaid
    10
    """
    backs = []
    for lot in reversed(uses):
        skipped = min(lot.amount, before)
        before -= skipped
        part = min(lot.amount - skipped, amount)
        if not part:
            continue
        repaid = 0 if lot.is_dead else min(debt, part)
        backs.append(GivenBack(lot.lot_id, part, repaid, lot.is_dead))
        amount -= part
        debt -= repaid
    return backs
