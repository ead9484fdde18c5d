"""Long work of loyalty, done by workers."""

from django.utils import timezone

from regulars.core.jobs import job
from regulars.loyalty.actions.drafting import run_replay


@job(queue="bulk")
def replay_draft(*, draft_id: int) -> None:
    """The replay of a draft over the whole history, from where it stood."""
    run_replay(draft_id, now=timezone.now())
