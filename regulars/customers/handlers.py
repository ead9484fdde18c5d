"""What the customers domain does when others publish."""

from collections.abc import Collection, Sequence

from django.utils import timezone

from regulars.company.events import SampleDataRemoved
from regulars.core.events import on
from regulars.customers.actions import unlearn_source
from regulars.customers.actions.following import touch_customers
from regulars.customers.events import (
    ConsentsChanged,
    CustomersChanged,
    CustomersMerged,
    CustomersUnmerged,
    EventsTracked,
    GoodsReturned,
    PurchasesRecorded,
    PurchasesVoided,
)
from regulars.customers.jobs import upkeep_soon
from regulars.customers.models import Merging, Purchase, Return, TimelineEntry, TrackedEvent
from regulars.customers.queries.visits import SAMPLE_SOURCE
from regulars.customers.rules.profiles import SAMPLE


@on(SampleDataRemoved)
def forget_generated_facts(event: SampleDataRemoved) -> None:
    """Profiles fall back to what real sources said; generated events and timeline entries go."""
    unlearn_source(SAMPLE, now=timezone.now())
    TimelineEntry.objects.filter(sample=True).delete()
    TrackedEvent.objects.filter(source=SAMPLE_SOURCE).delete()


@on(PurchasesRecorded)
def follow_purchases(event: PurchasesRecorded) -> None:
    """Whoever bought is looked at again for segments."""
    _follow(_buyers(event.purchase_ids))


@on(PurchasesVoided)
def follow_voided_purchases(event: PurchasesVoided) -> None:
    """Purchases that are off the record no longer count for segments."""
    _follow(_buyers(event.purchase_ids))


@on(GoodsReturned)
def follow_returns(event: GoodsReturned) -> None:
    """Goods that came back change what was spent."""
    returned = Return.objects.filter(pk__in=event.return_ids)
    _follow(list(returned.values_list("purchase__customer_id", flat=True)))


@on(CustomersChanged)
def follow_profiles(event: CustomersChanged) -> None:
    """Profiles are looked at again for segments."""
    _follow(event.customer_ids)


@on(CustomersMerged)
def follow_merges(event: CustomersMerged) -> None:
    """The person that two records make is looked at as one."""
    _follow_merging(event.merging_ids)


@on(CustomersUnmerged)
def follow_partings(event: CustomersUnmerged) -> None:
    """Each side is looked at on its own again."""
    _follow_merging(event.merging_ids)


@on(ConsentsChanged)
def follow_consents(event: ConsentsChanged) -> None:
    """What people agreed to is looked at again for segments."""
    _follow(event.customer_ids)


@on(EventsTracked)
def follow_events(event: EventsTracked) -> None:
    """What people do on sites and in apps is looked at again for segments."""
    tracked = TrackedEvent.objects.filter(pk__in=event.event_ids, customer__isnull=False)
    _follow(set(tracked.values_list("customer_id", flat=True)))


def _buyers(purchase_ids: Sequence[int]) -> list[int | None]:
    bought = Purchase.objects.filter(pk__in=purchase_ids)
    return list(bought.values_list("customer_id", flat=True).distinct())


def _follow_merging(merging_ids: Sequence[int]) -> None:
    pairs = Merging.objects.filter(pk__in=merging_ids).values_list("customer_id", "lead_id")
    _follow([one for pair in pairs for one in pair])


def _follow(customer_ids: Collection[int | None]) -> None:
    touch_customers([one for one in customer_ids if one is not None], now=timezone.now())
    upkeep_soon()
