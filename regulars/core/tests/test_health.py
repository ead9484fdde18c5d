"""What watchers are told."""

import os
from typing import Any

import pytest
from django.db import connection
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_process_that_answers_is_healthy() -> None:
    assert Client().get("/healthz").json() == {"status": "ok"}


def test_readiness_needs_a_worker_that_was_heard_of_lately() -> None:
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"] == {"database": True, "migrations": True, "worker": False}
    beat("now()")
    assert Client().get("/readyz").status_code == 200


def test_a_worker_long_silent_is_no_worker() -> None:
    beat("now() - interval '1 hour'")
    assert Client().get("/readyz").status_code == 503


def test_metrics_are_for_this_machine_unless_a_token_is_set(monkeypatch: Any) -> None:
    text = Client().get("/metrics").content.decode()
    assert "regulars_deliveries_outstanding 0.0" in text
    assert Client(REMOTE_ADDR="203.0.113.9").get("/metrics").status_code == 404
    assert Client().get("/metrics", headers={"x-forwarded-for": "::1"}).status_code == 404
    monkeypatch.setitem(os.environ, "METRICS_TOKEN", "watch")
    assert Client().get("/metrics").status_code == 404
    watcher = Client(REMOTE_ADDR="203.0.113.9", headers={"authorization": "Bearer watch"})
    assert watcher.get("/metrics").status_code == 200


def beat(at: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO procrastinate_workers (last_heartbeat) VALUES ({at})")
