"""Facts the customers domain publishes."""

from dataclasses import dataclass

from regulars.core.events import Event


@dataclass(frozen=True)
class PurchasesRecorded(Event):
    """Purchases that were not known before are on record."""

    purchase_ids: tuple[int, ...]


@dataclass(frozen=True)
class PurchasesVoided(Event):
    """Purchases were taken off the record, by undo of their import."""

    purchase_ids: tuple[int, ...]


@dataclass(frozen=True)
class GoodsReturned(Event):
    """Goods of known purchases came back."""

    return_ids: tuple[int, ...]


@dataclass(frozen=True)
class ActsNoted(Event):
    """Customers did something of their own will; the entries of their timelines say what."""

    entry_ids: tuple[int, ...]


@dataclass(frozen=True)
class CustomersChanged(Event):
    """Profiles are new or differ from before."""

    customer_ids: tuple[int, ...]


@dataclass(frozen=True)
class CustomersMerged(Event):
    """Records are held to be one person from now on; the entries of the merge ledger say which."""

    merging_ids: tuple[int, ...]


@dataclass(frozen=True)
class CustomersUnmerged(Event):
    """Merges were taken back; the entries of the merge ledger say which."""

    merging_ids: tuple[int, ...]


@dataclass(frozen=True)
class EventsTracked(Event):
    """Calls of programs that were not known before are on record: pages seen, things done."""

    event_ids: tuple[int, ...]


@dataclass(frozen=True)
class ConsentsChanged(Event):
    """These people said yes or no to something, or took it back."""

    customer_ids: tuple[int, ...]


@dataclass(frozen=True)
class ConsentsToConfirm(Event):
    """People agreed by e-mail; their yes counts once they confirm it from their mailbox."""

    consent_ids: tuple[int, ...]


@dataclass(frozen=True)
class CustomersErased(Event):
    """People were erased: their records are empty from now on and keep only sums."""

    customer_ids: tuple[int, ...]


@dataclass(frozen=True)
class CustomersRestricted(Event):
    """The data of these people may no longer be used, or may be used again."""

    customer_ids: tuple[int, ...]


@dataclass(frozen=True)
class SegmentsChanged(Event):
    """Segments are new, ask something else, or were switched; who is in must be found anew."""

    segment_ids: tuple[int, ...]


@dataclass(frozen=True)
class SegmentsEntered(Event):
    """People came into a segment."""

    segment_id: int
    customer_ids: tuple[int, ...]


@dataclass(frozen=True)
class SegmentsLeft(Event):
    """People are no longer in a segment."""

    segment_id: int
    customer_ids: tuple[int, ...]
