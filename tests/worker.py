"""A real worker for tests: runs what is in the queue, then ends."""

from concurrent.futures import ThreadPoolExecutor

from procrastinate.contrib.django import app as django_app


def work() -> None:
    """Run jobs until the queue is empty.

    In a thread of its own, because a browser test before may have left its event loop in this one.
    """
    with ThreadPoolExecutor(max_workers=1) as aside:
        aside.submit(_run).result()


def _run() -> None:
    worker = django_app.connector.get_worker_connector()  # type: ignore[attr-defined]
    with django_app.replace_connector(worker) as running:
        running.run_worker(
            wait=False, concurrency=1, install_signal_handlers=False, listen_notify=False
        )
