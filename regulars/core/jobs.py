"""Jobs: a queue inside PostgreSQL, so that work is enqueued in the transaction that needs it.

procrastinate stays behind this module: domains know `job`, `every` and `enqueue`, nothing else.
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import procrastinate
from django.apps import apps
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app as django_app

from regulars.core.errors import Permanent
from regulars.core.sql import cursor_for, json_array

STALLED_AFTER_S = 60
"""A worker that has been silent this long is held to be dead, and its jobs go to another."""

_waiting_for_app: list[Callable[[procrastinate.App], None]] = []
_app: list[procrastinate.App] = []


@dataclass(frozen=True)
class Job:
    """A function that a worker runs later, at least once."""

    name: str
    run: Callable[..., object]

    def enqueue(self, **arguments: Any) -> None:
        """Have it run once with these arguments, after the current transaction commits."""
        self.enqueue_many([arguments])

    def enqueue_many(self, batch: Sequence[dict[str, Any]]) -> None:
        """Have it run once for each set of arguments; one statement for all."""
        if not batch:
            return
        task = django_app.tasks[self.name]
        with cursor_for(len(batch)) as cursor:
            cursor.execute(
                _DEFER, [task.queue, task.name, task.priority, task.lock, json_array(batch)]
            )

    def enqueue_at(self, moment: datetime, **arguments: Any) -> None:
        """Have it run once at that moment, or within two seconds after it."""
        django_app.tasks[self.name].configure(schedule_at=moment).defer(**arguments)

    def __call__(self, **arguments: Any) -> object:
        return self.run(**arguments)


_DEFER = """SELECT procrastinate_defer_jobs_v1(array_agg(
    ROW(%s::text, %s::text, %s::int, %s::text, NULL, args, NULL)::procrastinate_job_to_defer_v1))
FROM unnest(%s::jsonb[]) AS given (args)"""
"""What procrastinate does itself, by its own function, but planned once: every event needs it."""


def job(
    *, queue: str = "fast", attempts: int = 8, cron: str | None = None, lock: str | None = None
) -> Callable[[Callable[..., object]], Job]:
    """A decorator that makes a function a job.

    It is tried again with growing pauses until `attempts` are used up; `Permanent` ends it at
    once. With `cron` it also runs by the clock; the function must then take `timestamp`.
    """

    def make(function: Callable[..., object]) -> Job:
        name = f"{function.__module__}.{function.__qualname__}"
        retry = RetryStrategy(max_attempts=attempts, exponential_wait=3)

        def register(app: procrastinate.App) -> None:
            task = app.task(name=name, queue=queue, retry=_unless_permanent(retry), lock=lock)(
                function
            )
            if cron:
                app.periodic(cron=cron)(task)

        if _app:
            register(_app[0])
        else:
            _waiting_for_app.append(register)
        return Job(name=name, run=function)

    return make


def every(cron: str, *, queue: str = "fast") -> Callable[[Callable[..., object]], Job]:
    """A decorator for what runs by the clock: `@every("*/5 * * * *")`; takes `timestamp`."""
    return job(queue=queue, cron=cron, attempts=1)


def load_jobs() -> None:
    """Import every module of every domain's actions, where jobs are declared, so that a worker knows all.

    A worker cannot run a job it never heard of, nor start one by the clock.
    """
    for domain in apps.get_app_configs():
        name = f"{domain.name}.actions"
        if not domain.name.startswith("regulars.") or not importlib.util.find_spec(name):
            continue
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}."):
            importlib.import_module(module.name)


def on_app_ready(app: procrastinate.App) -> None:
    """Called by procrastinate once Django is up: jobs declared so far are registered."""
    _app.append(app)
    for register in _waiting_for_app:
        register(app)
    _waiting_for_app.clear()


class _UnlessPermanent(procrastinate.BaseRetryStrategy):
    def __init__(self, strategy: RetryStrategy) -> None:
        self._strategy = strategy

    def get_retry_decision(
        self, *, exception: BaseException, job: procrastinate.jobs.Job
    ) -> procrastinate.RetryDecision | None:
        if isinstance(exception, Permanent):
            return None
        return self._strategy.get_retry_decision(exception=exception, job=job)


def _unless_permanent(strategy: RetryStrategy) -> procrastinate.BaseRetryStrategy:
    return _UnlessPermanent(strategy)
