"""The audit trail is written here, and only added to."""

from collections.abc import Collection
from datetime import datetime

from regulars.customers.models import AccessEntry


def note_access_of(
    customer_ids: Collection[int],
    what: str,
    *,
    actor: str,
    actor_number: int | None,
    place: str,
    now: datetime,
    reason: str = "",
    everybody: bool = False,
) -> AccessEntry | None:
    """Adds one entry for all these customers; None where there is nobody. One statement."""
    if not customer_ids and not everybody:
        return None
    return AccessEntry.objects.create(
        at=now,
        actor=actor,
        actor_number=actor_number,
        what=what,
        place=place[:100],
        customer_ids=sorted(set(customer_ids)),
        everybody=everybody,
        reason=reason[:200],
    )
