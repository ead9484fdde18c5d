"""Adjustments by hand: points given or taken with a reason; large ones wait for a second person.

Being frozen binds a card, not the company: a frozen member's points can be corrected both ways,
which is how what was lost to fraud is put right.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from regulars.core.errors import Conflict, Refused
from regulars.core.events import publish
from regulars.customers.actions.timeline import TimelineNote, note_on_timeline
from regulars.loyalty.actions.holding import free_overdue
from regulars.loyalty.actions.members import lock_members
from regulars.loyalty.actions.writing import MemberState, Movements, write_movements
from regulars.loyalty.events import AdjustmentsAsked, PointsAdjusted
from regulars.loyalty.models import Adjustment, Member, Program, Transfer
from regulars.loyalty.queries.books import Book, UnitInBook, book_of
from regulars.loyalty.queries.reversals import live_lots_of
from regulars.loyalty.rules.adjusting import needs_second, wrong_in
from regulars.loyalty.rules.lots import taken_in_order


@dataclass(frozen=True)
class AdjustmentInput:
    """Points to give (above zero) or to take (below zero) by hand. `key` names it for ever.

    What is given lives as the unit's rule says, counted from `earned_at` or now, or up to
    `ends_at`. The reasons are those of `rules.adjusting`.
    """

    key: str
    member_id: int
    unit: str
    amount: int
    reason: str
    note: str = ""
    ends_at: datetime | None = None
    earned_at: datetime | None = None


@dataclass(frozen=True)
class Asker:
    """Who asks for adjustments: an employee, a program with its key, or an import by its work."""

    employee_id: int | None = None
    api_key_id: int | None = None
    work_id: int | None = None


@transaction.atomic
def adjust_points(
    program: Program, entries: Sequence[AdjustmentInput], *, asker: Asker, now: datetime
) -> list[Adjustment | Refused]:
    """Give or take points by hand, each entry once by its key; answers in the order of the entries.

    What is taken must be usable now, all of it or none. What a member owes is repaid first. Above
    the program's limit an entry waits for a second person. The same key again gives what was made
    the first time, with other content a `Conflict`. Entries of one member count one after the
    other; the number of statements does not depend on how many there are.
    """
    book = book_of(program)
    members = _customers_of(program, {one.member_id for one in entries})
    lock_members(book, members.values())
    keys = [one.key for one in entries]
    known = {row.key: row for row in Adjustment.objects.filter(key__in=keys)}
    answers: list[Adjustment | Refused] = []
    fresh: list[Adjustment] = []
    for one in entries:
        if one.key in known:
            answers.append(_same(known[one.key], one, book))
            continue
        made = _drafted(program, book, one, members=members, asker=asker, now=now)
        answers.append(made)
        if isinstance(made, Adjustment):
            known[one.key] = made
            fresh.append(made)
    wrong = _make(book, fresh, now=now)
    return [wrong.get(one.key, one) if isinstance(one, Adjustment) else one for one in answers]


@transaction.atomic
def approve_adjustment(adjustment: Adjustment, *, by: int, now: datetime) -> Adjustment:
    """The adjustment that waited, on the books now; again changes nothing.

    Whoever asked for it cannot approve it. Where points to take are gone meanwhile, or the end of
    what is given has passed, it is refused and goes on waiting.
    """
    row = _locked(adjustment)
    if row.state == "done":
        return row
    if row.state == "declined":
        raise Refused("is_declined", "this adjustment was declined")
    if row.asked_by_id == by:
        raise Refused("own_adjustment", "somebody else has to approve it")
    if row.ends_at is not None and row.ends_at <= now:
        raise Refused("has_expired", "its last day has passed", "ends_at")
    row.decided_by_id = by
    for refused in _post(book_of(row.unit.program), [row], now=now).values():
        raise refused
    row.save(update_fields=["state", "decided_by", "decided_at", "transfer"])
    _tell(book_of(row.unit.program), [row])
    return row


@transaction.atomic
def decline_adjustment(adjustment: Adjustment, *, by: int, now: datetime) -> Adjustment:
    """The adjustment, which moves nothing; whoever asked for it may take it back so too."""
    row = _locked(adjustment)
    if row.state == "done":
        raise Refused("is_done", "this adjustment is on the books; adjust the other way instead")
    if row.state == "waiting":
        row.state, row.decided_by_id, row.decided_at = "declined", by, now
        row.save(update_fields=["state", "decided_by", "decided_at"])
    return row


def _locked(adjustment: Adjustment) -> Adjustment:
    rows = Adjustment.objects.select_related("member", "unit__program")
    lock_members(book_of(adjustment.unit.program), [adjustment.member.customer_id])
    return rows.select_for_update(of=("self",), no_key=True).get(pk=adjustment.pk)


def _customers_of(program: Program, member_ids: Collection[int]) -> dict[int, int]:
    """The customers of these members, where they belong to the program."""
    rows = Member.objects.filter(program=program, pk__in=member_ids)
    return dict(rows.values_list("pk", "customer_id"))


def _drafted(
    program: Program,
    book: Book,
    entry: AdjustmentInput,
    *,
    members: Collection[int],
    asker: Asker,
    now: datetime,
) -> Adjustment | Refused:
    unit = book.units.get(entry.unit)
    if unit is None:
        return Refused("unknown_unit", f"the program has no unit {entry.unit!r}", "unit")
    if entry.member_id not in members:
        return Refused("unknown_member", "nobody in the program has this card", "member")
    if wrong := wrong_in(entry.amount, entry.reason, entry.note):
        return Refused(*wrong)
    if refused := wrong_dates(book, unit, entry, now=now):
        return refused
    waits = needs_second(entry.amount, program.adjust_max) and asker.work_id is None
    return Adjustment(
        key=entry.key,
        member_id=entry.member_id,
        unit_id=unit.id,
        amount=entry.amount,
        reason=entry.reason,
        note=entry.note.strip(),
        earned_at=entry.earned_at,
        ends_at=entry.ends_at,
        state="waiting" if waits else "done",
        asked_by_id=asker.employee_id,
        api_key_id=asker.api_key_id,
        work_id=asker.work_id,
        asked_at=now,
    )


def wrong_dates(
    book: Book, unit: UnitInBook, entry: AdjustmentInput, *, now: datetime
) -> Refused | None:
    """Why what is given cannot have been earned then, or end then; None where it can."""
    if entry.ends_at is None and entry.earned_at is None:
        return None
    if entry.amount < 0 or not unit.has_lots:
        return Refused(
            "no_dates_here", "only spendable points that are given have dates", "ends_at"
        )
    if entry.earned_at is not None and entry.earned_at > now:
        return Refused("earned_later", "the day of earning lies ahead", "earned_at")
    ends = _end_of(book, unit, entry.ends_at, entry.earned_at or now)
    if ends != "never" and datetime.fromisoformat(ends) <= now:
        return Refused("has_expired", "these points would be dead already", "ends_at")
    return None


def _end_of(book: Book, unit: UnitInBook, ends_at: datetime | None, earned_at: datetime) -> str:
    return ends_at.isoformat() if ends_at is not None else book.life_of(unit, earned_at)


def _same(row: Adjustment, entry: AdjustmentInput, book: Book) -> Adjustment | Conflict:
    told = (entry.member_id, entry.amount, entry.reason, entry.note.strip(), entry.ends_at)
    kept = (row.member_id, row.amount, row.reason, row.note, row.ends_at)
    unit = book.units.get(entry.unit)
    if told == kept and unit is not None and unit.id == row.unit_id:
        return row
    return Conflict("other_content", "this key was used for another adjustment", "key")


@dataclass
class _Round:
    """What is posted at once; what needs points that this round brings has to wait for the next."""

    book: Book
    members: dict[int, MemberState]
    lots: dict[int, list[tuple[int, int]]]
    movements: Movements = field(default_factory=Movements)
    rows: list[Adjustment] = field(default_factory=list)
    later: list[Adjustment] = field(default_factory=list)
    wrong: dict[str, Refused] = field(default_factory=dict)
    given: set[tuple[int, str]] = field(default_factory=set)

    def add(self, row: Adjustment, *, now: datetime) -> None:
        """Work out what a row moves, or why it cannot."""
        unit = next(one for one in self.book.units.values() if one.id == row.unit_id)
        purse = self.members[row.member_id].purse
        if self.later or (row.amount < 0 and (purse.id, unit.code) in self.given):
            self.later.append(row)
        elif row.amount > 0:
            self.given.add((purse.id, unit.code))
            ends = _end_of(self.book, unit, row.ends_at, row.earned_at or now)
            self._note(row, purse, now=now)
            self.movements.bring(
                purse,
                unit.code,
                row.amount,
                key=f"adjustment:{row.pk}",
                source=unit.pots["adjusted"],
                at=now,
                ends=ends if unit.has_lots else "",
            )
            self.movements.climb(self.book, purse, cause=f"adjustment:{row.pk}", at=now)
        else:
            self._take(row, unit, purse, now=now)

    def _take(
        self, row: Adjustment, unit: UnitInBook, purse: MemberState, *, now: datetime
    ) -> None:
        lots = self.lots.get(purse.accounts[unit.code], [])
        usable = sum(left for _, left in lots) if unit.has_lots else purse.balances[unit.code]
        if usable < -row.amount:
            words = f"only {usable} can be taken now"
            self.wrong[row.key] = Refused("not_enough_points", words, "amount")
            return
        uses = taken_in_order(lots, -row.amount)
        left = dict(lots)
        for use in uses:
            left[use.lot_id] -= use.amount
        self.lots[purse.accounts[unit.code]] = [one for one in left.items() if one[1]]
        self._note(row, purse, now=now)
        self.movements.take(
            purse,
            unit.code,
            -row.amount,
            key=f"adjustment:{row.pk}",
            target=unit.pots["adjusted"],
            at=now,
            uses=uses,
        )
        self.movements.climb(self.book, purse, cause=f"adjustment:{row.pk}", at=now)

    def _note(self, row: Adjustment, purse: MemberState, *, now: datetime) -> None:
        row.state, row.decided_at = "done", now
        self.rows.append(row)


def _make(book: Book, rows: Sequence[Adjustment], *, now: datetime) -> dict[str, Refused]:
    """Put new adjustments down, with what they move; gives the refusals by key."""
    if not rows:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval('loyalty_adjustment_id_seq') FROM generate_series(1, %s)", [len(rows)]
        )
        for row, (number,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = number
    wrong = _post(book, [row for row in rows if row.state == "done"], now=now)
    made = [row for row in rows if row.key not in wrong]
    Adjustment.objects.bulk_create(made, ignore_conflicts=True)
    if Adjustment.objects.filter(pk__in=[row.pk for row in made]).count() < len(made):
        raise Conflict("other_content", "a key was used for another adjustment meanwhile", "key")
    _tell(book, made)
    return wrong


def _post(book: Book, rows: Sequence[Adjustment], *, now: datetime) -> dict[str, Refused]:
    """Move what adjustments say, in their order; gives the refusals by key. Ask with members locked."""
    wrong: dict[str, Refused] = {}
    rest = list(rows)
    while rest:
        scene = _round_of(book, rest, now=now)
        for row in rest:
            scene.add(row, now=now)
        wrong |= scene.wrong
        if scene.rows:
            write_movements(book, scene.movements, list(scene.members.values()), now=now)
            _link(scene.rows)
        rest = scene.later
    return wrong


def _round_of(book: Book, rows: Sequence[Adjustment], *, now: datetime) -> _Round:
    """The members and lots as they are now; holds whose time is over are freed before."""
    customers = Member.objects.filter(pk__in={row.member_id for row in rows})
    ids = list(customers.values_list("customer_id", flat=True))
    members = lock_members(book, ids)
    taking = {row.member_id for row in rows if row.amount < 0}
    accounts = [
        account
        for one in members.values()
        if one.id in taking
        for account in one.purse.accounts.values()
    ]
    if accounts and free_overdue(accounts, now=now):
        members = lock_members(book, ids)
    lots = live_lots_of(accounts, now=now) if accounts else {}
    return _Round(
        book,
        {one.id: one for one in members.values()},
        {
            account: [(lot.id, lot.remaining) for lot in held if not lot.is_pending]
            for account, held in lots.items()
        },
    )


def _link(rows: Sequence[Adjustment]) -> None:
    """Say which transfer each adjustment made; 1 statement."""
    keys = {f"adjustment:{row.pk}": row for row in rows}
    for key, id_ in Transfer.objects.filter(key__in=keys).values_list("key", "pk"):
        keys[key].transfer_id = id_


def _tell(book: Book, rows: Sequence[Adjustment]) -> None:
    """Tell who listens, and note what was moved on the timelines."""
    done = [row for row in rows if row.state == "done"]
    waiting = [row for row in rows if row.state == "waiting"]
    if waiting:
        ids = tuple(row.pk for row in waiting)
        publish(AdjustmentsAsked(program_id=book.program_id, adjustment_ids=ids))
    if not done:
        return
    publish(PointsAdjusted(program_id=book.program_id, adjustment_ids=tuple(r.pk for r in done)))
    units = {unit.id: unit.code for unit in book.units.values()}
    owners = _customers_of_rows(done)
    note_on_timeline(
        [
            TimelineNote(
                customer_id=owners[row.member_id],
                at=row.decided_at or row.asked_at,
                kind="loyalty.adjusted",
                cause=f"adjustment:{row.pk}",
                body={
                    "program": book.code,
                    "unit": units[row.unit_id],
                    "amount": row.amount,
                    "reason": row.reason,
                },
            )
            for row in done
        ]
    )


def _customers_of_rows(rows: Sequence[Adjustment]) -> dict[int, int]:
    members = Member.objects.filter(pk__in={row.member_id for row in rows})
    return dict(members.values_list("pk", "customer_id"))
