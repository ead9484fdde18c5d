"""A real worker for tests: runs what is in the queue, then ends."""

from procrastinate.contrib.django import app as django_app


def work() -> None:
    """Run jobs until the queue is empty."""
    worker = django_app.connector.get_worker_connector()  # type: ignore[attr-defined]
    with django_app.replace_connector(worker) as running:
        running.run_worker(
            wait=False, concurrency=1, install_signal_handlers=False, listen_notify=False
        )
