"""`follow_up.opened`, `follow_up.overdue`, `follow_up.closed`: unhappy answers and their clocks."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.connectors.hooks.kind import IDS_AT_ONCE, HookKind, Told, hook_kinds
from regulars.feedback.events import FollowUpsClosed, FollowUpsOpened, FollowUpsOverdue
from regulars.feedback.models import FollowUp


def _messages(event: Any) -> Iterator[Told]:
    """One message for at most a thousand follow-ups; those that are gone are left out."""
    rows = FollowUp.objects.filter(pk__in=event.follow_up_ids).select_related("signal")
    found = [_told(one) for one in rows.order_by("pk")]
    for at in range(0, len(found), IDS_AT_ONCE // 5):
        yield Told("", {"follow_ups": found[at : at + IDS_AT_ONCE // 5]})


def _told(one: FollowUp) -> dict[str, Any]:
    return {
        "id": one.pk,
        "customer_id": one.signal.customer_id,
        "store_id": one.signal.store_id,
        "answer_id": one.signal.answer_id,
        "owner_id": one.owner_id,
        "state": one.state,
        "outcome": one.outcome,
        "due_at": one.due_at.isoformat(),
    }


@hook_kinds.add("follow_up.opened")
class FollowUpOpened(HookKind):
    """Unhappy answers opened follow-ups."""

    label = _("An unhappy answer opens a follow-up")
    event = FollowUpsOpened

    @override
    def messages(self, event: Any) -> Iterator[Told]:
        return _messages(event)


@hook_kinds.add("follow_up.overdue")
class FollowUpOverdue(HookKind):
    """Follow-ups ran out of time."""

    label = _("A follow-up is overdue")
    event = FollowUpsOverdue

    @override
    def messages(self, event: Any) -> Iterator[Told]:
        return _messages(event)


@hook_kinds.add("follow_up.closed")
class FollowUpClosed(HookKind):
    """Follow-ups were closed."""

    label = _("A follow-up is closed")
    event = FollowUpsClosed

    @override
    def messages(self, event: Any) -> Iterator[Told]:
        return _messages(event)
