"""What insight does when others publish: facts flow into the lake."""

from regulars.company.events import SampleDataRemoved
from regulars.core.events import Event, on
from regulars.customers.events import (
    CustomersChanged,
    CustomersMerged,
    CustomersUnmerged,
    GoodsReturned,
    PurchasesRecorded,
    PurchasesVoided,
    SegmentsChanged,
)
from regulars.feedback.events import AnswersReceived
from regulars.insight.actions.lake import rewrite_purchases
from regulars.insight.jobs import (
    ask_for_export,
    fill_changed_segments,
    forget_sample_events,
    forget_sample_signals,
)
from regulars.loyalty.events import (
    MembersEnrolled,
    MembersRegrouped,
    PointsPosted,
    PointsRedeemed,
    PointsReversed,
    RedemptionsUndone,
)


@on(AnswersReceived)
def export_answers(event: AnswersReceived) -> None:
    """Fresh answers show on the home page within seconds."""
    ask_for_export("feedback")


def export_changes(event: Event) -> None:
    """New rows of customers and loyalty flow on; many events before a run are one run."""
    ask_for_export("trade")


CHANGES: tuple[type[Event], ...] = (
    PurchasesRecorded,
    GoodsReturned,
    CustomersChanged,
    CustomersMerged,
    CustomersUnmerged,
    MembersEnrolled,
    MembersRegrouped,
    PointsPosted,
    PointsRedeemed,
    RedemptionsUndone,
    PointsReversed,
)
for change in CHANGES:
    on(change)(export_changes)


@on(PurchasesVoided)
def take_voided_purchases_out(event: PurchasesVoided) -> None:
    """The months of undone purchases are written again without them."""
    rewrite_purchases(event.purchase_ids)
    ask_for_export("trade")


@on(SampleDataRemoved)
def take_sample_signals_out(event: SampleDataRemoved) -> None:
    """Generated signals and events leave the lake after they left the database."""
    forget_sample_signals.enqueue()
    forget_sample_events.enqueue()


@on(SegmentsChanged)
def find_people_of_segments(event: SegmentsChanged) -> None:
    """Segments that are new or ask something else are filled from the lake."""
    fill_changed_segments.enqueue(segment_ids=list(event.segment_ids))
