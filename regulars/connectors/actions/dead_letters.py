"""Dead letters: sending them again, repaired or as they are, and discarding them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from regulars.connectors.models import DeadLetter


def resend_dead_letters(
    ids: Collection[int], *, now: datetime, edited: Mapping[int, Mapping[str, Any]] | None = None
) -> list[DeadLetter]:
    """Send waiting dead letters through the plan in force again; gives those that fail again.

    `edited` holds repaired events by the id of their dead letter. Message id, times and order stay
    as they were, so an event that got in meanwhile stays one event.
    """
    raise NotImplementedError


def discard_dead_letters(ids: Collection[int], *, now: datetime) -> int:
    """Put waiting dead letters aside for good; gives how many there were."""
    return DeadLetter.objects.filter(pk__in=ids, state="waiting").update(
        state="discarded", settled_at=now
    )
