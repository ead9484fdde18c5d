"""The tables of connectors: imported files, and events that other programs send."""

from regulars.connectors.models.collecting import (
    DeadLetter,
    EventSource,
    Parcel,
    PlanDraft,
    TrackingPlan,
)
from regulars.connectors.models.imports import Batch, Made, RememberedMapping, RowError
from regulars.connectors.models.webhooks import Webhook, WebhookAttempt, WebhookMessage

__all__ = [
    "Batch",
    "DeadLetter",
    "EventSource",
    "Made",
    "Parcel",
    "PlanDraft",
    "RememberedMapping",
    "RowError",
    "TrackingPlan",
    "Webhook",
    "WebhookAttempt",
    "WebhookMessage",
]
