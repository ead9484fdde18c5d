"""What the core does by the clock."""

from django.utils import timezone

from regulars.core.api.idempotency import forget_old_answers
from regulars.core.jobs import every


@every("17 3 * * *")
def forget_answers(timestamp: int) -> None:
    """Each night: answers that were stored for repeats and are past their time."""
    forget_old_answers(now=timezone.now())
