"""What the journey does when customers buy, bring back, or generated rows go."""

from django.utils import timezone

from regulars.company.events import SampleDataRemoved
from regulars.core.events import on
from regulars.customers.events import (
    CustomersMerged,
    CustomersUnmerged,
    EventsTracked,
    GoodsReturned,
    PurchasesRecorded,
    PurchasesVoided,
)
from regulars.customers.queries import records_touched_by
from regulars.journey.actions.defaults import pass_by_known_purchases
from regulars.journey.actions.passages import (
    drop_sample_passages,
    forget_purchases,
    look_for_first_purchases,
    pass_by_returns,
)
from regulars.journey.actions.visits import pass_by_known_events


@on(PurchasesRecorded)
def write_passages_of_purchases(event: PurchasesRecorded) -> None:
    pass_by_known_purchases(event.purchase_ids, now=timezone.now())


@on(PurchasesVoided)
def remove_passages_of_purchases(event: PurchasesVoided) -> None:
    forget_purchases(event.purchase_ids)


@on(GoodsReturned)
def write_passages_of_returns(event: GoodsReturned) -> None:
    pass_by_returns(event.return_ids)


@on(EventsTracked)
def write_passages_of_visits(event: EventsTracked) -> None:
    pass_by_known_events(event.event_ids, now=timezone.now())


@on(CustomersMerged)
def join_first_purchases(event: CustomersMerged) -> None:
    look_for_first_purchases(records_touched_by(event.merging_ids))


@on(CustomersUnmerged)
def part_first_purchases(event: CustomersUnmerged) -> None:
    look_for_first_purchases(records_touched_by(event.merging_ids))


@on(SampleDataRemoved)
def remove_sample_passages(event: SampleDataRemoved) -> None:
    drop_sample_passages()
