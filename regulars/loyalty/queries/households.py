"""Households: who is in which, and what each may spend of what the others have."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from regulars.core.sql import int_array
from regulars.customers.queries.matches import household_mates
from regulars.loyalty.models import Household, Member, Seat
from regulars.loyalty.rules.households import HouseholdRules, SharedLot, shared_part

SEATS = """
    SELECT mine.asked, seat.household_id, seat.member_id, coalesce(member.led_by_id, member.id),
        member.customer_id, seat.member_id = household.head_id,
        member.frozen_at IS NOT NULL OR leader.frozen_at IS NOT NULL
    FROM (
        SELECT own.asked, (array_agg(seat.household_id ORDER BY seat.joined_at, seat.id))[1]
            AS household_id
        FROM unnest(%s::bigint[]) AS own (asked)
        JOIN loyalty_member card ON card.id = own.asked OR card.led_by_id = own.asked
        JOIN loyalty_seat seat ON seat.member_id = card.id AND seat.state = 'in'
        JOIN loyalty_household household ON household.id = seat.household_id
            AND household.closed_at IS NULL
        GROUP BY own.asked
    ) mine
    JOIN loyalty_household household ON household.id = mine.household_id
    JOIN loyalty_seat seat ON seat.household_id = household.id AND seat.state = 'in'
    JOIN loyalty_member member ON member.id = seat.member_id
    JOIN loyalty_member leader ON leader.id = coalesce(member.led_by_id, member.id)
    ORDER BY mine.asked, seat.joined_at, seat.id
"""

LOTS = """
    SELECT lot.id, lot.account_id, account.member_id, account.unit_id, lot.granted, lot.remaining,
        lot.expires_at, coalesce(lot.origin_id, lot.id), coalesce(came.kind IN ('back', 'draw'), false),
        coalesce((SELECT sum(use.amount)::bigint FROM loyalty_lotuse use
            JOIN loyalty_lot made ON made.id = use.transfer_id
            JOIN loyalty_handover drew ON drew.id = made.handover_id AND drew.kind = 'draw'
            WHERE use.lot_id = lot.id), 0)
    FROM loyalty_account account
    JOIN loyalty_lot lot ON lot.account_id = account.id AND lot.remaining > 0
        AND lot.activates_at <= %(now)s AND (lot.expires_at IS NULL OR lot.expires_at > %(now)s)
    LEFT JOIN loyalty_handover came ON came.id = lot.handover_id
    WHERE account.member_id = ANY(%(members)s::bigint[])
"""


@dataclass(frozen=True)
class Place:
    """A member in a household: by which card, and which leading member has its points."""

    household_id: int
    member_id: int
    leader_id: int
    customer_id: int
    is_head: bool
    is_frozen: bool


@dataclass(frozen=True)
class Circle:
    """The household of one person, as that person may spend from it."""

    household_id: int
    leader_id: int
    rules: HouseholdRules
    places: tuple[Place, ...]

    @property
    def may_spend(self) -> bool:
        """Whether this person may spend what the others have."""
        mine = [one for one in self.places if one.leader_id == self.leader_id]
        return self.rules.spends == "all" or any(one.is_head for one in mine)

    @property
    def givers(self) -> dict[int, Place]:
        """By leading member, the others whose points this person may spend."""
        found: dict[int, Place] = {}
        for one in self.places if self.may_spend else ():
            shares = self.rules.earns == "all" or one.is_head
            if shares and not one.is_frozen and one.leader_id != self.leader_id:
                found.setdefault(one.leader_id, one)
        return found


def circles_of(
    leader_ids: Collection[int], rules: Mapping[int, HouseholdRules]
) -> dict[int, Circle]:
    """By leading member the household it is in, for those that are in one; 1 statement.

    `rules` are those of each leading member's program. A person whose records were in two
    households is in the one that was joined first.
    """
    if not leader_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(SEATS, [int_array(leader_ids)])
        places: dict[int, list[Place]] = defaultdict(list)
        for asked, *place in cursor.fetchall():
            places[asked].append(Place(*place))
    return {
        asked: Circle(found[0].household_id, asked, rules[asked], tuple(found))
        for asked, found in places.items()
    }


def rules_of(rules: Mapping[str, object]) -> HouseholdRules | None:
    """What a program says of households; None where points are not shared."""
    return HouseholdRules.model_validate(rules) if rules else None


@dataclass(frozen=True)
class FoundLot:
    """A usable lot of somebody in a household, with all that decides what others may take."""

    shared: SharedLot
    leader_id: int
    unit_id: int


def shared_lots(circles: Collection[Circle], *, now: datetime) -> dict[int, list[FoundLot]]:
    """By leading member the lots it may spend now: its own, and its part of the others'.

    What is shown and what is spent come from here; 1 statement.
    """
    wanted = {id_ for one in circles for id_ in (one.leader_id, *one.givers)}
    by_leader: dict[int, list[_Row]] = defaultdict(list)
    if wanted:
        with connection.cursor() as cursor:
            cursor.execute(LOTS, {"members": int_array(wanted), "now": now})
            for row in map(_Row._make, cursor.fetchall()):
                by_leader[row.leader_id].append(row)
    return {
        one.leader_id: [
            found
            for leader_id in (one.leader_id, *one.givers)
            for row in by_leader[leader_id]
            if (found := _found(row, one)).shared.usable
        ]
        for one in circles
    }


class _Row(NamedTuple):
    """An open lot as `LOTS` gives it; `drawn` is what others have drawn from it."""

    id: int
    account_id: int
    leader_id: int
    unit_id: int
    granted: int
    remaining: int
    ends_at: datetime | None
    age: int
    is_back: bool
    drawn: int


def _found(row: _Row, circle: Circle) -> FoundLot:
    is_own = row.leader_id == circle.leader_id
    usable = row.remaining
    if not is_own:
        # What came back of a draw was the household's before.
        share = 100 if row.is_back else circle.rules.share_percent
        drawn = 0 if row.is_back else row.drawn
        usable = shared_part(row.granted, row.remaining, share_percent=share, drawn=drawn)
    shared = SharedLot(row.id, row.account_id, usable, row.ends_at, row.age, is_own)
    return FoundLot(shared, row.leader_id, row.unit_id)


def circles_around(members: Sequence[Member]) -> dict[int, Circle]:
    """By leading member the households of these members, with `program` loaded, where points are shared.

    One statement, and none where no program shares points.
    """
    rules = {
        member.led_by_id or member.pk: found
        for member in members
        if (found := rules_of(member.program.household_rules)) is not None
    }
    return circles_of(rules, rules)


def shared_with(circles: Mapping[int, Circle], *, now: datetime) -> dict[tuple[int, int], int]:
    """By leading member and unit, what others of its household have that it may spend now.

    One statement. Who owes spends nothing of the others; that is for the caller to see.
    """
    sums: dict[tuple[int, int], int] = defaultdict(int)
    for leader_id, lots in shared_lots(circles.values(), now=now).items():
        for lot in lots:
            if not lot.shared.is_own:
                sums[leader_id, lot.unit_id] += lot.shared.usable
    return dict(sums)


def household_of(member: Member) -> Household | None:
    """The household that a member's person is in; None where in none."""
    circle = circles_of([leader := member.led_by_id or member.pk], {leader: HouseholdRules()})
    ids = [one.household_id for one in circle.values()]
    rows = Household.objects.filter(pk__in=ids).select_related("program", "head__customer")
    return rows.first()


def seats_of(household: Household, *states: str) -> list[Seat]:
    """The seats of a household in these states, the oldest first; without states those taken."""
    rows = Seat.objects.filter(household=household, state__in=states or ("in",))
    return list(rows.select_related("member__customer", "member__program").order_by("id"))


def neighbours_of(household: Household, *, limit: int = 10) -> list[Member]:
    """Members whom the records know as one household with somebody in this one; 2 statements.

    They may be invited; that people share a phone or an address invites nobody by itself.
    """
    seats = seats_of(household, "in", "invited")
    mates = household_mates([one.member.customer_id for one in seats])
    taken = Seat.objects.filter(state="in", household__closed_at=None).values("member")
    rows = Member.objects.filter(program=household.program_id, customer__in=mates)
    rows = rows.exclude(pk__in=[one.member_id for one in seats]).exclude(pk__in=taken)
    return list(rows.select_related("customer").order_by("id")[:limit])


def invitations_of(member: Member) -> list[Seat]:
    """The open invitations of a card, the newest first."""
    rows = Seat.objects.filter(member=member, state="invited", household__closed_at=None)
    return list(rows.select_related("household__head__customer").order_by("-id"))
