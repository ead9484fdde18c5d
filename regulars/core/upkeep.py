"""Keeping the queue in order: jobs of dead workers go to others, and old records are forgotten."""

from datetime import datetime, timedelta

from asgiref.sync import async_to_sync
from django.db import connection
from procrastinate.contrib.django import app as django_app

from regulars.core.jobs import STALLED_AFTER_S

KEPT_FOR = timedelta(days=30)
"""How long delivered events and jobs that ended stay to be looked at."""


def pick_up_stalled_jobs(*, now: datetime) -> int:
    """Put the jobs of workers that fell silent back into the queue; gives how many there were."""
    manager = django_app.job_manager
    stalled = async_to_sync(manager.get_stalled_jobs)(seconds_since_heartbeat=STALLED_AFTER_S)
    count = 0
    for job in stalled:
        async_to_sync(manager.retry_job)(job, retry_at=now)
        count += 1
    return count


def forget_old_records(*, now: datetime) -> int:
    """Delete delivered events and ended jobs that are past their time; gives how many events went.

    An event stays as long as one of its handlers has not done its part.
    """
    hours = int(KEPT_FOR.total_seconds() // 3600)
    async_to_sync(django_app.job_manager.delete_old_jobs)(
        nb_hours=hours, include_failed=True, include_cancelled=True, include_aborted=True
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH old AS (
                SELECT event.id FROM core_event event
                WHERE event.published_at < %s AND NOT EXISTS (
                    SELECT FROM core_delivery delivery
                    WHERE delivery.event_id = event.id AND delivery.delivered_at IS NULL)),
            gone AS (DELETE FROM core_delivery WHERE event_id IN (SELECT id FROM old))
            SELECT array_agg(id) FROM old
            """,
            [now - KEPT_FOR],
        )
        ids = cursor.fetchone()[0] or []
        cursor.execute("DELETE FROM core_event WHERE id = ANY(%s)", [ids])
    return len(ids)
