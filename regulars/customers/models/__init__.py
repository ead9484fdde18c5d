"""The tables of customers: who they are, how we know, what they bought, and what happened."""

from regulars.customers.models.consents import Consent, ConsentText, Purpose
from regulars.customers.models.merging import Merging
from regulars.customers.models.people import Customer, Identity, SourceRecord
from regulars.customers.models.privacy import (
    PrivacyFile,
    PrivacyRequest,
    Restriction,
    Tombstone,
)
from regulars.customers.models.purchases import Line, Purchase, Return, ReturnLine
from regulars.customers.models.timeline import TimelineEntry
from regulars.customers.models.tracked import TrackedEvent

__all__ = [
    "Consent",
    "ConsentText",
    "Customer",
    "Identity",
    "Line",
    "Merging",
    "PrivacyFile",
    "PrivacyRequest",
    "Purchase",
    "Purpose",
    "Restriction",
    "Return",
    "ReturnLine",
    "SourceRecord",
    "TimelineEntry",
    "Tombstone",
    "TrackedEvent",
]
