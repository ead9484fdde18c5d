"""Writing to the ledger: transfers, lots, balances and standings of a whole batch at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.backends.utils import CursorWrapper

from regulars.core.sql import cursor_for, int_array, text_array
from regulars.loyalty.actions.tiering import (
    Climb,
    TierMove,
    judge_members,
    move_of,
    write_climbs,
    write_tier_changes,
)
from regulars.loyalty.queries.books import Book, UnitInBook
from regulars.loyalty.rules.earning import Earned
from regulars.loyalty.rules.lots import Use
from regulars.loyalty.rules.returns import TakenBack
from regulars.loyalty.rules.sales import Sale, Standing
from regulars.loyalty.rules.tiers import Way


@dataclass(slots=True)
class MemberState:
    """A locked member while a batch is computed: standing, accounts and balances by unit.

    A member whose record is merged has a leader: what is earned by its card goes to `purse`. Visits
    stay with the record, and count for the person.
    """

    id: int
    customer_id: int
    number: str
    visits: int
    tier: str
    tiers: tuple[str, ...] = ()
    """Tiers on ladders other than the main one."""
    accounts: dict[str, int] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    debts: dict[str, int] = field(default_factory=dict)
    """By unit what is owed, where anything is."""
    leader: "MemberState | None" = None
    led: list["MemberState"] = field(default_factory=list)

    @property
    def purse(self) -> "MemberState":
        """The member whose accounts hold what this one has."""
        return self.leader or self

    def standing(self, qualifying: UnitInBook | None) -> Standing:
        """The person just before the next sale, as the rules see them; asked of a leader."""
        reached = self.balances[qualifying.code] if qualifying else 0
        visits = self.visits + sum([one.visits for one in self.led]) if self.led else self.visits
        return Standing(visits, self.tier, reached, self.tiers)


@dataclass(slots=True)
class Movements:
    """The transfers of a batch, column by column, as they go to the database."""

    keys: list[str] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    amounts: list[int] = field(default_factory=list)
    accruals: list[int | None] = field(default_factory=list)
    rules: list[int | None] = field(default_factory=list)
    ats: list[str] = field(default_factory=list)
    lots: list[str] = field(default_factory=list)
    """For each transfer: when its lot expires, "never", or "" where it makes no lot."""
    activations: list[str | None] = field(default_factory=list)
    """For each transfer: when its lot becomes usable; None while it waits for an event."""
    repaid: list[int] = field(default_factory=list)
    """For each transfer: how much of its lot pays a debt at once."""
    deltas: dict[int, int] = field(default_factory=dict)
    debts: dict[int, int] = field(default_factory=dict)
    uses: list[tuple[str, int, int]] = field(default_factory=list)
    """Key of the transfer, lot and amount of what is taken from lots that were there before."""
    tiers: list[TierMove] = field(default_factory=list)
    climbs: dict[int, list[Climb]] = field(default_factory=dict)
    """By leading member, those whose sales are followed on tracked ladders."""
    unjudged: dict[int, str] = field(default_factory=dict)
    """By leading member, what else happened that tracked ladders have to be judged for."""

    def grant(
        self,
        book: Book,
        member: MemberState,
        earned: Sequence[Earned],
        *,
        cause: str,
        at: datetime,
        accrual_id: int | None = None,
    ) -> dict[str, int]:
        """Move awards from the issued pots to a member; gives the amounts by unit.

        Those of rules that a partner pays for come from the pots of partners. What a member owes is paid first. Points of purchases may be pending for a while.
        """
        by_unit: dict[str, int] = {}
        if not earned:
            return by_unit
        moment = at.isoformat()
        active: str | None = moment
        if accrual_id is not None and book.terms.is_patient:
            active = book.activation_of(at)
        for place, (rule, code, amount, *_) in enumerate(earned, 1):
            unit = book.units[code]
            account = member.accounts[code]
            self.keys.append(f"{cause}:{place}")
            self.sources.append(unit.pots["partner" if rule.mechanic.partner else "issued"])
            self.targets.append(account)
            self.amounts.append(amount)
            self.accruals.append(accrual_id)
            self.rules.append(rule.id)
            self.ats.append(moment)
            self.lots.append(book.life_of(unit, at) if unit.has_lots else "")
            self.activations.append(active)
            self.repaid.append(self._repay(member, code, amount) if member.debts else 0)
            self.deltas[account] = self.deltas.get(account, 0) + amount
            by_unit[code] = by_unit.get(code, 0) + amount
            member.balances[code] += amount
        self.climb(book, member, cause=cause, at=at, is_followed=accrual_id is not None)
        return by_unit

    def _repay(self, member: MemberState, code: str, amount: int) -> int:
        """How much of an amount that comes in pays what the member owes."""
        repaid = min(member.debts.get(code, 0), amount)
        if repaid:
            self._owe(member, code, -repaid)
        return repaid

    def _owe(self, member: MemberState, code: str, more: int) -> None:
        account = member.accounts[code]
        member.debts[code] = member.debts.get(code, 0) + more
        self.debts[account] = self.debts.get(account, 0) + more

    def take_back(
        self,
        book: Book,
        member: MemberState,
        code: str,
        *,
        back: TakenBack,
        key: str,
        at: datetime,
        accrual_id: int,
    ) -> None:
        """Move what a return takes from a member to the reversed pot of its unit."""
        amount = back.taken
        account = member.accounts[code]
        self.keys.append(key)
        self.sources.append(account)
        self.targets.append(book.units[code].pots["reversed"])
        self.amounts.append(amount)
        self.accruals.append(accrual_id)
        self.rules.append(None)
        self.ats.append(at.isoformat())
        self.lots.append("")
        self.activations.append(None)
        self.repaid.append(0)
        self.deltas[account] = self.deltas.get(account, 0) - amount
        self.uses += [(key, use.lot_id, use.amount) for use in back.uses]
        member.balances[code] -= amount
        if back.owed and book.units[code].has_lots:
            self._owe(member, code, back.owed)

    def see(self, member: MemberState, *, at: datetime) -> None:
        """Bring the tiers of a member to where they are at a moment, before its sale is looked at."""
        climbs = self.climbs.get(member.id, ())
        tiers = [(one.ladder.is_main, one.tier_at(at)) for one in climbs]
        member.tier = next((tier for is_main, tier in tiers if is_main), member.tier)
        member.tiers = tuple(tier for is_main, tier in tiers if tier and not is_main)

    def follow(
        self, member: MemberState, sale: Sale, by_unit: dict[str, int], *, cause: str
    ) -> None:
        """Count a sale on the tracked ladders of a member."""
        for one in self.climbs.get(member.id, ()):
            if not one.ladder.counts_sales:
                continue
            one.cause = cause
            one.take(move_of(one.ladder, sale, by_unit), sale.at)
            if one.ladder.is_main:
                member.tier = one.track.tier

    def way_to_next(self, book: Book, member: MemberState) -> Way | None:
        """The next tier on the main ladder and what is missing to it; None at the top."""
        for one in self.climbs.get(member.id, ()):
            if one.ladder.is_main:
                ladder = one.track.judge.ladder
                return ladder.way_from(one.track.tier, one.track.counted)
        return book.ladder.way_to_next(
            member.balances[book.qualifying.code] if book.qualifying else 0
        )

    def bring(
        self,
        member: MemberState,
        code: str,
        amount: int,
        *,
        key: str,
        source: int,
        at: datetime,
        ends: str,
        active_at: datetime | None = None,
    ) -> None:
        """Move an amount to a member, who pays what they owe first; `ends` as in `lots`.

        The source is an account's id; what a member's account loses is for `let_go` to say.
        """
        account = member.accounts[code]
        self._add(key, source, account, amount=amount, at=at)
        self.lots.append(ends)
        self.activations.append((active_at or at).isoformat())
        self.repaid.append(self._repay(member, code, amount))
        self.deltas[account] = self.deltas.get(account, 0) + amount
        member.balances[code] += amount

    def take(
        self,
        member: MemberState,
        code: str,
        amount: int,
        *,
        key: str,
        target: int,
        at: datetime,
        uses: Sequence[Use],
    ) -> None:
        """Move an amount from a member's lots to a pot."""
        account = member.accounts[code]
        self._add(key, account, target, amount=amount, at=at)
        self.lots.append("")
        self.activations.append(None)
        self.repaid.append(0)
        self.uses += [(key, use.lot_id, use.amount) for use in uses]
        self.deltas[account] = self.deltas.get(account, 0) - amount
        member.balances[code] -= amount

    def let_go(self, member: MemberState, code: str, uses: Sequence[tuple[str, Use]]) -> None:
        """Take from a member's lots what transfers of these keys bring to others."""
        account = member.accounts[code]
        self.uses += [(key, use.lot_id, use.amount) for key, use in uses]
        amount = sum([use.amount for _, use in uses])
        self.deltas[account] = self.deltas.get(account, 0) - amount
        member.balances[code] -= amount

    def _add(self, key: str, source: int, target: int, *, amount: int, at: datetime) -> None:
        self.keys.append(key)
        self.sources.append(source)
        self.targets.append(target)
        self.amounts.append(amount)
        self.accruals.append(None)
        self.rules.append(None)
        self.ats.append(at.isoformat())

    def climb(
        self,
        book: Book,
        member: MemberState,
        *,
        cause: str,
        at: datetime,
        is_followed: bool = False,
    ) -> None:
        """Note the tier that the member's qualifying balance now leads to, where it differs."""
        if book.tracked and not is_followed:
            self.unjudged[member.id] = cause
        if book.qualifying is None or not book.is_plain:
            return
        reached = member.balances[book.qualifying.code]
        after = book.ladder.tier_for(reached)
        if after != member.tier:
            self.tiers.append(
                TierMove(member.id, member.customer_id, cause, member.tier, after, reached, at)
            )
            member.tier = after


WRITE_TRANSFERS = """
    WITH given AS (
        SELECT nextval('loyalty_transfer_id_seq') AS id, given.*
        FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
            %s::bigint[], %s::timestamptz[], %s::text[], %s::timestamptz[], %s::bigint[])
            AS given (key, source_id, target_id, amount, accrual_id, rule_id, at, lot, active_from,
                repaid)
    ), transfers AS (
        INSERT INTO loyalty_transfer
            (id, key, source_id, target_id, amount, accrual_id, rule_id, at, recorded_at)
        SELECT id, key, source_id, target_id, amount, accrual_id, rule_id, at, %s::timestamptz
        FROM given
    ), lots AS (
        INSERT INTO loyalty_lot
            (id, account_id, granted, remaining, activates_at, expires_at)
        SELECT id, target_id, amount, amount - repaid, active_from,
            CASE WHEN lot <> 'never' THEN lot::timestamptz END
        FROM given WHERE lot <> ''
    ), members AS (
        UPDATE loyalty_member member SET visits = given.visits, tier_id = given.tier_id
        FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS given (id, visits, tier_id)
        WHERE member.id = given.id
    )
    UPDATE loyalty_account account
    SET balance = account.balance + given.delta, debt = account.debt + given.debt
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS given (id, delta, debt)
    WHERE account.id = given.id
"""

REPAY = """
    INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount)
    SELECT transfer.id, transfer.id, given.amount
    FROM unnest(%s::text[], %s::bigint[]) AS given (key, amount)
    JOIN loyalty_transfer transfer ON transfer.key = given.key
"""

USE_LOTS = """
    WITH given AS (
        SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS given (key, lot_id, amount)
    ), uses AS (
        INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount)
        SELECT given.lot_id, transfer.id, given.amount FROM given
        JOIN loyalty_transfer transfer ON transfer.key = given.key
    )
    UPDATE loyalty_lot lot SET remaining = lot.remaining - used.amount
    FROM (SELECT lot_id, sum(amount) AS amount FROM given GROUP BY lot_id) used
    WHERE lot.id = used.lot_id
"""


def write_movements(
    book: Book, movements: Movements, members: Sequence[MemberState], *, now: datetime
) -> None:
    """Put the transfers of a batch on the books with lots, balances and standings; 1 statement.

    Debts that are paid and lots that pay take one more each, changes of tier two, and the
    timeline its own.
    """
    with cursor_for(len(movements.keys)) as cursor:
        cursor.execute(
            WRITE_TRANSFERS,
            [
                text_array(movements.keys),
                int_array(movements.sources),
                int_array(movements.targets),
                int_array(movements.amounts),
                int_array(movements.accruals),
                int_array(movements.rules),
                text_array(movements.ats),
                text_array(movements.lots),
                text_array(movements.activations),
                int_array(movements.repaid),
                now,
                int_array([member.id for member in members]),
                int_array([member.visits for member in members]),
                int_array([book.tier_ids.get(member.tier) for member in members]),
                int_array(movements.deltas),
                int_array(movements.deltas.values()),
                int_array([movements.debts.get(account, 0) for account in movements.deltas]),
            ],
        )
        _write_uses(cursor, movements)
    if movements.tiers:
        write_tier_changes(book, movements.tiers)
    if book.tracked:
        _judge(book, movements, members, now=now)


def _write_uses(cursor: CursorWrapper, movements: Movements) -> None:
    if any(movements.repaid):
        paid = [pair for pair in zip(movements.keys, movements.repaid, strict=True) if pair[1]]
        keys, amounts = zip(*paid, strict=True)
        cursor.execute(REPAY, [text_array(keys), int_array(amounts)])
    if movements.uses:
        named, lots, taken = zip(*movements.uses, strict=True)
        cursor.execute(USE_LOTS, [text_array(named), int_array(lots), int_array(taken)])


def _judge(
    book: Book, movements: Movements, members: Sequence[MemberState], *, now: datetime
) -> None:
    """Put on record where members stand on tracked ladders; a constant number of statements."""
    followed = movements.climbs.keys() - movements.unjudged.keys()
    climbs = [one for lead in followed for one in movements.climbs[lead]]
    write_climbs(book, [one for one in climbs if one.ladder.counts_sales], now=now)
    judge_members(book, movements.unjudged, now=now)
    others = {one.purse.id: f"held:{one.purse.id}:{now:%Y%m%d%H%M%S%f}" for one in members}
    for lead in movements.unjudged:
        others.pop(lead, None)
    judge_members(book, others, now=now, only_in_hand=True)
