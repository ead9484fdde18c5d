"""Sittings and dispositions: who stands where on the way through a survey."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from regulars.core.access import Viewer, seen
from regulars.core.sql import int_array
from regulars.feedback.models import Sitting, Survey
from regulars.feedback.rules.dispositions import DISPOSITIONS, aapor_counts
from regulars.feedback.rules.response import Dispositions, response_rates

UNRESPONSIVE_AFTER = timedelta(days=30)
"""Who has not answered a delivered invitation for so long is counted as silent."""


@dataclass(frozen=True)
class Response:
    """How the invitations of a survey stand, by disposition, and the rates that follow.

    `not_asked` counts the people whom consent or the contact budget kept from being asked: they are
    no part of the sample. `open_counts` are respondents of public links, who were not sampled, so
    that no rate can be told of them.
    """

    counts: Mapping[str, int]
    not_asked: Mapping[str, int]
    open_counts: Mapping[str, int]

    @property
    def groups(self) -> Dispositions:
        """The counts in the groups of the AAPOR standard."""
        return aapor_counts(self.counts)

    @property
    def rates(self) -> dict[str, float | None]:
        """Every rate of the standard by its name, from 0 to 1."""
        return response_rates(self.groups)


def find_sitting(token: str) -> Sitting | None:
    """The sitting of a secret token, with its survey, version and invitation."""
    rows = Sitting.objects.select_related("survey", "version", "invitation", "store")
    return rows.filter(token=token).first()


def find_sitting_of(key: str) -> Sitting | None:
    """The sitting that was opened under a key."""
    rows = Sitting.objects.select_related("survey", "version", "invitation", "store")
    return rows.filter(key=key).first()


def sittings_of(survey: Survey, *, seen_by: Viewer) -> QuerySet[Sitting]:
    """The sittings of a survey, the latest first."""
    rows = seen(Sitting, seen_by).filter(survey=survey)
    return rows.select_related("customer", "store").order_by("-last_at", "-pk")


def response_of(survey_id: int, *, seen_by: Viewer, now: datetime) -> Response:
    """How everybody who was asked stands. One statement; a sitting knows better than its letter."""
    limit = seen_by.store_ids
    given: dict[str, Any] = {
        "survey": survey_id,
        "silent_since": now - UNRESPONSIVE_AFTER,
        "stores": None if limit is None else int_array(limit),
    }
    with connection.cursor() as cursor:
        cursor.execute(RESPONSE, given)
        found: dict[str, dict[str, int]] = {"asked": {}, "not_asked": {}, "open": {}}
        for kind, name, count in cursor.fetchall():
            found[kind][name] = count
    order = [name for name in DISPOSITIONS if name in found["asked"]]
    return Response(
        {name: found["asked"][name] for name in order}, found["not_asked"], found["open"]
    )


RESPONSE = """
    WITH attempt AS (
        SELECT CASE WHEN asked.withheld <> '' AND asked.sent_at IS NULL
                    AND asked.answered_at IS NULL AND sitting.id IS NULL
                THEN 'not_asked' ELSE 'asked' END AS kind,
            CASE
                WHEN sitting.disposition <> 'contacted' THEN sitting.disposition
                WHEN asked.answered_at IS NOT NULL THEN 'completed'
                WHEN asked.withheld <> '' AND asked.sent_at IS NULL AND sitting.id IS NULL
                    THEN asked.withheld
                WHEN asked.failed_at >= coalesce(asked.sent_at, asked.failed_at) THEN 'failed'
                WHEN asked.sent_at IS NULL AND sitting.id IS NULL THEN 'queued'
                WHEN coalesce(sitting.last_at, asked.sent_at) <= %(silent_since)s
                    THEN 'unresponsive'
                ELSE 'contacted'
            END AS name
        FROM feedback_invitation asked
        LEFT JOIN feedback_sitting sitting ON sitting.invitation_id = asked.id
        WHERE asked.survey_id = %(survey)s
            AND (%(stores)s::bigint[] IS NULL OR asked.store_id = ANY(%(stores)s::bigint[]))
        UNION ALL
        SELECT 'open', disposition FROM feedback_sitting
        WHERE survey_id = %(survey)s AND invitation_id IS NULL
            AND (%(stores)s::bigint[] IS NULL OR store_id = ANY(%(stores)s::bigint[]))
    )
    SELECT kind, name, count(*) FROM attempt GROUP BY kind, name ORDER BY kind, name
"""
