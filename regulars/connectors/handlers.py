"""What connectors do by the clock, when generated rows go, and when webhooks want to be told."""

from django.utils import timezone

from regulars.company.events import SampleDataRemoved
from regulars.connectors.actions.samples import drop_sample_source
from regulars.connectors.actions.webhooks import tell_webhooks
from regulars.connectors.collect.draining import forget_parcels
from regulars.connectors.hooks.kind import hook_kinds
from regulars.core.events import Event, on
from regulars.core.jobs import every


@on(SampleDataRemoved)
def remove_sample_source(event: SampleDataRemoved) -> None:
    """The sample source goes with its plan and its dead letters."""
    drop_sample_source()


@every("23 * * * *")
def forget_drained_parcels(timestamp: int) -> None:
    """Each hour: arrivals whose events have been on record for a day."""
    forget_parcels(now=timezone.now())


def tell_other_programs(event: Event) -> None:
    """Webhooks that want to know of it get a message."""
    tell_webhooks(event, now=timezone.now())


for told_of in {kind.event for kind in hook_kinds.kinds().values()}:
    on(told_of)(tell_other_programs)
