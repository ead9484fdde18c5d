"""Watches: who did more than usual within some hours raises an alarm, and may be frozen by it."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from regulars.core.errors import Refused
from regulars.core.events import publish
from regulars.core.sql import int_array
from regulars.loyalty.actions.guarding import freeze_members
from regulars.loyalty.events import AlarmsRaised
from regulars.loyalty.models import Alarm, Program, Watch
from regulars.loyalty.models.guarding import COUNTED

COUNTS = {
    "purchases": """SELECT member_id, 1 AS amount FROM loyalty_accrual
        WHERE member_id IN (SELECT id FROM cards) AND at > %(since)s AND reversed_at IS NULL""",
    "earned": """SELECT accrual.member_id, transfer.amount FROM loyalty_accrual accrual
        JOIN loyalty_transfer transfer ON transfer.accrual_id = accrual.id
            AND transfer.key LIKE 'accrual:%%'
        JOIN loyalty_account target ON target.id = transfer.target_id
        JOIN loyalty_unit unit ON unit.id = target.unit_id AND unit.kind <> 'qualifying'
        WHERE accrual.member_id IN (SELECT id FROM cards) AND accrual.at > %(since)s""",
    "redemptions": """SELECT member_id, 1 AS amount FROM loyalty_redemption
        WHERE member_id IN (SELECT id FROM cards) AND redeemed_at > %(since)s
            AND undone_at IS NULL""",
    "redeemed": """SELECT member_id, amount FROM loyalty_redemption
        WHERE member_id IN (SELECT id FROM cards) AND redeemed_at > %(since)s
            AND undone_at IS NULL""",
}
"""By what a watch counts, the rows that count towards it."""

OVER = """
    WITH persons AS (
        SELECT DISTINCT coalesce(led_by_id, id) AS id FROM loyalty_member
        WHERE id = ANY(%(members)s::bigint[]) AND program_id = %(program)s
    ), cards AS (
        SELECT member.id, persons.id AS lead_id, member.employee_id FROM persons
        JOIN loyalty_member member ON member.id = persons.id OR member.led_by_id = persons.id
    )
    SELECT cards.lead_id, sum(counted.amount)::bigint FROM cards
    JOIN ({counted}) counted ON counted.member_id = cards.id
    GROUP BY cards.lead_id
    HAVING sum(counted.amount) > %(most)s
        AND (NOT %(staff_only)s OR bool_or(cards.employee_id IS NOT NULL))
    ORDER BY cards.lead_id
"""


@dataclass(frozen=True)
class WatchInput:
    """A watch: more than `most` of what it `counts` within `hours` raises an alarm."""

    counts: str
    most: int
    hours: int
    staff_only: bool = False
    freezes: bool = False
    is_on: bool = True


@transaction.atomic
def set_watch(program: Program, code: str, entry: WatchInput) -> Watch:
    """The watch of that code, made or changed; it looks at what happens from now on."""
    if entry.counts not in COUNTED:
        words = f"a watch counts one of {', '.join(COUNTED)}"
        raise Refused("unknown_count", words, "counts")
    if not 0 < entry.hours <= 24 * 31:
        raise Refused("bad_hours", "a watch looks back between 1 and 744 hours", "hours")
    if not 0 < entry.most <= 10**12:
        raise Refused("bad_number", "the number must be above zero", "most")
    watch, _made = Watch.objects.update_or_create(program=program, code=code, defaults=vars(entry))
    return watch


def look_at(program_id: int, member_ids: Collection[int], *, now: datetime) -> list[Alarm]:
    """Raise alarms about members who did something just now; one statement for each watch.

    Of several cards of one person all count together. While an alarm is open the same watch
    raises no other about the person.
    """
    raised = []
    for watch in Watch.objects.filter(program_id=program_id, is_on=True).order_by("id"):
        told: dict[str, str | int | bool | datetime] = {
            "members": int_array(member_ids),
            "program": program_id,
            "since": now - timedelta(hours=watch.hours),
            "most": watch.most,
            "staff_only": watch.staff_only,
        }
        with connection.cursor() as cursor:
            cursor.execute(OVER.format(counted=COUNTS[watch.counts]), told)
            over = dict(cursor.fetchall())
        if over:
            raised += _raise(watch, over, now=now)
    return raised


@transaction.atomic
def _raise(watch: Watch, over: dict[int, int], *, now: datetime) -> list[Alarm]:
    known = Alarm.objects.filter(watch=watch, member__in=over)
    rows = [
        Alarm(watch=watch, member_id=id_, found=found, most=watch.most, hours=watch.hours, at=now)
        for id_, found in over.items()
    ]
    before = set(known.filter(state="open").values_list("member_id", flat=True))
    # Whoever was found harmless is not asked about the same hours again.
    since = now - timedelta(hours=watch.hours)
    before |= set(known.filter(decided_at__gt=since).values_list("member_id", flat=True))
    Alarm.objects.bulk_create(
        [row for row in rows if row.member_id not in before], ignore_conflicts=True
    )
    made = list(known.filter(state="open", at=now).exclude(member__in=before).order_by("id"))
    if made and watch.freezes:
        words = f"more than {watch.most} {watch.counts} within {watch.hours} hours"
        freeze_members([alarm.member_id for alarm in made], reason=words, now=now)
    if made:
        publish(AlarmsRaised(alarm_ids=tuple(alarm.pk for alarm in made)))
    return made


@transaction.atomic
def decide_alarm(
    alarm: Alarm, state: str, *, note: str = "", employee_id: int | None, now: datetime
) -> Alarm:
    """Say of an alarm that it was `harmless` or `fraud`; decided again with the same it stays so.

    Fraud freezes the card; harmless does not thaw it, for there may be other reasons.
    """
    if state not in {"harmless", "fraud"}:
        raise Refused("unknown_decision", "an alarm is harmless or fraud", "state")
    row = Alarm.objects.select_for_update().select_related("member").get(pk=alarm.pk)
    if row.state == "open":
        row.state, row.note, row.decided_at, row.decided_by_id = state, note, now, employee_id
        row.save(update_fields=["state", "note", "decided_at", "decided_by"])
        if state == "fraud":
            freeze_members([row.member_id], reason=note or "fraud was found", now=now)
    elif row.state != state:
        raise Refused("decided_before", f"it was decided before: {row.state}", "state")
    return row


def members_of_program(pairs: Collection[tuple[int, int]]) -> dict[int, set[int]]:
    """Members by program, of pairs of both."""
    found: dict[int, set[int]] = defaultdict(set)
    for program_id, member_id in pairs:
        found[program_id].add(member_id)
    return found
