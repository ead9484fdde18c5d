"""Merging and parting of members: which points belong to whom, and what has to move.

A lot belongs to the member whose card earned it, wherever it lies. While members are one person
all lots lie in one account and are spent soonest expiring first, whoever shows the card. When they
part, each gets what it would have had alone; what one spent beyond that stays paid by the others.
The worked examples stand in `docs/algorithms/merging.md`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from regulars.loyalty.rules.lots import taken_in_order

LAST = datetime.max.replace(tzinfo=UTC)


class Granted(NamedTuple):
    """Points granted to a member, by id of the lot; `cause` is what earned them."""

    lot_id: int
    owner: int
    amount: int
    activates_at: datetime | None
    expires_at: datetime | None = None
    cause: int | None = None

    @property
    def turn(self) -> tuple[bool, datetime, int]:
        """The place in the order of spending: soonest expiring first, ties by age."""
        return self.expires_at is None, self.expires_at or LAST, self.lot_id

    def is_active(self, at: datetime) -> bool:
        """Whether the lot may pay by then."""
        return self.activates_at is not None and self.activates_at <= at

    def is_dead(self, at: datetime) -> bool:
        """Whether the lot has expired by then."""
        return self.expires_at is not None and self.expires_at <= at


class Spent(NamedTuple):
    """A member's card paid with points; `key` names the redemption."""

    key: int
    owner: int
    amount: int
    at: datetime


class Undone(NamedTuple):
    """The redemption of that key was undone; with an amount, only that much came back."""

    key: int
    amount: int | None = None


class TakenBack(NamedTuple):
    """Points of a purchase were taken back, those it had earned first."""

    owner: int
    amount: int
    at: datetime
    cause: int


class Borne(NamedTuple):
    """A lot paid what another member had spent beyond its own, at an earlier parting."""

    lot_id: int
    spender: int
    amount: int


Step = Granted | Spent | Undone | TakenBack | Borne


class Alone:
    """What members would have, had each spent only its own points; steps are told in order.

    Where members may owe, what is taken back beyond their own is `owed`, up to `debt_max`.
    """

    def __init__(self, *, debts: bool = False, debt_max: int | None = None) -> None:
        self.owed: dict[int, int] = defaultdict(int)
        self._debt_max = debt_max if debts else 0
        self.lots: dict[int, Granted] = {}
        self.left: dict[int, int] = {}
        self.beyond: dict[int, int] = defaultdict(int)
        self._owned: dict[int, list[Granted]] = defaultdict(list)
        self._paid: dict[int, tuple[int, list[tuple[int, int]], int]] = {}

    def tell(self, step: Step) -> None:
        """Take the next step of the history into account."""
        match step:
            case Granted():
                self.lots[step.lot_id] = step
                self.left[step.lot_id] = step.amount - self._repay(step.owner, step.amount)
                self._owned[step.owner].append(step)
            case Spent():
                usable = [
                    lot
                    for lot in self._owned[step.owner]
                    if lot.is_active(step.at) and not lot.is_dead(step.at)
                ]
                uses, beyond = self._take(usable, step)
                self.beyond[step.owner] += beyond
                self._paid[step.key] = (step.owner, uses, beyond)
            case Undone():
                self._give_back(step)
            case TakenBack():
                alive = [lot for lot in self._owned[step.owner] if not lot.is_dead(step.at)]
                _, beyond = self._take(alive, step, first=step.cause)
                owed = min(beyond, self._room(step.owner, beyond))
                self.owed[step.owner] += owed
                self.beyond[step.owner] += beyond - owed
            case Borne():
                self.beyond[step.spender] -= step.amount
                if step.lot_id in self.left:
                    self.left[step.lot_id] -= min(step.amount, self.left[step.lot_id])

    def _give_back(self, step: Undone) -> None:
        """Put back what was taken last: first what went beyond their own, then their own lots."""
        owner, uses, beyond = self._paid.pop(step.key, (0, [], 0))
        total = beyond + sum(amount for _, amount in uses)
        missing = total if step.amount is None else min(step.amount, total)
        back = min(beyond, missing)
        self.beyond[owner] -= back
        rest: list[tuple[int, int]] = []
        missing -= back
        for lot_id, amount in reversed(uses):
            part = min(amount, missing)
            self.left[lot_id] += part - self._repay(owner, part)
            missing -= part
            if part < amount:
                rest.insert(0, (lot_id, amount - part))
        if rest or beyond > back:
            self._paid[step.key] = (owner, rest, beyond - back)

    def _take(
        self, lots: Iterable[Granted], step: Spent | TakenBack, *, first: int | None = None
    ) -> tuple[list[tuple[int, int]], int]:
        order = sorted(lots, key=lambda lot: ((first is None or lot.cause != first), *lot.turn))
        uses = taken_in_order([(lot.lot_id, self.left[lot.lot_id]) for lot in order], step.amount)
        for use in uses:
            self.left[use.lot_id] -= use.amount
        beyond = step.amount - sum(use.amount for use in uses)
        return [(use.lot_id, use.amount) for use in uses], beyond

    def _repay(self, owner: int, amount: int) -> int:
        repaid = min(self.owed[owner], amount)
        self.owed[owner] -= repaid
        return repaid

    def _room(self, owner: int, wanted: int) -> int:
        return wanted if self._debt_max is None else max(self._debt_max - self.owed[owner], 0)


class Parted(NamedTuple):
    """How much each lot should hold, by its id, what lots paid for others, and what each owes."""

    wanted: dict[int, int]
    borne: tuple[Borne, ...]
    owed: dict[int, int]


def parted(
    alone: Alone,
    held: Mapping[int, int],
    sides: Mapping[int, int],
    now: datetime,
    *,
    debt: int = 0,
) -> Parted:
    """What each lot keeps when members part: as alone, less what others have spent of it.

    `held` is what is really left of each lot, `sides` says by member who stays together. A dead lot
    is left as it is. Where less is left than all would have alone, somebody spent beyond their
    own: the others' lots bear it, soonest expiring first, and that is told. Where more is left,
    it stays where it lies. `debt` is what all owe together: each owes what it would alone, and
    less where all together have more.
    """
    owed = {owner: amount for owner, amount in alone.owed.items() if amount}
    wanted = {id_: held.get(id_, 0) for id_ in held.keys() | alone.lots.keys()}
    live = sorted(
        (lot for lot in alone.lots.values() if not lot.is_dead(now)), key=lambda x: x.turn
    )
    wanted |= {lot.lot_id: alone.left[lot.lot_id] for lot in live}
    missing = sum(wanted.values()) - sum(owed.values()) - sum(held.values()) + debt
    missing += _forgive(owed, -missing)
    spenders = {sides[owner]: owner for owner, beyond in alone.beyond.items() if beyond > 0}
    borne: list[Borne] = []
    payers = sorted(live, key=lambda lot: sides.get(lot.owner) in spenders)
    for use in taken_in_order(
        [(lot.lot_id, wanted[lot.lot_id]) for lot in payers], max(missing, 0)
    ):
        wanted[use.lot_id] -= use.amount
        spender = _spender(alone, sides, but=alone.lots[use.lot_id].owner)
        borne.append(Borne(use.lot_id, spender, use.amount))
    unpaid = missing - sum(use.amount for use in borne)
    if unpaid > 0:
        debtor = max(alone.beyond, key=lambda one: alone.beyond[one], default=min(sides))
        owed[debtor] = owed.get(debtor, 0) + unpaid
    spare = [(id_, held.get(id_, 0) - amount) for id_, amount in wanted.items()]
    more = [(id_, amount) for id_, amount in spare if amount > 0]
    for use in taken_in_order(more, max(-missing, 0)):
        wanted[use.lot_id] += use.amount
    return Parted(wanted, tuple(borne), owed)


def _forgive(owed: dict[int, int], spare: int) -> int:
    """How much of what is owed needs not be, where more is there than all would have alone."""
    forgiven = 0
    for owner in sorted(owed):
        part = max(min(owed[owner], spare - forgiven), 0)
        owed[owner] -= part
        forgiven += part
    return forgiven


def _spender(alone: Alone, sides: Mapping[int, int], *, but: int) -> int:
    """Who spent the most beyond their own, another side than this member's where there is one."""
    return max(
        alone.beyond,
        key=lambda one: (sides.get(one) != sides.get(but), alone.beyond[one]),
        default=but,
    )


class Held(NamedTuple):
    """What is left of an open lot, in which account; `origin` is the lot once granted."""

    id: int
    account: int
    origin: int
    remaining: int


class Move(NamedTuple):
    """An amount leaves an open lot and counts from now on as of the lot `origin`, in `target`.

    Without a lot it comes from the program, which takes on what somebody owes for it.
    """

    lot: Held | None
    origin: int
    target: int
    amount: int


def moves(
    held: Sequence[Held], homes: Mapping[int, int], wanted: Mapping[int, int] | None = None
) -> list[Move]:
    """What has to move so that each lot lies in its home account and holds what is wanted of it.

    `homes` gives the account by id of the lot once granted; a lot without one stays. Without
    `wanted` every lot keeps what it has.

    >>> moves([Held(1, 10, 1, 30), Held(2, 11, 2, 50)], {1: 10, 2: 10})
    [Move(lot=Held(id=2, account=11, origin=2, remaining=50), origin=2, target=10, amount=50)]
    """
    if wanted is None:
        wanted = _sums(held)
    needed, found, spare = dict(wanted), list[Move](), list[tuple[Held, int]]()
    for lot in held:
        home = homes.get(lot.origin, lot.account)
        kept = min(lot.remaining, needed.get(lot.origin, 0))
        needed[lot.origin] = needed.get(lot.origin, 0) - kept
        if kept and home != lot.account:
            found.append(Move(lot, lot.origin, home, kept))
        if kept < lot.remaining:
            spare.append((lot, lot.remaining - kept))
    return found + _filled(needed, spare, homes)


def _filled(
    needed: Mapping[int, int], spare: list[tuple[Held, int]], homes: Mapping[int, int]
) -> list[Move]:
    """The moves that give lots what they lack: out of what others can spare, then without a lot."""
    found = []
    for origin in sorted(needed):
        missing = needed[origin]
        while missing > 0 and spare:
            lot, rest = spare.pop(0)
            taken = min(missing, rest)
            found.append(Move(lot, origin, homes[origin], taken))
            missing -= taken
            if taken < rest:
                spare.insert(0, (lot, rest - taken))
        if missing > 0:
            found.append(Move(None, origin, homes[origin], missing))
    return found


def _sums(held: Collection[Held]) -> dict[int, int]:
    sums: dict[int, int] = defaultdict(int)
    for lot in held:
        sums[lot.origin] += lot.remaining
    return sums


def evened(balances: Mapping[int, int], wanted: Mapping[int, int]) -> list[tuple[int, int, int]]:
    """The transfers (source, target, amount) that bring balances to what is wanted of each.

    >>> evened({1: 100, 2: 40}, {1: 140, 2: 0})
    [(2, 1, 40)]
    """
    spare = [(one, balances[one] - wanted[one]) for one in sorted(wanted)]
    givers = [(one, amount) for one, amount in spare if amount > 0]
    found = []
    for target, amount in spare:
        missing = -amount
        while missing > 0 and givers:
            source, rest = givers.pop(0)
            given = min(missing, rest)
            found.append((source, target, given))
            missing -= given
            if given < rest:
                givers.insert(0, (source, rest - given))
    return found


def owed_by_leader(owed: Mapping[int, int], leaders: Mapping[int, int]) -> dict[int, int]:
    """What is owed by those who lead, for all whom they lead."""
    sums: dict[int, int] = {}
    for id_, amount in owed.items():
        if amount:
            sums[leaders[id_]] = sums.get(leaders[id_], 0) + amount
    return sums


def left_by_origin(held: Sequence[Held]) -> dict[int, int]:
    """What is left of each lot that was once granted, wherever its parts lie."""
    left: dict[int, int] = {}
    for lot in held:
        left[lot.origin] = left.get(lot.origin, 0) + lot.remaining
    return left
