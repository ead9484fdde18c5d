"""How much members may spend now: what limits leave, and whose cards are frozen."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import connection

from regulars.core.sql import int_array
from regulars.loyalty.models import Member
from regulars.loyalty.queries.wallets import Wallet
from regulars.loyalty.rules.guarding import Lately, Room, SpendingLimits, room_within

DAY = timedelta(hours=24)

LATELY = """
    WITH person AS (
        SELECT id, coalesce(led_by_id, id) AS leader_id FROM loyalty_member
        WHERE id = ANY(%(leaders)s::bigint[]) OR led_by_id = ANY(%(leaders)s::bigint[])
    ), spent AS (
        SELECT member_id, unit_id, amount FROM loyalty_redemption
        WHERE member_id IN (SELECT id FROM person) AND hold_id IS NULL
            AND redeemed_at > %(since)s AND undone_at IS NULL
        UNION ALL
        SELECT member_id, unit_id, CASE WHEN outcome = '' THEN amount ELSE captured END
        FROM loyalty_hold WHERE member_id IN (SELECT id FROM person)
            AND held_at > %(since)s AND outcome IN ('', 'captured')
    )
    SELECT person.leader_id, spent.unit_id, count(*), coalesce(sum(spent.amount), 0)::bigint
    FROM spent JOIN person ON person.id = spent.member_id GROUP BY 1, 2
"""


def lately_of(leader_ids: Collection[int], *, now: datetime) -> dict[tuple[int, int], Lately]:
    """By leading member and unit what the person spent and set aside within a day; 1 statement."""
    with connection.cursor() as cursor:
        cursor.execute(LATELY, {"leaders": int_array(leader_ids), "since": now - DAY})
        return {(leader, unit): Lately(*spent) for leader, unit, *spent in cursor.fetchall()}


def rooms_of(wallets: Sequence[Wallet], *, now: datetime) -> dict[tuple[int, int], Room]:
    """By member and unit how many points may be spent now, whatever there is; 2 statements.

    It says what spending would be refused for: the limits of the program, or a frozen card.
    """
    leaders = {one.member.pk: one.member.led_by_id or one.member.pk for one in wallets}
    cards = {*leaders, *leaders.values()}
    rows = Member.objects.filter(pk__in=cards, frozen_at__isnull=False)
    frozen = set(rows.values_list("pk", flat=True))
    limits = {
        one.member.pk: SpendingLimits.model_validate(one.member.program.spending_limits)
        for one in wallets
    }
    looked_at = {leaders[member] for member, limit in limits.items() if limit.look_back}
    lately = lately_of(looked_at, now=now) if looked_at else {}
    rooms = {}
    for wallet in wallets:
        member = wallet.member.pk
        is_frozen = not frozen.isdisjoint({member, leaders[member]})
        for held in wallet.holdings:
            spent = lately.get((leaders[member], held.unit.pk), Lately())
            room = Room(0, "member_is_frozen") if is_frozen else room_within(limits[member], spent)
            rooms[member, held.unit.pk] = room
    return rooms
