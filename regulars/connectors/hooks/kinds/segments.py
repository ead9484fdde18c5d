"""`segment.entered` and `segment.left`: people who came into a segment or went out of it."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.connectors.hooks.kind import IDS_AT_ONCE, HookKind, Told, hook_kinds
from regulars.customers.events import SegmentsEntered, SegmentsLeft
from regulars.customers.models import Segment


def _messages(event: Any) -> Iterator[Told]:
    segment = Segment.objects.filter(pk=event.segment_id).first()
    if segment is None:
        return
    for at in range(0, len(event.customer_ids), IDS_AT_ONCE):
        some = list(event.customer_ids[at : at + IDS_AT_ONCE])
        shown = {"code": segment.code, "name": segment.name, "purpose": segment.purpose}
        yield Told(segment.code, {"segment": shown, "customer_ids": some})


@hook_kinds.add("segment.entered")
class SegmentEntered(HookKind):
    """People came into a segment."""

    label = _("Somebody comes into a segment")
    event = SegmentsEntered

    @override
    def messages(self, event: Any) -> Iterator[Told]:
        return _messages(event)


@hook_kinds.add("segment.left")
class SegmentLeft(HookKind):
    """People are no longer in a segment."""

    label = _("Somebody goes out of a segment")
    event = SegmentsLeft

    @override
    def messages(self, event: Any) -> Iterator[Told]:
        return _messages(event)
