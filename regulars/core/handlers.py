"""What the core does by the clock."""

from django.utils import timezone

from regulars.core.api.idempotency import forget_old_answers
from regulars.core.jobs import every
from regulars.core.upkeep import forget_old_records, pick_up_stalled_jobs


@every("17 3 * * *")
def forget_answers(timestamp: int) -> None:
    """Each night: answers that were stored for repeats and are past their time."""
    forget_old_answers(now=timezone.now())


@every("* * * * *")
def resume_stalled_jobs(timestamp: int) -> None:
    """Each minute: what a dead worker was at is given to another."""
    pick_up_stalled_jobs(now=timezone.now())


@every("37 3 * * *")
def forget_records(timestamp: int) -> None:
    """Each night: delivered events and ended jobs that are past their time."""
    forget_old_records(now=timezone.now())
