"""Taking care of unhappy signals."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from regulars.company.models import Employee
from regulars.core.access import seen
from regulars.core.events import publish
from regulars.feedback.actions.following import (
    held_with_followed,
    settle_follow_ups,
    unsettle_follow_ups,
)
from regulars.feedback.events import SignalsResolved
from regulars.feedback.models import Signal


@transaction.atomic
def resolve_signals(signal_ids: Sequence[int], *, employee: Employee, now: datetime) -> int:
    """Note that somebody took care of these signals; how many were still open.

    Signals of stores that the employee may not see stay as they are. The follow-up of an answer may be
    about another of its signals: that one is taken care of with them, and is not counted.
    """
    wanted = held_with_followed(signal_ids)
    rows = seen(Signal, employee).filter(pk__in=wanted, resolved_at__isnull=True).order_by("pk")
    ids = tuple(rows.values_list("pk", flat=True))
    Signal.objects.filter(pk__in=ids).update(resolved_at=now, resolved_by=employee)
    settle_follow_ups(ids, by=employee, now=now)
    if ids:
        publish(SignalsResolved(signal_ids=ids))
    return len(set(ids).intersection(signal_ids))


@transaction.atomic
def reopen_signals(signal_ids: Sequence[int], *, employee: Employee, now: datetime) -> int:
    """Undo of `resolve_signals`: the signals need attention again; how many did change."""
    wanted = held_with_followed(signal_ids)
    rows = seen(Signal, employee).filter(pk__in=wanted, resolved_at__isnull=False).order_by("pk")
    ids = list(rows.values_list("pk", flat=True))
    unsettle_follow_ups(ids, by=employee, now=now)
    Signal.objects.filter(pk__in=ids).update(resolved_at=None, resolved_by=None)
    return len(set(ids).intersection(signal_ids))
