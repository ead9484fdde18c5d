"""Households: members share their points by invitation and acceptance, with one at the head."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from pydantic import ValidationError

from regulars.core.errors import Refused
from regulars.core.events import publish
from regulars.loyalty.actions.locking import lock_people
from regulars.loyalty.actions.members import lock_members
from regulars.loyalty.actions.moving import Moving, move_lots
from regulars.loyalty.actions.reminding import send_letters
from regulars.loyalty.events import MembersInvited
from regulars.loyalty.letters import letter_of_invitation
from regulars.loyalty.models import Handover, Household, Member, Program, Seat, Unit
from regulars.loyalty.queries.books import book_of
from regulars.loyalty.queries.households import (
    Circle,
    circles_of,
    household_of,
    rules_of,
    seats_of,
    shared_lots,
)
from regulars.loyalty.rules.households import HouseholdRules
from regulars.loyalty.rules.lots import Use


@transaction.atomic
def set_household_rules(program: Program, told: dict[str, Any] | None) -> Program:
    """Have members of a program share their points by these rules; None: nobody shares any more.

    In force at once, also for households that are there; see `HouseholdRules`. `Refused` names the
    field that makes no sense.
    """
    try:
        rules = None if told is None else HouseholdRules.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        raise Refused("bad_rules", first["msg"], str(first["loc"][0])) from error
    program.household_rules = rules.model_dump(mode="json") if rules else {}
    program.save(update_fields=["household_rules"])
    return program


@transaction.atomic
def start_household(head: Member, *, now: datetime) -> Household:
    """A household with this member at its head; who is at the head of one already has that one.

    `Refused` where the program shares no points, or the member is in another's household.
    """
    _rules(head.program)
    lock_people([head.led_by_id or head.pk])
    known = household_of(head)
    if known is not None and known.head_id == head.pk:
        return known
    _refuse_taken(known)
    made = Household.objects.create(program_id=head.program_id, head=head, made_at=now)
    Seat.objects.create(household=made, member=head, state="in", invited_at=now, joined_at=now)
    return made


@transaction.atomic
def invite_member(household: Household, member: Member, *, now: datetime) -> Seat:
    """An invitation that the member accepts or declines; asked again, it is the same one.

    `Refused` where the household is closed or full, and where the member is of another program or
    in a household already.
    """
    household = _locked(household)
    rules = _rules(household.program)
    if member.program_id != household.program_id:
        raise Refused("unknown_card", "the program has no such card", "card")
    taken = seats_of(household, "in", "invited")
    if known := next((one for one in taken if one.member_id == member.pk), None):
        return known
    _refuse_taken(household_of(member))
    if len(taken) >= rules.members_max:
        raise Refused("household_is_full", f"at most {rules.members_max} are together", "card")
    seat = Seat.objects.create(household=household, member=member, invited_at=now)
    publish(MembersInvited(household_id=household.pk, seat_ids=(seat.pk,)))
    return seat


def write_invitations(seat_ids: Collection[int], *, now: datetime) -> int:
    """Write to those who are invited and have not answered; gives how many letters go out.

    Through the one door: who did not agree to hear of the program gets none, and finds the
    invitation on the card. Written again, nothing more goes out.
    """
    rows = Seat.objects.filter(pk__in=seat_ids, state="invited").order_by("pk")
    rows = rows.select_related("household__head__customer", "member__customer", "member__program")
    return send_letters([letter_of_invitation(row) for row in rows], now=now)


@transaction.atomic
def accept_invitation(seat: Seat, *, now: datetime) -> Seat:
    """The member shares points with the household from now on; once.

    `Refused` where the invitation was declined or withdrawn, and where the member has joined
    another household meanwhile.
    """
    household = _locked(seat.household)
    seat = Seat.objects.select_related("member__program", "household").get(pk=seat.pk)
    if seat.state == "in":
        return seat
    if seat.state != "invited":
        raise Refused("invitation_is_over", "this invitation is over", "seat")
    _rules(household.program)
    leaders = {one.member.led_by_id or one.member.pk for one in [seat, *seats_of(household)]}
    lock_people(leaders)
    _refuse_taken(household_of(seat.member))
    Seat.objects.filter(member=seat.member, state="in").update(state="left", ended_at=now)
    seat.state, seat.joined_at = "in", now
    seat.save(update_fields=["state", "joined_at"])
    return seat


@transaction.atomic
def decline_invitation(seat: Seat, *, now: datetime) -> Seat:
    """An invitation that is over, declined by the member or withdrawn by the head; once.

    `Refused` where it was accepted: then the member leaves.
    """
    _locked(seat.household)
    seat = Seat.objects.get(pk=seat.pk)
    if seat.state in ("in", "left"):
        raise Refused("invitation_is_over", "this invitation was accepted", "seat")
    if seat.state == "invited":
        seat.state, seat.ended_at = "declined", now
        seat.save(update_fields=["state", "ended_at"])
    return seat


@transaction.atomic
def leave_household(seat: Seat, *, now: datetime) -> Seat:
    """The member shares nothing any more, by its own wish or the head's; once.

    What was not spent goes along, or where the program says so its shared part stays with the head.
    The head of others hands the household on first, or closes it; alone, leaving closes it.
    """
    household = _locked(seat.household)
    seat = Seat.objects.select_related("member__program").get(pk=seat.pk)
    if seat.state == "left":
        return seat
    if seat.state != "in":
        raise Refused("not_in_household", "this member is not in the household", "seat")
    if seat.member_id == household.head_id:
        if len(seats_of(household)) > 1:
            raise Refused("head_stays", "hand the household on first, or close it", "seat")
        close_household(household, now=now)
        return Seat.objects.get(pk=seat.pk)
    lock_people({one.member.led_by_id or one.member.pk for one in seats_of(household)})
    rules = rules_of(household.program.household_rules)
    if rules is not None and rules.leaving == "stay":
        _leave_behind(household, seat, rules, now=now)
    _end([seat], now=now)
    return Seat.objects.get(pk=seat.pk)


@transaction.atomic
def hand_on_household(household: Household, member: Member) -> Household:
    """Another of its members is at the head from now on; `Refused` for who is not in it."""
    household = _locked(household)
    if not Seat.objects.filter(household=household, member=member, state="in").exists():
        raise Refused("not_in_household", "this member is not in the household", "card")
    household.head = member
    household.save(update_fields=["head"])
    return household


@transaction.atomic
def close_household(household: Household, *, now: datetime) -> Household:
    """Nobody shares here any more; each keeps what was not spent, and no points move. Once."""
    household = Household.objects.select_for_update(of=("self",)).get(pk=household.pk)
    if household.closed_at is None:
        lock_people({one.member.led_by_id or one.member.pk for one in seats_of(household)})
        _end(seats_of(household, "in", "invited"), now=now)
        household.closed_at = now
        household.save(update_fields=["closed_at"])
    return household


@transaction.atomic
def part_with_erased(customer_ids: Collection[int], *, now: datetime) -> int:
    """Who was erased shares nothing any more; gives how many seats that ended.

    What they have goes along. A household whose head they were goes to the member who has been
    there longest, or is closed where there is none.
    """
    seats = Seat.objects.filter(
        member__customer__in=customer_ids,
        state__in=("in", "invited"),
        household__closed_at=None,
    )
    ended = list(seats.select_related("household", "member").order_by("household_id", "id"))
    left = []
    for seat in ended:
        if seat.member_id == seat.household.head_id:
            others = [
                one
                for one in seats_of(seat.household)
                if one.member.customer_id not in customer_ids
            ]
            if not others:
                close_household(seat.household, now=now)
                continue
            hand_on_household(seat.household, others[0].member)
        left.append(seat)
    _end(left, now=now)
    return len(ended)


def _rules(program: Program) -> HouseholdRules:
    rules = rules_of(program.household_rules)
    if rules is None:
        raise Refused("not_shared", "this program does not let members share points", "program")
    return rules


def _locked(household: Household) -> Household:
    """The household as it is now, with its row locked; `Refused` where it is closed."""
    rows = Household.objects.select_related("program").select_for_update(of=("self",))
    found = rows.get(pk=household.pk)
    if found.closed_at is not None:
        raise Refused("household_is_closed", "this household is closed", "household")
    return found


def _refuse_taken(household: Household | None) -> None:
    if household is not None:
        raise Refused("in_another_household", "this member is in a household already", "card")


def _end(seats: Collection[Seat], *, now: datetime) -> None:
    for before, after in (("in", "left"), ("invited", "declined")):
        ids = [one.pk for one in seats if one.state == before]
        if ids:
            Seat.objects.filter(pk__in=ids).update(state=after, ended_at=now)


def _leave_behind(
    household: Household, seat: Seat, rules: HouseholdRules, *, now: datetime
) -> None:
    """Give the shared part of what a member has to the head, lot by lot with its dates."""
    head = household.head.led_by_id or household.head_id
    leaver = seat.member.led_by_id or seat.member_id
    circle: Circle | None = circles_of([head], {head: rules}).get(head)
    if circle is None or leaver not in circle.givers:
        return
    book = book_of(household.program)
    states = lock_members(book, [household.head.customer_id, seat.member.customer_id])
    giver, taker = (states[one.customer_id].purse for one in (seat.member, household.head))
    uses: dict[int, list[Use]] = defaultdict(list)
    for one in shared_lots([circle], now=now)[head]:
        if one.leader_id == leaver:
            uses[one.unit_id].append(Use(one.shared.id, one.shared.usable))
    made = Handover.objects.bulk_create(
        Handover(
            key=f"household:stay:{seat.pk}:{unit.pk}",
            giver=seat.member,
            taker=household.head,
            unit=unit,
            amount=sum(use.amount for use in uses[unit.pk]),
            at=now,
            kind="stay",
            household=household,
        )
        for unit in Unit.objects.filter(pk__in=uses).order_by("id")
    )
    if made:
        move_lots(book, [Moving(one, giver, taker, uses[one.unit_id]) for one in made], now=now)
