"""The engine of a replay: one person's points while a story is told."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from regulars.loyalty.rules.earning import Earned
from regulars.loyalty.rules.memory import Memory
from regulars.loyalty.rules.replay.climbing import Climber, ToldLadder
from regulars.loyalty.rules.replay.outcomes import Outcome
from regulars.loyalty.rules.replay.purses import Lot, Purse, Spending
from regulars.loyalty.rules.replay.schemes import Scheme
from regulars.loyalty.rules.replay.stories import (
    Activated,
    Joined,
    Moved,
    Returned,
    Spent,
    Story,
    Unspent,
)
from regulars.loyalty.rules.returns import (
    Policy,
    Takeable,
    TakenBack,
    due_back,
    given_back,
    taken_back,
)
from regulars.loyalty.rules.sales import Back, Sale, Standing, made


class _Teller:
    """Tells a story to the purses of one person."""

    __slots__ = (
        "climbers", "due", "is_patient", "lapsed", "memory", "places", "purses", "scheme", "sold", "sold_at",
        "spendings", "status", "story", "tier", "tier_moves", "used_on", "visits", "voided",
    )  # fmt: skip

    def __init__(self, scheme: Scheme, story: Story) -> None:
        self.scheme = scheme
        self.story = story
        self.memory = Memory()
        self.sold_at: dict[int, datetime] = {}
        self.is_patient = scheme.is_patient
        self.purses = {code: Purse(scheme.lives.get(code)) for code in scheme.units}
        self.status = self.purses.get(scheme.qualifying)
        self.visits = self.tier_moves = self.places = 0
        self.tier = ""
        self.sold: dict[int, list[Earned]] = {}
        self.due: dict[tuple[int, str], int] = {}
        self.lapsed: dict[tuple[int, str], int] = {}
        self.voided: set[int] = set()
        self.spendings: dict[int, Spending] = {}
        self.used_on: dict[int, list[Spending]] = {}
        self.climbers: list[Climber] = []
        if scheme.ladders:
            self.climbers = [_climber(ladder, story) for ladder in scheme.ladders]

    def sell(self, sale: Sale) -> None:
        """A receipt: what it earns, by the rules in force when it was printed."""
        scheme, at = self.scheme, sale.at
        book = scheme.history.at(at)
        standing = self.standing()
        if self.climbers or scheme.past:
            standing = self.see(standing, sale)
        earned = book.earn(sale, standing)
        if book.referrals and self.story.is_brought:
            earned = earned + book.for_referral(sale, at, standing, Standing())[1]
        self.visits += 1
        if scheme.rolling:
            self.prolong(at, self.story.posted.get(sale.purchase_id, at))
        earned, apart = self._split(sale, earned) if scheme.has_habits else (earned, ())
        if earned:
            self.sold[sale.purchase_id] = earned
            active_at = scheme.active_at(at) if self.is_patient else at
            self.grant(earned, at, active_at, sale.purchase_id)
        if apart:
            self.grant(apart, at, at, None)
        for climber in self.climbers:
            unit = climber.ladder.unit
            climber.sell(sale, sum(one.amount for one in earned if one.unit == unit))

    def _split(self, sale: Sale, earned: list[Earned]) -> tuple[list[Earned], Sequence[Earned]]:
        """What a sale earns by itself, and what is paid apart from it."""
        self.sold_at[sale.purchase_id] = sale.at
        apart = [one for one in earned if one.rule.mechanic.pays_apart]
        if not apart:
            return earned, ()
        return [one for one in earned if not one.rule.mechanic.pays_apart], apart

    def see(self, standing: Standing, sale: Sale) -> Standing:
        """The standing with the tiers that ladders showed when a sale was booked."""
        booked_at = self.story.posted.get(sale.purchase_id, sale.at)
        if self.scheme.past:
            tier = self.scheme.tier_then(standing.qualifying, booked_at)
            standing = standing._replace(tier=tier)
        others = []
        for climber in self.climbers:
            if booked_at < climber.ladder.remembers_from:
                continue
            tier = climber.tier_at(sale.at)
            if climber.ladder.is_main:
                standing = standing._replace(tier=tier)
            elif tier:
                others.append(tier)
        return standing._replace(tiers=tuple(others))

    def standing(self) -> Standing:
        """The person just before the next sale, as the rules see them. Budgets bind nobody."""
        story, status = self.story, self.status
        reached = status.balance if status else 0
        known = story.segments, story.birthday, self.scheme.zone, self.memory
        return made(Standing, (self.visits, self.tier, reached, (), *known, None))

    def prolong(self, at: datetime, told_at: datetime) -> None:
        """An activity: points with rolling expiry that are alive when it is told live on from it."""
        for code in self.scheme.rolling:
            ends_at = self.scheme.prolongs_to(code, at)
            for lot in self.purses[code].lots if ends_at else ():
                if lot.is_endless(told_at):
                    continue
                if lot.left and lot.ends_at and ends_at and told_at < lot.ends_at < ends_at:
                    lot.ends_at = ends_at

    def grant(
        self,
        earned: Sequence[Earned],
        at: datetime,
        active_at: datetime | None,
        purchase_id: int | None,
    ) -> None:
        """Put awards into purses; those of units that are spent get lots."""
        purses, scheme = self.purses, self.scheme
        for _, unit, amount, _, _, _ in earned:
            if not amount:
                continue
            purse = purses[unit]
            purse.issued += amount
            if purse.life is None:
                purse.balance += amount
            else:
                self.places += 1
                ends_at = purse.life.ends_at(at, scheme.zone)
                told_from = purse.life.told_from(at)
                lot = Lot(
                    self.places,
                    amount,
                    active_at,
                    ends_at,
                    purchase_id=purchase_id,
                    told_from=told_from,
                )
                purse.put(lot, amount)
            if purchase_id is None:
                for climber in self.climbers:
                    climber.grant(unit, amount, at)
        self.climb()

    def climb(self) -> None:
        """The tier that the qualifying balance now leads to."""
        status, scheme = self.status, self.scheme
        if status and scheme.is_plain:
            tier = scheme.ladder.tier_for(status.balance)
            if tier != self.tier:
                self.tier = tier
                self.tier_moves += 1

    def join(self, step: Joined) -> None:
        """What rules give for joining."""
        gift = self.scheme.history.at(step.at).welcome(Sale(0, step.customer_id, step.at, 0))
        self.climb()
        if gift:
            self.grant(gift, step.at, step.at, None)

    def move(self, step: Moved) -> None:
        """Points that come or go under any rules; what is not there cannot go."""
        purse = self.purses.get(step.unit)
        if purse is None:
            return
        if purse.life is None:
            moved = max(step.amount, -purse.balance)
            purse.balance += moved
        elif step.amount > 0:
            moved = step.amount
            self.places += 1
            follows = step.expires_at == purse.life.ends_at(step.at, self.scheme.zone)
            told_from = purse.life.told_from(step.at) if follows else None
            purse.put(Lot(self.places, moved, step.at, step.expires_at, told_from=told_from), moved)
        else:
            lots = sorted(
                purse.live(step.at),
                key=lambda lot: (
                    step.is_of_lot and lot.ends_at != step.expires_at,
                    lot.is_pending(step.at),
                ),
            )
            moved = -sum(use.amount for use in purse.take(lots, -step.amount))
        purse.moved += moved
        for climber in self.climbers:
            climber.grant(step.unit, moved, step.at)
        self.climb()

    def spend(self, step: Spent) -> None:
        """Spend what is asked, or all there is where these rules gave less than the books."""
        purse = self.purses[step.unit]
        spending = Spending(step.unit, purse.take(purse.live(step.at, usable=True), step.amount))
        purse.spent += spending.amount
        purse.unmet += step.amount - spending.amount
        self.spendings[step.id] = spending
        if self.scheme.rolling:
            self.prolong(step.at, step.at)
        if step.purchase_id is not None:
            self.used_on.setdefault(step.purchase_id, []).append(spending)

    def unspend(self, step: Unspent) -> None:
        """Give back what no return gave back before."""
        if (spending := self.spendings.get(step.id)) is None:
            return
        left = spending.amount - spending.restored
        if step.amount is not None:
            left = min(left, step.amount)
            spending.freed += left
        self.restore(spending, left, step.at, lives_on=False)
        for known in self.used_on.values() if step.amount is None else ():
            if spending in known:
                known.remove(spending)

    def restore(self, spending: Spending, amount: int, at: datetime, *, lives_on: bool) -> None:
        """Points return to the lots they came from; dead ones may get a fresh life."""
        purse = self.purses[spending.unit]
        lots = {lot.place: lot for lot in purse.lots}
        uses = [use._replace(is_dead=lots[use.lot_id].is_dead(at)) for use in spending.uses]
        backs = given_back(uses, amount, before=spending.restored, debt=purse.debt)
        for back in backs:
            purse.debt -= back.repaid
            purse.balance += back.amount
            purse.given_back += back.amount
            spending.restored += back.amount
            lot = lots[back.lot_id]
            lot.left += back.amount - back.repaid
        for back in backs if lives_on else ():
            if back.is_dead:
                lots[back.lot_id].left -= back.amount
                lots[back.lot_id].reinstated += back.amount
                purse.balance -= back.amount
                self.places += 1
                ends_at = self.scheme.ends_at(spending.unit, at)
                told_from = purse.life.told_from(at) if purse.life else None
                lot = Lot(self.places, back.amount, at, ends_at, told_from=told_from)
                purse.put(lot, back.amount)

    def take_back(self, step: Returned) -> None:
        """Goods came back: what they were paid with returns, what they earned goes."""
        purchase_id = step.purchase_id
        self._restore_spent(step)
        if step.is_anothers:
            self.climb()
            return
        earned: dict[str, int] = {}
        for one in self.sold.get(purchase_id, ()):
            earned[one.unit] = earned.get(one.unit, 0) + one.amount
        taken = dict.fromkeys(earned, 0)
        for code, amount in earned.items():
            before = self.due.get((purchase_id, code), 0)
            due = _due(amount, step, before)
            if due > 0:
                self.due[purchase_id, code] = before + due
                taken[code] = self._take_unit(step, code, due)
        if purchase_id in self.sold_at:
            self._forget(step)
        self.climb()
        is_last = step.is_full and purchase_id not in self.voided
        if is_last:
            self.voided.add(purchase_id)
            self.visits -= 1
        for climber in self.climbers:
            climber.take_back(step, taken.get(climber.ladder.unit, 0), is_last=is_last)

    def _restore_spent(self, step: Returned) -> None:
        reinstates = self.scheme.written.terms.dead_points
        for spending in self.used_on.get(step.purchase_id, ()):
            freed = spending.freed
            due = _due(spending.amount - freed, step, spending.restored - freed)
            if due > 0:
                self.restore(spending, due, step.at, lives_on=reinstates == "reinstate")

    def _forget(self, step: Returned) -> None:
        """Habits forget what came back, and windows that were paid give back their share."""
        left = max(step.total_minor - step.returned_minor, 0)
        back = Back(step.purchase_id, left, max(step.total_minor, 1))
        for rule in self.scheme.history.at(self.sold_at[step.purchase_id]).habits:
            slots = [self.memory.own[rule.code]] if rule.code in self.memory.own else []
            for award in rule.mechanic.undone(back, slots):
                self._take_unit(step, award.unit, award.amount)

    def _take_unit(self, step: Returned, code: str, due: int) -> int:
        """What was due and could be taken of one unit."""
        purse, policy = self.purses[code], self._policy(step)
        if purse.life is not None:
            back = self._back(step, purse, code, due=due, policy=policy)
        else:
            balance = 0 if policy == "keep" else purse.balance
            back = TakenBack(due, owed=min(due, balance))
            purse.balance -= back.owed
        purse.taken_back += back.taken
        purse.forgiven += back.forgiven
        return back.taken

    def _policy(self, step: Returned) -> Policy:
        policy = self.scheme.written.terms.returns
        return "within_balance" if step.is_undone and policy == "keep" else policy

    def _back(
        self, step: Returned, purse: Purse, code: str, *, due: int, policy: Policy
    ) -> TakenBack:
        at, of = step.at, (step.purchase_id, code)
        own = [lot for lot in purse.lots if lot.purchase_id == step.purchase_id]
        dead = sum(lot.reinstated + (lot.left if lot.is_dead(at) else 0) for lot in own)
        lots = {lot.place: lot for lot in purse.live(at)}
        takeable = [
            Takeable(lot.place, lot.left, lot.purchase_id == step.purchase_id, lot.is_pending(at))
            for lot in lots.values()
        ]
        debt_max = self.scheme.written.terms.debt_max
        lapsed = self.lapsed.get(of, 0)
        back = taken_back(
            due, takeable, policy, debt=purse.debt, debt_max=debt_max, expired=dead - lapsed
        )
        self.lapsed[of] = lapsed + back.expired
        for use in back.uses:
            lots[use.lot_id].left -= use.amount
        purse.debt += back.owed
        purse.balance -= back.taken
        return back

    def activate(self, step: Activated) -> None:
        """The points of a purchase are usable from now on, unless they were before."""
        for purse in self.purses.values():
            for lot in purse.lots:
                if lot.purchase_id == step.purchase_id and lot.is_pending(step.at):
                    lot.active_at = step.at


def _climber(ladder: ToldLadder, story: Story) -> Climber:
    moments = (step.at for step in story.steps if isinstance(step, Sale | Joined))
    joined_at = story.joined_at or min(moments, default=datetime.max.replace(tzinfo=UTC))
    return Climber(ladder, joined_at, story.given.get(ladder.code, ()))


def _due(amount: int, step: Returned, before: int) -> int:
    return due_back(
        amount,
        returned_minor=step.returned_minor,
        total_minor=step.total_minor,
        due_before=before,
    )


_TELLS: dict[type, Callable[[_Teller, Any], None]] = {
    Sale: _Teller.sell,
    Joined: _Teller.join,
    Returned: _Teller.take_back,
    Spent: _Teller.spend,
    Unspent: _Teller.unspend,
    Activated: _Teller.activate,
    Moved: _Teller.move,
}


def replay(scheme: Scheme, story: Story, upto: datetime) -> Outcome:
    """What a scheme makes of a person's story, with what is alive at the moment `upto`.

    Pure, and exact: points are whole, and the same functions as on the books do the arithmetic.
    Nobody buys or spends otherwise than they did; where a scheme gives less than was spent, the
    member spends what there is and the rest is counted as `unmet`.
    """
    teller = _Teller(scheme, story)
    for step in story.steps:
        _TELLS[type(step)](teller, step)
    sums = {code: purse.sums(upto) for code, purse in teller.purses.items()}
    tier, moves = teller.tier, teller.tier_moves
    for climber in teller.climbers:
        if climber.ladder.is_main:
            track = climber.brought_to(upto)
            tier, moves = track.tier, len(track.changes)
    return Outcome(story.person_id, teller.visits, tier, moves, sums)
