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
class CustomersChanged(Event):
    """Profiles are new or differ from before."""

    customer_ids: tuple[int, ...]
