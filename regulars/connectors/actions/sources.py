"""Sources of events: opening them, changing them, renewing and closing their write keys."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from regulars.company.models import Employee
from regulars.connectors.models import EventSource, TrackingPlan
from regulars.connectors.models.collecting import MODES
from regulars.connectors.rules.plans import problem_of_schemas
from regulars.core.errors import Conflict, Refused
from regulars.core.origins import normal_origin

_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class SourceWish:
    """What a source should be like. `origins` are web origins that may send; empty is all."""

    name: str
    mode: str = "observe"
    orders_become_purchases: bool = False
    store_code: str = ""
    origins: Sequence[str] = ()


@transaction.atomic
def open_event_source(code: str, wish: SourceWish, *, now: datetime) -> EventSource:
    """A new source with a write key of its own; its code names it for ever."""
    _check(wish)
    if not _CODE.fullmatch(code):
        raise Refused("bad_code", "small Latin letters, digits, - and _, at most 40", "code")
    made, created = EventSource.objects.get_or_create(
        code=code,
        defaults={**_fields(wish), "write_key": _key(), "created_at": now, "changed_at": now},
    )
    if not created:
        raise Conflict("code_is_taken", "a source of this code is there already", "code")
    return made


def change_event_source(source: EventSource, wish: SourceWish, *, now: datetime) -> None:
    """Have a source be as wished; its doors follow within about a second."""
    _check(wish)
    EventSource.objects.filter(pk=source.pk).update(**_fields(wish), changed_at=now)
    source.refresh_from_db()


def renew_write_key(source: EventSource, *, now: datetime) -> str:
    """A new write key; the old one lets nobody in from now on."""
    EventSource.objects.filter(pk=source.pk).update(write_key=_key(), changed_at=now)
    source.refresh_from_db()
    return source.write_key


def close_event_source(source: EventSource, *, now: datetime) -> None:
    """Let nobody in by this source's key any more; what it sent stays."""
    EventSource.objects.filter(pk=source.pk).update(closed_at=now, changed_at=now)
    source.refresh_from_db()


def reopen_event_source(source: EventSource, *, now: datetime) -> None:
    """Let the source's key in again."""
    EventSource.objects.filter(pk=source.pk).update(closed_at=None, changed_at=now)
    source.refresh_from_db()


@transaction.atomic
def publish_plan(
    schemas: dict[str, Any],
    *,
    source: EventSource | None,
    only_planned: bool = False,
    note: str = "",
    by: Employee | None = None,
    now: datetime,
) -> TrackingPlan:
    """A new version of the plan of a source, or of all sources; doors follow within a second."""
    if problem := problem_of_schemas(schemas):
        raise problem
    before = TrackingPlan.objects.filter(source=source).order_by("-version").first()
    return TrackingPlan.objects.create(
        source=source,
        version=before.version + 1 if before else 1,
        schemas=schemas,
        only_planned=only_planned,
        note=note[:300],
        published_at=now,
        published_by=by,
    )


def _check(wish: SourceWish) -> None:
    if not 1 <= len(wish.name.strip()) <= 200:
        raise Refused("missing", "a source needs a name of at most 200 characters", "name")
    if wish.mode not in MODES:
        raise Refused("unknown_mode", f"one of {', '.join(MODES)}", "mode")
    if len(wish.store_code) > 50:
        raise Refused("too_long", "a store code has at most 50 characters", "store_code")
    if not all(normal_origin(one) for one in wish.origins):
        raise Refused("bad_origin", "an origin looks like https://shop.example", "origins")


def _fields(wish: SourceWish) -> dict[str, Any]:
    return {
        "name": wish.name.strip(),
        "mode": wish.mode,
        "orders_become_purchases": wish.orders_become_purchases,
        "store_code": wish.store_code,
        "origins": [normal_origin(one) for one in wish.origins],
    }


def _key() -> str:
    return f"wk_{secrets.token_hex(16)}"
