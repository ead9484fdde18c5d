"""The tables of customers: who they are, how we know, what they bought, and what happened."""

from regulars.customers.models.access import AccessEntry
from regulars.customers.models.consents import Consent, ConsentText, Purpose
from regulars.customers.models.evidence import BlockKey, Claim, Comparable, Evidence
from regulars.customers.models.merging import Merging
from regulars.customers.models.people import Customer, Identity, SourceRecord
from regulars.customers.models.privacy import PrivacyFile, PrivacyRequest, Restriction, Tombstone
from regulars.customers.models.purchases import Line, Purchase, Return, ReturnLine
from regulars.customers.models.segments import (
    Segment,
    SegmentClock,
    SegmentMember,
    SegmentTouch,
    SegmentUpkeep,
)
from regulars.customers.models.sharing import (
    BlockedValue,
    IdentityLimit,
    Relation,
    RelationMember,
    SourceRank,
)
from regulars.customers.models.timeline import TimelineEntry
from regulars.customers.models.tracked import TrackedEvent

__all__ = [
    "AccessEntry",
    "BlockKey",
    "BlockedValue",
    "Claim",
    "Comparable",
    "Consent",
    "ConsentText",
    "Customer",
    "Evidence",
    "Identity",
    "IdentityLimit",
    "Line",
    "Merging",
    "PrivacyFile",
    "PrivacyRequest",
    "Purchase",
    "Purpose",
    "Relation",
    "RelationMember",
    "Restriction",
    "Return",
    "ReturnLine",
    "Segment",
    "SegmentClock",
    "SegmentMember",
    "SegmentTouch",
    "SegmentUpkeep",
    "SourceRank",
    "SourceRecord",
    "TimelineEntry",
    "Tombstone",
    "TrackedEvent",
]
