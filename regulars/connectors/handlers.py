"""What connectors do by the clock."""

from django.utils import timezone

from regulars.connectors.collect.draining import forget_parcels
from regulars.core.jobs import every


@every("23 * * * *")
def forget_drained_parcels(timestamp: int) -> None:
    """Each hour: arrivals whose events have been on record for a day."""
    forget_parcels(now=timezone.now())
