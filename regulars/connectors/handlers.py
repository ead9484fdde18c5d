"""What connectors do by the clock, and when generated rows go."""

from django.utils import timezone

from regulars.company.events import SampleDataRemoved
from regulars.connectors.actions.samples import drop_sample_source
from regulars.connectors.collect.draining import forget_parcels
from regulars.core.events import on
from regulars.core.jobs import every


@on(SampleDataRemoved)
def remove_sample_source(event: SampleDataRemoved) -> None:
    """The sample source goes with its plan and its dead letters."""
    drop_sample_source()


@every("23 * * * *")
def forget_drained_parcels(timestamp: int) -> None:
    """Each hour: arrivals whose events have been on record for a day."""
    forget_parcels(now=timezone.now())
