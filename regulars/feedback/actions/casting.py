"""Anonymous answers go into the box without a name."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from regulars.core.sql import int_array, text_array
from regulars.feedback.models import Ballot, CastKey, SurveyVersion


@dataclass(frozen=True, slots=True)
class CastInput:
    """An answer on its way into the box; the key makes a repeat harmless and is kept elsewhere."""

    key: str
    version: SurveyVersion
    values: Mapping[str, Any]
    store_id: int | None
    is_partial: bool
    sample: bool


def cast_ballots(batch: Sequence[CastInput], *, now: datetime) -> set[str]:
    """Put answers into the box; the keys of those that were not there before. Two statements.

    What is written of an answer and what is written of its key have nothing in common: no number, no
    time but the month, no order.
    """
    new = _note_keys(batch)
    month = timezone.localtime(now).date().replace(day=1)
    ballots = [_ballot(one, month) for one in batch if one.key in new]
    secrets.SystemRandom().shuffle(ballots)
    Ballot.objects.bulk_create(ballots)
    return new


def _ballot(one: CastInput, month: date) -> Ballot:
    return Ballot(
        survey_id=one.version.survey_id,
        version=one.version,
        store_id=one.store_id,
        month=month,
        values=dict(one.values),
        is_partial=one.is_partial,
        sample=one.sample,
    )


def _note_keys(batch: Sequence[CastInput]) -> set[str]:
    digests = {hashlib.sha256(one.key.encode()).hexdigest(): one.key for one in batch}
    given = [
        text_array(digests),
        int_array(one.version.survey_id for one in batch),
        int_array(int(one.sample) for one in batch),
    ]
    with connection.cursor() as cursor:
        cursor.execute(NOTE_KEYS, given)
        return {digests[digest] for (digest,) in cursor.fetchall()}


NOTE_KEYS = f"""
    INSERT INTO {CastKey._meta.db_table} (digest, survey_id, sample)
    SELECT digest, survey, sample = 1
    FROM unnest(%s::text[], %s::bigint[], %s::int[]) AS given (digest, survey, sample)
    ORDER BY digest
    ON CONFLICT (digest) DO NOTHING
    RETURNING digest
"""
