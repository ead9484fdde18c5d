"""Holds in two steps: points are set aside, then captured, released, or freed by the clock."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce

from regulars.core.errors import Conflict, Refused
from regulars.core.events import publish
from regulars.core.sql import int_array
from regulars.loyalty.actions.grouping import settle_what_came_back
from regulars.loyalty.actions.guarding import guard_spending
from regulars.loyalty.actions.judging import judge_in_hand
from regulars.loyalty.actions.locking import lock_people, refuse_frozen
from regulars.loyalty.actions.prolonging import prolong_by_spending
from regulars.loyalty.actions.restoring import Giving, Spending, give_back
from regulars.loyalty.actions.sharing import (
    draw_from_household,
    givers_behind,
    lock_spender,
    return_draws,
)
from regulars.loyalty.actions.spending import pot_of, spend_lots, spendable, write_transfer
from regulars.loyalty.events import HoldsEnded, PointsHeld, PointsRedeemed
from regulars.loyalty.models import Account, Hold, Member, Program, Redemption, Unit
from regulars.loyalty.queries.spendings import concerned_by_holds, debts_of, uses_of_holds
from regulars.loyalty.rules.returns import given_back

BATCH = 1_000


@transaction.atomic
def hold_points(
    member: Member,
    amount: int,
    *,
    key: str,
    ends_at: datetime,
    now: datetime,
    unit: str = "",
    store_id: int | None = None,
    employee_id: int | None = None,
) -> Hold:
    """Set points aside until a moment, soonest expiring first: all of them or none.

    Held points count as gone, so a capture never fails for lack of them. The same key again gives
    the hold of the first time; with another member, amount or unit it is a `Conflict`.
    """
    if amount <= 0:
        raise Refused("nothing_to_hold", "the amount must be above zero", "amount")
    held = spendable(member, unit)
    leader_id = lock_spender(member, held)
    if known := _known(key, member, amount, unit=held):
        return known
    if ends_at <= now:
        raise Refused("hold_ends_before_it_begins", "the end must lie ahead", "ends_at")
    name, by = f"hold:{key}", employee_id
    guard_spending(member, leader_id, held, amount=amount, key=name, now=now, by=by)
    account = Account.objects.get(member_id=leader_id, unit=held)
    free_overdue([account.pk], now=now)
    hold = Hold.objects.create(
        key=key,
        member=member,
        unit=held,
        account=account,
        amount=amount,
        store_id=store_id,
        employee_id=employee_id,
        held_at=now,
        ends_at=ends_at,
    )
    cause = f"hold:{hold.pk}"
    draw_from_household(member, leader_id, held, amount, cause=cause, now=now)
    transfer_id = write_transfer(cause, account.pk, pot_of(held, "held"), amount=amount, at=now)
    spend_lots(account.pk, amount, transfer_id=transfer_id, now=now)
    prolong_by_spending(held, account.pk, now=now)
    judge_in_hand(held.program, {leader_id: cause}, now=now)
    publish(PointsHeld(hold_ids=(hold.pk,)))
    return hold


@transaction.atomic
def capture_hold(
    hold: Hold, *, now: datetime, amount: int | None = None, purchase_id: int | None = None
) -> Redemption:
    """Spend what is held, or less of it; the rest goes back into the lots it came from.

    Captured again with the same amount, it gives the same redemption; another amount is a
    `Conflict`. A hold that was released, or whose time is over, is refused.
    """
    asked = hold.amount if amount is None else amount
    if not 0 < asked <= hold.amount:
        words = f"a hold of {hold.amount} captures between 1 and {hold.amount}"
        raise Refused("more_than_held", words, "amount")
    _lock(hold)
    if hold.outcome == "captured":
        if hold.captured != asked:
            raise Conflict("other_content", "this hold was captured with another amount", "amount")
        return Redemption.objects.select_related("unit", "member").get(hold=hold)
    if hold.outcome or hold.ends_at <= now:
        raise Refused("hold_has_ended", "this hold was released or its time is over")
    refuse_frozen([hold.member_id, hold.account.member_id or 0])
    redemption = _redeem(hold, asked, purchase_id=purchase_id, now=now)
    if asked < hold.amount:
        _free([hold], {hold.pk: hold.amount - asked}, now=now)
    _end([hold], "captured", captured=asked, now=now)
    publish(PointsRedeemed(redemption_ids=(redemption.pk,)))
    return redemption


@transaction.atomic
def release_hold(hold: Hold, *, now: datetime) -> Hold:
    """Free what is held, into the lots it came from, with their own expiry; once.

    A hold that was captured is refused; undo its redemption instead.
    """
    _lock(hold)
    if hold.outcome == "captured":
        raise Refused("hold_has_ended", "this hold was captured already")
    if not hold.outcome:
        _free([hold], {hold.pk: hold.amount}, now=now)
        _end([hold], "lapsed" if hold.ends_at <= now else "released", now=now)
    return hold


def lapse_holds(*, now: datetime) -> int:
    """Free the points of all holds whose time is over; gives how many holds that were.

    They were usable before: whoever spends from the account frees them first.
    """
    lapsed = 0
    while freed := _lapse_some(now=now):
        lapsed += freed
    return lapsed


@transaction.atomic
def _lapse_some(*, now: datetime) -> int:
    overdue = Hold.objects.filter(outcome="", ends_at__lte=now).order_by("id")[:BATCH]
    members = {hold.account.member_id or 0 for hold in overdue.select_related("account")}
    _lock_all_behind([hold.pk for hold in overdue], members)
    rows = Hold.objects.filter(outcome="", ends_at__lte=now, account__member__in=members)
    return _lapse(list(rows.select_related("unit__program", "account").order_by("id")), now=now)


def overdue_of(program: Program, customer_ids: Collection[int], *, now: datetime) -> list[int]:
    """The holds of these people whose time is over and which nobody has freed yet."""
    rows = Member.objects.filter(program=program, customer__in=customer_ids)
    leaders = rows.values(leader=Coalesce("led_by", "pk"))
    whose = Q(account__member__in=leaders) | Q(account__member__led_by__in=leaders)
    return list(
        Hold.objects.filter(whose, outcome="", ends_at__lte=now).values_list("pk", flat=True)
    )


def free_overdue(account_ids: Sequence[int], *, now: datetime) -> int:
    """Free the holds of locked accounts whose time is over; gives how many.

    The clock ends them, not a job. Holds that a card made before its record was merged are those
    of the member that leads it now.
    """
    leaders = Account.objects.filter(pk__in=account_ids).values("member")
    whose = Q(account__in=account_ids) | Q(account__member__led_by__in=leaders)
    rows = Hold.objects.filter(whose, outcome="", ends_at__lte=now)
    return _lapse(list(rows.select_related("unit__program", "account").order_by("id")), now=now)


def _lapse(holds: Sequence[Hold], *, now: datetime) -> int:
    if holds:
        _free(holds, {hold.pk: hold.amount for hold in holds}, now=now)
        _end(holds, "lapsed", now=now)
    return len(holds)


def _lock(hold: Hold) -> None:
    """The hold as it is now, with its member and the one whose account it took from locked."""
    _lock_all_behind([hold.pk], {hold.member_id, hold.account.member_id or 0})
    hold.refresh_from_db()


def _lock_all_behind(hold_ids: Sequence[int], member_ids: Collection[int]) -> None:
    """Lock the persons that these members belong to, and whoever's points are in the holds."""
    rows = Member.objects.filter(pk__in=member_ids)
    leaders = rows.values_list(Coalesce("led_by", "pk"), flat=True)
    lock_people({*leaders, *givers_behind(hold_ids=hold_ids)})


def _redeem(hold: Hold, amount: int, *, purchase_id: int | None, now: datetime) -> Redemption:
    redemption = Redemption.objects.create(
        key=f"hold:{hold.pk}",
        hold=hold,
        member=hold.member,
        unit=hold.unit,
        amount=amount,
        worth_minor=hold.unit.worth_of(amount),
        store_id=hold.store_id,
        employee_id=hold.employee_id,
        purchase_id=purchase_id,
        redeemed_at=now,
    )
    write_transfer(
        f"redemption:{redemption.pk}",
        pot_of(hold.unit, "held"),
        pot_of(hold.unit, "redeemed"),
        amount=amount,
        at=now,
        redemption_id=redemption.pk,
    )
    return redemption


def _free(holds: Sequence[Hold], amounts: dict[int, int], *, now: datetime) -> None:
    """Give amounts back into the lots that holds took, those taken last first."""
    ids = [hold.pk for hold in holds]
    uses, debts = uses_of_holds(ids, now=now), debts_of({hold.account_id for hold in holds})
    givings = []
    for hold in holds:
        backs = given_back(uses[hold.pk], amounts[hold.pk], debt=debts[hold.account_id])
        debts[hold.account_id] -= sum([back.repaid for back in backs])
        pot = pot_of(hold.unit, "held")
        source = Spending(hold.pk, None, hold.unit_id, hold.amount, hold.account_id, 0, pot)
        givings.append(Giving(source, f"hold:{hold.pk}:back", "hold", backs, is_hold=True))
    give_back(givings, now=now)
    for program in {hold.unit.program for hold in holds}:
        return_draws(program, [hold.account_id for hold in holds], now=now)
        mine = [hold.pk for hold in holds if hold.unit.program_id == program.pk]
        cause = f"merging:hold:{mine[0]}"
        settle_what_came_back(program, concerned_by_holds(mine), cause=cause, now=now)
    _judge(holds, now=now)


def _judge(holds: Sequence[Hold], *, now: datetime) -> None:
    """What members have in hand has changed; holds of several programs are judged in each."""
    by_program: dict[Program, dict[int, str]] = defaultdict(dict)
    members = Member.objects.in_bulk([hold.account.member_id for hold in holds])
    for hold in holds:
        member = members[hold.account.member_id]
        leader_id = member.led_by_id or member.pk
        by_program[hold.unit.program].setdefault(leader_id, f"hold:{hold.pk}:back")
    for program, causes in by_program.items():
        judge_in_hand(program, causes, now=now)


def _end(holds: Sequence[Hold], outcome: str, *, now: datetime, captured: int = 0) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE loyalty_hold SET outcome = %s, captured = %s, ended_at = %s"
            " WHERE id = ANY(%s::bigint[])",
            [outcome, captured, now, int_array([hold.pk for hold in holds])],
        )
    for hold in holds:
        hold.outcome, hold.captured, hold.ended_at = outcome, captured, now
    publish(HoldsEnded(hold_ids=tuple(hold.pk for hold in holds)))


def _known(key: str, member: Member, amount: int, *, unit: Unit) -> Hold | None:
    known = Hold.objects.filter(key=key).select_related("unit", "account").first()
    if known and (known.member_id, known.amount, known.unit_id) != (member.pk, amount, unit.pk):
        raise Conflict("other_content", "this key was used for another hold", "key")
    return known
