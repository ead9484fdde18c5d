"""Taking generated rows of events away."""

from django.db import transaction

from regulars.connectors.models import DeadLetter, EventSource, PlanDraft, TrackingPlan
from regulars.customers.queries.visits import SAMPLE_SOURCE


@transaction.atomic
def drop_sample_source() -> int:
    """Delete the sample source of events with its plans and dead letters; gives how many letters."""
    letters = DeadLetter.objects.filter(source__code=SAMPLE_SOURCE).delete()[0]
    PlanDraft.objects.filter(source__code=SAMPLE_SOURCE).delete()
    TrackingPlan.objects.filter(source__code=SAMPLE_SOURCE).delete()
    EventSource.objects.filter(code=SAMPLE_SOURCE).delete()
    return letters
