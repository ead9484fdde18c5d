"""Sittings that nobody comes back to: their end, so that rates count them."""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from regulars.core.jobs import every
from regulars.feedback.actions.sittings import end_sittings, finish_sittings
from regulars.feedback.models import Sitting
from regulars.feedback.rules.dispositions import closed_as

CLOSED_AFTER = timedelta(days=7)
"""For so long a sitting waits for its respondent to come back."""

AT_ONCE = 2000


@every("7 * * * *", queue="bulk")
def close_left_sittings(timestamp: int) -> None:
    """End the sittings that nobody came back to within a week."""
    while close_sittings(now=timezone.now()) == AT_ONCE:
        pass


@transaction.atomic
def close_sittings(*, now: datetime) -> int:
    """End what has rested for a week; how many sittings that were.

    Who had answered enough is put on record with what there is, marked as partial; the others broke
    off or never began.
    """
    rows = Sitting.objects.filter(ended_at__isnull=True, last_at__lte=now - CLOSED_AFTER)
    held = rows.order_by("pk").select_for_update(skip_locked=True)[:AT_ONCE]
    by_end: dict[str, list[int]] = defaultdict(list)
    for pk, disposition in held.values_list("pk", "disposition"):
        by_end[closed_as(disposition)].append(pk)
    partial = by_end.pop("partial", [])
    unfit = [
        one.sitting.pk for one in finish_sittings(partial, now=now, is_partial=True) if one.problems
    ]
    for disposition, ids in {**by_end, "breakoff": by_end.get("breakoff", []) + unfit}.items():
        end_sittings(ids, disposition, now=now)
    return len(partial) + sum(map(len, by_end.values()))
