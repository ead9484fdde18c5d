"""What the product can do with customers, their purchases and their timeline."""

from regulars.customers.actions.consent_texts import change_purpose, publish_texts
from regulars.customers.actions.consents import Noted, Writer, record_consents, void_consents
from regulars.customers.actions.profiles import (
    Learned,
    learn_customers,
    unlearn_source,
    unlearn_work,
)
from regulars.customers.actions.purchases import Recorded, record_purchases, void_purchases
from regulars.customers.actions.resolving import resolve_all, resolve_customers, resolve_due
from regulars.customers.actions.returns import Returned, record_returns
from regulars.customers.actions.timeline import TimelineNote, note_on_timeline
from regulars.customers.actions.tracked import Tracked, record_tracked_events
from regulars.customers.rules.profiles import ProfileInput
from regulars.customers.rules.purchases import (
    CustomerRef,
    LineInput,
    PurchaseInput,
    ReturnInput,
    ReturnLineInput,
)
from regulars.customers.rules.tracked import TrackedInput
from regulars.customers.rules.words import ConsentInput

__all__ = [
    "ConsentInput",
    "CustomerRef",
    "Learned",
    "LineInput",
    "Noted",
    "ProfileInput",
    "PurchaseInput",
    "Recorded",
    "ReturnInput",
    "ReturnLineInput",
    "Returned",
    "TimelineNote",
    "Tracked",
    "TrackedInput",
    "Writer",
    "change_purpose",
    "learn_customers",
    "note_on_timeline",
    "publish_texts",
    "record_consents",
    "record_purchases",
    "record_returns",
    "record_tracked_events",
    "resolve_all",
    "resolve_customers",
    "resolve_due",
    "unlearn_source",
    "unlearn_work",
    "void_consents",
    "void_purchases",
]
