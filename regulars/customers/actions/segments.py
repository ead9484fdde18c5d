"""Making and changing segments, and putting people into static ones."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from regulars.core.conditions.reading import parse
from regulars.core.conditions.tree import as_json
from regulars.core.errors import Conflict, Refused
from regulars.core.events import publish
from regulars.core.sql import int_array
from regulars.customers.events import SegmentsChanged, SegmentsEntered, SegmentsLeft
from regulars.customers.knowledge import CUSTOMER
from regulars.customers.models import Segment
from regulars.customers.queries.consents import purposes

_CODE = re.compile(r"[A-Za-z0-9_-]{1,50}")
"""A code is part of addresses."""


@dataclass(frozen=True)
class SegmentInput:
    """What a segment is: its names, its condition as JSON (live) or none (static), its purpose."""

    name: str
    name_ru: str = ""
    kind: str = "live"
    condition: Mapping[str, Any] | None = None
    purpose: str = ""
    is_on: bool = True


@transaction.atomic
def create_segment(
    code: str, told: SegmentInput, *, now: datetime, is_ready_made: bool = False
) -> Segment:
    """Make a segment; its people are found by the job that follows. A code is taken once."""
    if not _CODE.fullmatch(code):
        raise Refused("bad_code", _("Latin letters, digits, - and _, at most 50."), "code")
    if Segment.objects.filter(code=code).exists():
        raise Conflict("code_is_taken", _("There is a segment with this code already."), "code")
    segment = Segment(code=code, kind=told.kind, created_at=now, is_ready_made=is_ready_made)
    _write(segment, told, now=now)
    publish(SegmentsChanged(segment_ids=(segment.pk,)))
    return segment


@transaction.atomic
def change_segment(segment: Segment, told: SegmentInput, *, now: datetime) -> Segment:
    """Change a segment; with another condition its people are found anew. The kind stays."""
    segment = Segment.objects.select_for_update().get(pk=segment.pk)
    if told.kind != segment.kind:
        raise Refused("kind_stays", _("A segment stays live or static."), "kind")
    if segment.is_ready_made and told.condition != segment.condition:
        message = _("A ready-made segment stays as it is; make a copy and change that.")
        raise Refused("ready_made_stays", message, "condition")
    before = (segment.condition, segment.is_on)
    _write(segment, told, now=now, version=segment.version)
    if (segment.condition, segment.is_on) != before:
        Segment.objects.filter(pk=segment.pk).update(version=segment.version + 1, counted_at=None)
        segment.refresh_from_db()
        publish(SegmentsChanged(segment_ids=(segment.pk,)))
    return segment


def delete_segment(segment: Segment) -> None:
    """Remove a segment and the record of who was in it."""
    if segment.is_ready_made:
        message = _("A ready-made segment can be switched off, not removed.")
        raise Refused("ready_made_stays", message, "code")
    segment.delete()


def _write(segment: Segment, told: SegmentInput, *, now: datetime, version: int = 1) -> None:
    if not told.name.strip():
        raise Refused("name_is_missing", _("Give the segment a name."), "name")
    if told.kind not in ("live", "static"):
        raise Refused("unknown_kind", _("A segment is live or static."), "kind")
    if (told.kind == "live") != (told.condition is not None):
        message = _("A live segment has a condition, a static one has none.")
        raise Refused("wrong_condition", message, "condition")
    if told.purpose and told.purpose not in purposes():
        raise Refused("unknown_purpose", _("There is no such purpose."), "purpose")
    checked = {}
    if told.condition is not None:
        checked = dict(as_json(parse(told.condition, CUSTOMER, path="condition")))
    segment.name, segment.name_ru = told.name.strip()[:100], told.name_ru.strip()[:100]
    segment.condition, segment.purpose, segment.is_on = checked, told.purpose, told.is_on
    segment.version, segment.changed_at = version, now
    segment.save()


@transaction.atomic
def put_into_segment(segment: Segment, customer_ids: Collection[int], *, now: datetime) -> int:
    """Put customers into a static segment; says how many were not in it."""
    _check_static(segment)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_segmentmember (segment_id, customer_id, entered_at)
            SELECT %s, id, %s FROM customers_customer WHERE id = ANY(%s::bigint[])
            ON CONFLICT DO NOTHING RETURNING customer_id""",
            [segment.pk, now, int_array(customer_ids)],
        )
        entered = tuple(row[0] for row in cursor.fetchall())
    if entered:
        publish(SegmentsEntered(segment_id=segment.pk, customer_ids=entered))
    return len(entered)


@transaction.atomic
def take_out_of_segment(segment: Segment, customer_ids: Collection[int], *, now: datetime) -> int:
    """Take people out of a static segment, by any of their records; says how many rows ended."""
    _check_static(segment)
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE customers_segmentmember SET left_at = greatest(%s, entered_at)
            WHERE segment_id = %s AND left_at IS NULL AND customer_id IN (
                SELECT record.id FROM customers_customer record
                JOIN customers_customer given ON given.id = ANY(%s::bigint[])
                    AND coalesce(record.merged_into_id, record.id)
                        = coalesce(given.merged_into_id, given.id))
            RETURNING customer_id""",
            [now, segment.pk, int_array(customer_ids)],
        )
        left = tuple(row[0] for row in cursor.fetchall())
    if left:
        publish(SegmentsLeft(segment_id=segment.pk, customer_ids=left))
    return len(left)


def _check_static(segment: Segment) -> None:
    if segment.kind != "static":
        message = _("People come into a live segment by its condition alone.")
        raise Refused("segment_is_live", message, "segment")
