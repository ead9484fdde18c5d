"""Events and jobs with a real worker: nothing lost, nothing twice, nothing from what never was."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from regulars.core import events
from regulars.core.events import on, publish, together
from regulars.core.models import Delivery, Event
from regulars.core.tests.jobs_of_tests import BellRang, outlive
from regulars.core.upkeep import forget_old_records, pick_up_stalled_jobs
from tests.worker import work

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[3]
heard: list[str] = []
broken: set[str] = set()


def execute(statement: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture(autouse=True)
def two_listeners() -> Iterator[None]:
    execute("DELETE FROM procrastinate_jobs")

    def first(event: BellRang) -> None:
        heard.append("first")
        Event.objects.create(name="written by first", body=list(event.bell_ids))
        if "first" in broken:
            raise OSError("no wire")

    def second(event: BellRang) -> None:
        heard.append("second")

    on(BellRang)(first)
    on(BellRang)(second)
    yield
    events._handlers.pop(events.kind_name(BellRang))
    heard.clear()
    broken.clear()
    execute("DELETE FROM procrastinate_jobs")


def ring() -> None:
    with transaction.atomic():
        publish(BellRang(bell_ids=(1, 2)))


def make_due() -> None:
    execute("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'")


def test_each_handler_hears_once():
    ring()
    work()
    work()
    assert sorted(heard) == ["first", "second"]
    told = Delivery.objects.filter(event__name=events.kind_name(BellRang))
    assert told.filter(delivered_at__isnull=False).count() == 2
    assert Event.objects.get(name="written by first").body == [1, 2]


def test_events_published_together_are_written_as_the_block_ends():
    with transaction.atomic(), together():
        publish(BellRang(bell_ids=(1,)))
        publish(BellRang(bell_ids=(2,)))
        assert not Event.objects.exists()
    assert list(Event.objects.order_by("id").values_list("body", flat=True)) == [
        {"bell_ids": [1]},
        {"bell_ids": [2]},
    ]
    work()
    assert sorted(heard) == ["first", "first", "second", "second"]


def test_nobody_hears_of_what_was_rolled_back():
    with pytest.raises(ZeroDivisionError), transaction.atomic():  # noqa: PT012
        publish(BellRang(bell_ids=(1,)))
        raise ZeroDivisionError
    work()
    assert heard == []
    assert not Event.objects.filter(name=events.kind_name(BellRang)).exists()


def test_only_the_handler_that_failed_is_repeated():
    broken.add("first")
    ring()
    work()
    # A slow worker may come to the next try of what failed before it ends.
    assert (heard.count("second"), "first" in heard) == (1, True)
    failed = Delivery.objects.get(delivered_at__isnull=True)
    assert "no wire" in failed.failure
    assert not Event.objects.filter(name="written by first").exists()
    broken.clear()
    make_due()
    work()
    assert (heard.count("second"), heard.count("first") > 1) == (1, True)
    assert not Delivery.objects.exclude(failure="").exists()
    assert Event.objects.filter(name="written by first").count() == 1


def test_a_delivery_that_comes_twice_is_heard_once():
    ring()
    for delivery in Delivery.objects.all():
        events.deliver(delivery_id=delivery.pk)
        events.deliver(delivery_id=delivery.pk)
    assert sorted(heard) == ["first", "second"]


def test_old_events_go_when_everybody_has_heard():
    broken.add("first")
    ring()
    work()
    later = datetime(2999, 1, 1, tzinfo=UTC)
    assert forget_old_records(now=later) == 0
    broken.clear()
    make_due()
    work()
    assert forget_old_records(now=later) == 2
    assert Delivery.objects.count() == 0


def environment_of_worker() -> dict[str, str]:
    """The environment of a process that works on this test's own database."""
    told = connections["default"].settings_dict
    host = quote(str(told["HOST"]), safe="")
    url = f"postgresql://{told['USER']}@/{told['NAME']}?host={host}"
    return {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "regulars.settings",
        "PYTHONPATH": str(ROOT),
    }


WORKER = """
import django
django.setup()
from tests.worker import work
import regulars.core.tests.jobs_of_tests
work()
"""


def told(marker: Path) -> str:
    """What stands in the marker so far; a file that is there may still be empty."""
    return marker.read_text(encoding="utf-8") if marker.exists() else ""


def test_a_killed_worker_s_job_goes_to_the_next(tmp_path):
    marker = tmp_path / "marker"
    outlive.enqueue(path=str(marker))
    doomed = subprocess.Popen([sys.executable, "-c", WORKER], env=environment_of_worker(), cwd=ROOT)
    deadline = time.monotonic() + 60
    while not told(marker) and time.monotonic() < deadline and doomed.poll() is None:
        time.sleep(0.1)
    # Killed before anything may fail: a worker left behind would hold this test's database.
    doomed.send_signal(signal.SIGKILL)
    doomed.wait()
    assert told(marker) == "started"
    assert pick_up_stalled_jobs(now=timezone.now()) == 0
    execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '5 minutes'")
    assert pick_up_stalled_jobs(now=timezone.now()) == 1
    work()
    assert marker.read_text(encoding="utf-8") == "done"
