"""Handing points over: from one member to another, lot by lot, with no new life."""

from datetime import datetime, time
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q, Sum

from regulars.core.errors import Conflict, Refused
from regulars.core.events import publish
from regulars.customers.actions.timeline import TimelineNote, note_on_timeline
from regulars.loyalty.actions.holding import free_overdue
from regulars.loyalty.actions.locking import refuse_frozen
from regulars.loyalty.actions.members import lock_members
from regulars.loyalty.actions.moving import Moving, move_lots
from regulars.loyalty.actions.spending import spendable
from regulars.loyalty.actions.writing import MemberState
from regulars.loyalty.events import PointsHandedOver
from regulars.loyalty.models import Handover, Member, Program, Unit
from regulars.loyalty.queries.books import Book, book_of
from regulars.loyalty.queries.reversals import live_lots_of
from regulars.loyalty.rules.lots import taken_in_order


class _Sides(NamedTuple):
    """Who gives and who takes: the members whose accounts hold what each person has."""

    giver: MemberState
    taker: MemberState


@transaction.atomic
def hand_over_points(
    giver: Member, taker: Member, amount: int, *, key: str, now: datetime, unit: str = ""
) -> Handover:
    """Move usable points to another member, soonest expiring first: all of them or none.

    They keep their own dates. What the other member owes is repaid first. `Refused` where the
    program does not allow it or not so many, where a card is frozen, and between the cards of one
    person. The same key again gives the handover of the first time, with other content a
    `Conflict`. Both are locked in the order of their ids, so that two who give to each other wait.
    """
    if taker.program_id != giver.program_id:
        raise Refused("unknown_card", "the program has no such card", "taker")
    program = Program.objects.get(pk=giver.program_id)
    book, moved = book_of(program), spendable(giver, unit)
    sides = _locked(book, giver, taker)
    if known := Handover.objects.filter(key=key).first():
        return _same(known, giver, taker, amount, unit=moved)
    _refuse(program, book, (giver, taker), sides, amount=amount, now=now)
    if free_overdue([sides.giver.accounts[moved.code]], now=now):
        sides = _locked(book, giver, taker)
    made = Handover.objects.create(
        key=key, giver=giver, taker=taker, unit=moved, amount=amount, at=now
    )
    _move(book, sides, made, now=now)
    publish(PointsHandedOver(handover_ids=(made.pk,)))
    _note(program, made)
    return made


def _locked(book: Book, giver: Member, taker: Member) -> _Sides:
    members = lock_members(book, [giver.customer_id, taker.customer_id])
    return _Sides(members[giver.customer_id].purse, members[taker.customer_id].purse)


def _same(known: Handover, giver: Member, taker: Member, amount: int, *, unit: Unit) -> Handover:
    told = (giver.pk, taker.pk, unit.pk, amount)
    if (known.giver_id, known.taker_id, known.unit_id, known.amount) != told:
        raise Conflict("other_content", "this key was used for another handover", "key")
    return known


def _refuse(
    program: Program,
    book: Book,
    cards: tuple[Member, Member],
    sides: _Sides,
    *,
    amount: int,
    now: datetime,
) -> None:
    """Nothing, or `Refused` with why these points may not change hands."""
    most, most_a_day = program.handover_max, program.handover_day_max
    if not most or not most_a_day:
        raise Refused("not_allowed", "this program does not let members give points away")
    if sides.giver.id == sides.taker.id:
        raise Refused("own_card", "both cards belong to one person", "taker")
    if amount <= 0:
        raise Refused("nothing_to_give", "the amount must be above zero", "amount")
    refuse_frozen([*(card.pk for card in cards), sides.giver.id, sides.taker.id])
    if amount > most:
        raise Refused("too_much_at_once", f"at most {most} can be given at once", "amount")
    given = _given_today(book, sides.giver.id, now=now)
    if given + amount > most_a_day:
        words = f"at most {most_a_day} can be given in a day, {given} are given today"
        raise Refused("too_much_today", words, "amount")


def _given_today(book: Book, leader_id: int, *, now: datetime) -> int:
    """What all cards of a person gave away since midnight, in the company's zone."""
    midnight = datetime.combine(now.astimezone(book.zone).date(), time.min, book.zone)
    mine = Member.objects.filter(Q(pk=leader_id) | Q(led_by=leader_id))
    rows = Handover.objects.filter(giver__in=mine, at__gte=midnight, kind="gift")
    return int(rows.aggregate(sum=Sum("amount"))["sum"] or 0)


def _move(book: Book, sides: _Sides, made: Handover, *, now: datetime) -> None:
    code = made.unit.code
    source = sides.giver.accounts[code]
    live = [one for one in live_lots_of([source], now=now).get(source, ()) if not one.is_pending]
    usable = sum(one.remaining for one in live)
    if usable < made.amount:
        raise Refused("not_enough_points", f"only {usable} can be given now", "amount")
    uses = taken_in_order([(one.id, one.remaining) for one in live], made.amount)
    move_lots(book, [Moving(made, sides.giver, sides.taker, uses)], now=now)


def _note(program: Program, made: Handover) -> None:
    note_on_timeline(
        [
            TimelineNote(
                customer_id=member.customer_id,
                at=made.at,
                kind="loyalty.handed_over",
                cause=f"handover:{made.pk}:{side}",
                body={"program": program.code, "unit": made.unit.code, "amount": amount},
            )
            for member, side, amount in (
                (made.giver, "giver", -made.amount),
                (made.taker, "taker", made.amount),
            )
        ]
    )
