"""Jobs of the customers domain: the upkeep of segments."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from regulars.core.jobs import every, job
from regulars.customers.actions.following import (
    ask_for_upkeep,
    follow_by,
    next_wake,
    touch_expired,
)

EXPIRY_LOOKED_BACK = timedelta(minutes=5)
"""A minute that was missed is made good by the next; a touch too many is no harm."""


@job(queue="fast", lock="segments.upkeep")
def follow_changes() -> None:
    """Looks at whoever was touched, and has itself woken when the clock says so."""
    follow_by(timezone.now)
    arrange_waking()


@transaction.atomic
def upkeep_soon() -> None:
    """Has segments follow what happened; many wishes before a run are one run."""
    if ask_for_upkeep():
        follow_changes.enqueue()


@job(queue="fast")
def wake() -> None:
    """The clock's moment has come."""
    upkeep_soon()


@transaction.atomic
def arrange_waking() -> None:
    """Has the upkeep woken at the clock's next moment, unless it is arranged already."""
    if moment := next_wake(now=timezone.now()):
        wake.enqueue_at(moment)


@every("* * * * *")
def catch_up_with_segments(timestamp: int) -> None:
    """Each minute: whoever was touched and not looked at, or whose yes has ended."""
    now = timezone.now()
    touch_expired(now=now, since=now - EXPIRY_LOOKED_BACK)
    follow_changes.enqueue()
