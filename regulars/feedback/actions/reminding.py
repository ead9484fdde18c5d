"""Letters to the owners of follow-ups: what is newly theirs, what is due today, what is overdue."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from regulars.channels.actions.employees import write_to_employees
from regulars.channels.queries.employees import EmployeeReader, readers_among, written_keys
from regulars.company.models import Employee
from regulars.company.queries import get_brand
from regulars.company.rules import STORE_ROLES
from regulars.core.jobs import every
from regulars.feedback.actions.follow_up_rules import OWNER_ROLES
from regulars.feedback.models import FollowUp
from regulars.feedback.owner_letters import TOPIC, letter_to_owner
from regulars.feedback.queries.following import ALWAYS
from regulars.feedback.rules.following import Colleague
from regulars.feedback.rules.reminding import day_of_letters, end_of, works_on

OWNERS_AT_ONCE = 200


@every("*/5 * * * *")
def write_to_owners_of_follow_ups(timestamp: int) -> None:
    """Every five minutes by day: owners who have something to read and got no letter today get one."""
    remind_owners(now=timezone.now())


def remind_owners(*, now: datetime) -> int:
    """Write to the owners of follow-ups, each once a day at most; how many letters.

    A letter gathers what its owner was not told of yet, what is due today and what is overdue. It
    says nothing of the customer. Only follow-ups whose clock runs today count, and nothing is
    written at night. Two hundred owners take a constant number of statements in one transaction.
    """
    zone = ZoneInfo(get_brand().timezone)
    day = day_of_letters(now, zone)
    if day is None:
        return 0
    waiting = _waiting(day, until=end_of(day, zone))
    owners = sorted(set(waiting.order_by().values_list("owner", flat=True).distinct()))
    batches = (owners[at : at + OWNERS_AT_ONCE] for at in range(0, len(owners), OWNERS_AT_ONCE))
    return sum(_write(waiting, batch, day=day, now=now, zone=zone) for batch in batches)


@transaction.atomic
def _write(
    waiting: QuerySet[FollowUp], owners: Sequence[int], *, day: date, now: datetime, zone: ZoneInfo
) -> int:
    """Letters and what they told are written together: a crash loses nothing and repeats nothing."""
    readers = _without_letter(readers_among(owners, TOPIC), day)
    found = _by_owner(waiting.filter(owner__in=readers)) if readers else {}
    letters = [
        letter_to_owner(readers[owner], rows, key=_key(owner, day), now=now, zone=zone)
        for owner, rows in found.items()
    ]
    sent = write_to_employees(TOPIC, letters, now=now)
    # A letter of a run at the same moment stands for its key, but says nothing of these.
    fresh = {one.key for one in sent if one.is_accepted and not one.repeated}
    told = [one.pk for owner, rows in found.items() if _key(owner, day) in fresh for one in rows]
    FollowUp.objects.filter(pk__in=told, told_at__isnull=True).update(told_at=now)
    return len(fresh)


def _waiting(day: date, *, until: datetime) -> QuerySet[FollowUp]:
    """Follow-ups about which an owner is to be written to on a day; made-up answers are none."""
    runs = Q(rule__weekdays__contains=[day.weekday()])
    if works_on(day, ALWAYS.week.weekdays):
        runs |= Q(rule__isnull=True)
    rows = FollowUp.objects.exclude(state="closed").filter(
        Q(told_at__isnull=True) | Q(due_at__lt=until),
        runs,
        owner__isnull=False,
        signal__is_set_aside=False,
        signal__sample=False,
    )
    return rows.order_by("due_at", "pk")


def _key(owner_id: int, day: date) -> str:
    return f"feedback.owner:{owner_id}:{day.isoformat()}"


def _without_letter(readers: Mapping[int, EmployeeReader], day: date) -> dict[int, EmployeeReader]:
    """Those of these who got no letter on that day."""
    written = written_keys([_key(one, day) for one in readers])
    return {one: reader for one, reader in readers.items() if _key(one, day) not in written}


def _by_owner(rows: QuerySet[FollowUp]) -> dict[int, Sequence[FollowUp]]:
    """Follow-ups by their owner, locked: those that the owner may see as things are now."""
    held = rows.select_related("signal__store").select_for_update(
        of=("self",), skip_locked=True, no_key=True
    )
    mine: dict[int, list[FollowUp]] = defaultdict(list)
    for one in held:
        assert one.owner_id is not None
        mine[one.owner_id].append(one)
    seen = {one.id: one for one in _colleagues(mine)}
    found = {
        owner: [one for one in theirs if seen[owner].sees(one.signal.store_id)]
        for owner, theirs in mine.items()
        if owner in seen
    }
    return {owner: theirs for owner, theirs in found.items() if theirs}


def _colleagues(owners: Mapping[int, Sequence[FollowUp]]) -> list[Colleague]:
    """Those of the owners who may still take care of answers, with their stores; two statements."""
    people = Employee.objects.filter(pk__in=owners, role__in=OWNER_ROLES).prefetch_related("stores")
    return [
        Colleague(
            one.pk,
            one.role,
            frozenset(store.pk for store in one.stores.all()) if one.role in STORE_ROLES else None,
        )
        for one in people
    ]
