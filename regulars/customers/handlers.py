"""What the customers domain does when others publish."""

from django.utils import timezone

from regulars.company.events import SampleDataRemoved
from regulars.core.events import on
from regulars.customers.actions import unlearn_source
from regulars.customers.models import TimelineEntry
from regulars.customers.rules.profiles import SAMPLE


@on(SampleDataRemoved)
def forget_generated_facts(event: SampleDataRemoved) -> None:
    """Profiles fall back to what real sources said, and generated timeline entries go."""
    unlearn_source(SAMPLE, now=timezone.now())
    TimelineEntry.objects.filter(sample=True).delete()
