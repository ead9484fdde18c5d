"""Dead letters: sending them again, repaired or as they are, and discarding them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction

from regulars.connectors.collect.checking import Sorted, letter_of, sort_single
from regulars.connectors.collect.keys import Keys, Source
from regulars.connectors.collect.parcels import packed
from regulars.connectors.collect.reading import fault_of_reading
from regulars.connectors.models import DeadLetter, Parcel
from regulars.core.errors import Refused


@transaction.atomic
def resend_dead_letters(
    ids: Collection[int], *, now: datetime, edited: Mapping[int, Mapping[str, Any]] | None = None
) -> list[DeadLetter]:
    """Send waiting dead letters through the plan in force again; gives those that fail again.

    `edited` holds repaired events by the id of their dead letter. Message id, times and order stay
    as they were, so an event that got in meanwhile stays one event. Those that fail again keep
    their repaired text, and say what is wrong with it now.
    """
    keys = Keys()
    keys.renew(now_s=0)
    sources = {source.id: source for source in keys.sources.values()}
    waiting = DeadLetter.objects.select_for_update(of=("self",)).filter(pk__in=ids, state="waiting")
    pieces: list[bytes] = []
    failing, sent = [], []
    for letter in waiting.order_by("received_at", "id"):
        if edited and letter.pk in edited:
            letter.body = msgspec.json.encode(edited[letter.pk]).decode()
        request = _checked(letter, sources.get(letter.source_id))
        if request.let_in:
            pieces += request.pieces
            sent.append(letter.pk)
        else:
            failing.append(letter)
            _say_what_is_wrong(letter, request)
    if pieces:
        parcel = b"".join(pieces)
        Parcel.objects.create(body=packed(parcel), size=len(parcel))
    DeadLetter.objects.filter(pk__in=sent).update(state="resent", settled_at=now)
    fields = ("body", "type", "name", "user_id", "anonymous_id", "reason", "path", "rule", "plan")
    DeadLetter.objects.bulk_update(failing, fields)
    return failing


def discard_dead_letters(ids: Collection[int], *, now: datetime) -> int:
    """Put waiting dead letters aside for good; gives how many there were."""
    return DeadLetter.objects.filter(pk__in=ids, state="waiting").update(
        state="discarded", settled_at=now
    )


def _checked(letter: DeadLetter, source: Source | None) -> Sorted:
    if source is None:
        raise Refused("source_is_closed", "the source of this event is closed", "source")
    body, kind = letter.body, letter.type
    try:
        event = letter.event
    except ValueError:
        event = None
    if isinstance(event, dict):
        kind = str(event.get("type", kind))
        body = msgspec.json.encode({**event, "messageId": letter.message_id}).decode()
    now = letter.received_at
    request = sort_single(body.encode(), source, kind=kind or "unknown", now=now)
    if request.let_in and (late := fault_of_reading(body.encode(), kind, source.code, now)):
        again = letter_of(body.encode(), late, source_id=source.id, kind=kind, outer={}, now=now)
        return Sorted([], [again])
    return request


def _say_what_is_wrong(letter: DeadLetter, request: Sorted) -> None:
    (fault,) = request.letters
    letter.type, letter.name = fault.type, fault.name
    letter.user_id, letter.anonymous_id = fault.user_id, fault.anonymous_id
    letter.reason, letter.path, letter.rule = fault.reason, fault.path, fault.rule
    letter.plan_id = fault.plan_id
