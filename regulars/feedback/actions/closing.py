"""Sittings that nobody comes back to: their end, so that rates count them."""

import logging
from collections import defaultdict
from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.utils import timezone

from regulars.core.jobs import every
from regulars.feedback.actions.answered import end_answered
from regulars.feedback.actions.sittings import end_sittings, finish_sittings
from regulars.feedback.models import Sitting
from regulars.feedback.rules.dispositions import closed_as

_log = logging.getLogger(__name__)

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
    off or never began. What cannot be finished at all breaks off, too, and says why. Whose
    invitation was answered elsewhere ends with that answer.
    """
    rows = Sitting.objects.filter(ended_at__isnull=True, last_at__lte=now - CLOSED_AFTER)
    elsewhere = rows.filter(invitation__answered_at__isnull=False)
    end_answered(elsewhere.order_by("pk").values_list("invitation", flat=True)[:AT_ONCE], now=now)
    held = rows.order_by("pk").select_for_update(skip_locked=True)[:AT_ONCE]
    by_end: dict[str, list[int]] = defaultdict(list)
    for pk, disposition in held.values_list("pk", "disposition"):
        by_end[closed_as(disposition)].append(pk)
    partial = by_end.pop("partial", [])
    unfit, broken = _finish(partial, now=now)
    for disposition, ids in {**by_end, "breakoff": by_end.get("breakoff", []) + unfit}.items():
        end_sittings(ids, disposition, now=now)
    for pk, reason in broken.items():
        end_sittings([pk], "breakoff", now=now, reason=reason)
    return len(partial) + sum(map(len, by_end.values()))


def _finish(ids: list[int], *, now: datetime) -> tuple[list[int], dict[int, str]]:
    """Put sittings on record; those that do not fit, and with its reason each that is broken.

    One that cannot be finished must not keep the others open for ever: a batch that fails is taken
    back and tried again in halves. What the database itself cannot do now is left to the next run.
    """
    try:
        with transaction.atomic():
            finished = finish_sittings(ids, now=now, is_partial=True)
    except OperationalError:
        raise
    except Exception as fault:  # noqa: BLE001 (whatever is wrong with one, the others end)
        if len(ids) < 2:
            _log.exception("sitting %s cannot be finished and is put aside", *ids)
            return [], dict.fromkeys(ids, f"cannot be finished: {type(fault).__name__}")
        middle = len(ids) // 2
        unfit, broken = _finish(ids[:middle], now=now)
        others, more = _finish(ids[middle:], now=now)
        return unfit + others, broken | more
    ended = [one for one in finished if one.answer_id or one.full_quota or one.is_cast]
    unfit = [one.sitting.pk for one in finished if one not in ended]
    return unfit, {}
