"""Locks of single members, and who may not spend."""

from collections.abc import Collection

from django.db import connection

from regulars.core.errors import Refused
from regulars.core.sql import cursor_for, int_array, text_array
from regulars.loyalty.models import Member


def lock_leader(member_id: int) -> int:
    """The member whose accounts this one spends from, locked with all that it leads.

    It may change while we wait.
    """
    rows = Member.objects.filter(pk=member_id)
    while True:
        known = rows.values_list("led_by_id", flat=True).get() or member_id
        lock_people({known})
        if (rows.values_list("led_by_id", flat=True).get() or member_id) == known:
            return known


def lock_people(leader_ids: Collection[int]) -> None:
    """Lock these leading members with all that they lead, in the order of their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM loyalty_member WHERE id = ANY(%s::bigint[])"
            " OR led_by_id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE",
            [int_array(leader_ids), int_array(leader_ids)],
        )


def lock_all(member_ids: Collection[int | None]) -> None:
    """Lock these members in the order of their ids, so that nobody waits in a circle."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM loyalty_member WHERE id = ANY(%s::bigint[])"
            " ORDER BY id FOR NO KEY UPDATE",
            [int_array(member_ids)],
        )


def lock_names(kind: str, names: Collection[str]) -> None:
    """Have whoever writes under one of these names come one after the other, until the end.

    For what is not there yet no row can be locked: a receipt and its cancelling, or two payments
    of one key, at two tills at once.
    """
    with cursor_for(len(names)) as cursor:
        cursor.execute(
            """SELECT pg_advisory_xact_lock(name) FROM (
                SELECT DISTINCT hashtextextended(%s::text || chr(31) || name, 7) AS name
                FROM unnest(%s::text[]) AS given (name) ORDER BY 1
            ) AS names""",
            [kind, text_array(names)],
        )


def refuse_frozen(member_ids: Collection[int]) -> None:
    """Nothing, or `Refused` with the reason why the points of one of these may not be spent."""
    frozen = Member.objects.filter(pk__in=member_ids, frozen_at__isnull=False).first()
    if frozen is not None:
        reason = frozen.frozen_reason or "the card is frozen"
        raise Refused("member_is_frozen", reason, "member")
