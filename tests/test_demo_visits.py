"""Generated visits of the demo company: the same each time, with real purchases, and gone at once."""

from datetime import timedelta

import pytest

from regulars.cli.demo.visits import generate_visits
from regulars.company.events import SampleDataRemoved
from regulars.connectors.handlers import remove_sample_source
from regulars.connectors.models import DeadLetter, EventSource, TrackingPlan
from regulars.connectors.rules.plans import Plan
from regulars.customers.actions import record_purchases
from regulars.customers.handlers import forget_generated_facts
from regulars.customers.models import Customer, TrackedEvent
from regulars.journey.actions import drop_sample_passages, ensure_defaults, pass_by_events
from regulars.journey.models import Passage
from tests import make

pytestmark = pytest.mark.django_db


def test_visits_are_generated_once_and_removed_with_the_sample_data() -> None:
    anna = make.customer("Anna", card="A1")
    bought = [
        make.receipt(customer=anna, bought_at=make.NOW - timedelta(days=400, hours=hour))
        for hour in range(300)
    ]
    record_purchases(bought, now=make.NOW)
    ensure_defaults(now=make.NOW)
    count = generate_visits(now=make.NOW)
    told = set(TrackedEvent.objects.values_list("message_id", "at", "name"))
    assert generate_visits(now=make.NOW) == count == len(told) > 30
    assert told == set(TrackedEvent.objects.values_list("message_id", "at", "name"))
    assert Customer.objects.count() == 1
    pass_by_events(list(TrackedEvent.objects.values_list("pk", flat=True)))
    assert set(Passage.objects.values_list("sample", flat=True)) == {True}
    _plan_holds()
    for handler in (forget_generated_facts, remove_sample_source):
        handler(SampleDataRemoved())
    drop_sample_passages()
    for model in (TrackedEvent, EventSource, TrackingPlan, DeadLetter, Passage):
        assert not model.objects.exists()


def _plan_holds() -> None:
    """What is generated keeps the generated plan; the dead letters break it as they say."""
    row = TrackingPlan.objects.get()
    plan = Plan(row.pk, 1, schemas=row.schemas, only_planned=False)
    for event in TrackedEvent.objects.filter(type="track"):
        assert plan.breach_of("track", event.name, event.properties) is None
    for letter in DeadLetter.objects.all():
        breach = plan.breach_of("track", letter.name, letter.event["properties"])
        assert breach is not None
        assert (breach.path, breach.rule) == (letter.path, letter.rule)
