"""What watchers ask: whether the process lives, whether it can work, and how much there is to do."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.urls import path
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from regulars.core.jobs import STALLED_AFTER_S
from regulars.environment import read

_LOOPBACK = {"127.0.0.1", "::1"}
_FORWARDED = {"forwarded", "x-forwarded-for", "x-real-ip"}


def healthz(_request: HttpRequest) -> JsonResponse:
    """That the process answers; it asks nothing of anybody else."""
    return JsonResponse({"status": "ok"})


def readyz(_request: HttpRequest) -> JsonResponse:
    """Whether the database, its tables and a worker are there: 200, or 503 with what is not."""
    try:
        checks = {
            "database": True,
            "migrations": not _outstanding_migrations(),
            "worker": _workers_alive() > 0,
        }
    except Error:
        checks = {"database": False}
    is_ready = all(checks.values())
    body = {"status": "ok" if is_ready else "not ready", "checks": checks}
    return JsonResponse(body, status=200 if is_ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Jobs, workers and deliveries in Prometheus' text form, for those who may see them."""
    if not _may_watch(request):
        return HttpResponseNotFound()
    registry = CollectorRegistry()
    registry.register(_Figures())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


urlpatterns = [
    path("healthz", healthz, name="core.healthz"),
    path("readyz", readyz, name="core.readyz"),
    path("metrics", metrics, name="core.metrics"),
]


class _Figures(Collector):
    """What the database knows of work; the same from whichever web process is asked."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield _by_label(
            "regulars_jobs",
            "Jobs by queue and state.",
            labels=("queue", "state"),
            sql="SELECT queue_name, status::text, count(*) FROM procrastinate_jobs GROUP BY 1, 2",
        )
        yield _by_label(
            "regulars_long_work",
            "Long pieces of work by kind and state.",
            labels=("kind", "state"),
            sql="SELECT kind, state, count(*) FROM core_work GROUP BY 1, 2",
        )
        yield GaugeMetricFamily(
            "regulars_deliveries_outstanding",
            "Events that some handler has not taken yet.",
            value=_number("SELECT count(*) FROM core_delivery WHERE delivered_at IS NULL"),
        )
        yield GaugeMetricFamily(
            "regulars_oldest_delivery_seconds",
            "How long the oldest of them has waited.",
            value=_number(
                "SELECT coalesce(extract(epoch FROM now() - min(event.published_at)), 0)"
                " FROM core_delivery delivery JOIN core_event event ON event.id = event_id"
                " WHERE delivered_at IS NULL"
            ),
        )
        yield GaugeMetricFamily(
            "regulars_workers_alive", "Workers heard of lately.", value=_workers_alive()
        )


def _may_watch(request: HttpRequest) -> bool:
    """Whether the request has the token or, where none is set, comes from this very machine.

    A request that a proxy passed on comes from this machine too, but for somebody else.
    """
    if token := read("METRICS_TOKEN"):
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return secrets.compare_digest(given.encode(), token.encode())
    is_forwarded = any(name.lower() in _FORWARDED for name in request.headers)
    return request.META.get("REMOTE_ADDR") in _LOOPBACK and not is_forwarded


def _outstanding_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _workers_alive() -> int:
    since = timezone.now() - timedelta(seconds=STALLED_AFTER_S)
    sql = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > %s"
    return int(_number(sql, since))


def _number(sql: str, *parameters: datetime) -> float:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        row = cursor.fetchone()
    return float(row[0]) if row else 0.0


def _by_label(name: str, says: str, *, labels: tuple[str, ...], sql: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, says, labels=labels)
    with connection.cursor() as cursor:
        cursor.execute(sql)
        for *values, count in cursor.fetchall():
            family.add_metric([str(value) for value in values], count)
    return family
