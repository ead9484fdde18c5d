"""A customer's page after many years, beside the page of somebody who came once.

Everything is written by the product's own actions into a data folder of its own, then the pages
are asked for over HTTP, in turns, by one colleague who may see all of them.
"""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from statistics import median
from typing import Any

import httpx
from django.db import connection
from django.test import Client
from django.utils.timezone import now as moment_of_now

from regulars.cli.bench.posting import open_shop, receipt
from regulars.cli.serve import web_server
from regulars.company.models import Employee
from regulars.customers.actions import TrackedInput, record_tracked_events
from regulars.customers.models import Identity
from regulars.feedback.actions.answers import AnswerInput, receive_answers
from regulars.feedback.actions.surveys import create_survey
from regulars.feedback.queries.surveys import latest_version
from regulars.feedback.starters import starter
from regulars.loyalty.actions import take_purchases

P95_MS_MAX = 200.0
PAGES = (
    "",
    "/timeline",
    "/timeline?kind=tracked.event",
    "/sources",
    "/consents",
    "/asked",
    "/person",
)
A_YEAR = {"purchases": 104, "events": 520, "answers": 12}
BATCH = 1_000


def measure_history(*, years: int, rounds: int) -> dict[str, Any]:
    """Milliseconds of each page of a customer, long known and new, and what the long history holds."""
    now = moment_of_now()
    open_shop(now)
    long, short = _customer(0), _customer(1)
    made = _live(long, years=years, now=now)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    owner = Employee.objects.create(email="owner@example.com", name="Owner", role="owner")
    browser = Client(headers={"host": "localhost"})
    browser.force_login(owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
    with (
        web_server() as address,
        httpx.Client(base_url=address, cookies=cookies, timeout=30) as visitor,
    ):
        pages = [_page(visitor, one, long, short, rounds=rounds) for one in PAGES]
    return {
        "years": years,
        **made,
        "pages": pages,
        "goal_ms": P95_MS_MAX,
        "good": all(page["p95_ms"] < P95_MS_MAX for page in pages),
    }


def _customer(number: int) -> int:
    """One of the members of `open_shop`, by the number of the card."""
    return Identity.objects.get(kind="card", value=str(number + 1)).customer_id


def _live(customer_id: int, *, years: int, now: datetime) -> Mapping[str, int]:
    """Write a life of so many years; how much of each there is."""
    random = Random(years)  # noqa: S311 (repeatable figures)
    made = {name: count * years for name, count in A_YEAR.items()}
    spread = {name: timedelta(days=365 * years) / count for name, count in made.items()}
    receipts = [
        receipt(f"long-{n}", 0, random, at=now - n * spread["purchases"])
        for n in range(made["purchases"])
    ]
    for start in range(0, len(receipts), BATCH):
        take_purchases(receipts[start : start + BATCH], now=now)
    events = [
        TrackedInput("web", f"e{n}", "track", at, at, "Product Viewed", user_id=f"{customer_id}")
        for n in range(made["events"])
        for at in (now - n * spread["events"],)
    ]
    for start in range(0, len(events), BATCH):
        record_tracked_events(events[start : start + BATCH], now=now)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_trackedevent SET customer_id = %s", [customer_id])
    definition = starter("after_purchase").definition
    version = latest_version(create_survey(name="After", definition=definition, now=now))
    receive_answers(
        [
            AnswerInput(
                key=f"a{n}",
                version=version,
                values={"nps": n % 11, "why": "Quick and kind"},
                language="en",
                channel="email",
                answered_at=now - n * spread["answers"],
                customer_id=customer_id,
            )
            for n in range(made["answers"])
        ],
        now=now,
    )
    return made


def _page(
    visitor: httpx.Client, page: str, long: int, short: int, *, rounds: int
) -> dict[str, Any]:
    took: dict[int, list[float]] = {long: [], short: []}
    for _round in range(rounds + 1):
        for customer_id, times in took.items():
            started = time.perf_counter()
            visitor.get(f"/customers/{customer_id}{page}").raise_for_status()
            times.append((time.perf_counter() - started) * 1000)
    times, others = sorted(took[long][1:]), took[short][1:]
    return {
        "page": f"/customers/…{page}",
        "median_ms": round(median(times), 1),
        "p95_ms": round(times[-(-len(times) * 95 // 100) - 1], 1),
        "times_short": round(median(times) / median(others), 2),
    }
