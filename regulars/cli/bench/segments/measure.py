"""Segments at size: seconds until a fact shows, exact sizes, and the filling of segments.

Everything happens in a data folder of its own with a database, a lake, a web server and a worker,
each as the product runs them. Facts come in by the doors they come in by every day: purchases and
consents through their actions, events over HTTP.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from statistics import median
from typing import Any

import httpx
from django.db import connection
from django.utils.timezone import now as moment_of_now

from regulars.cli.bench.segments.asked import (
    PROBE_AGREED,
    PROBE_EVENT,
    PROBE_STORE,
    PROBES,
    SIZES,
    live_segments,
)
from regulars.cli.bench.segments.data import make_company
from regulars.cli.console import speech
from regulars.cli.serve import web_server, workers
from regulars.connectors.actions import SourceWish, open_event_source
from regulars.connectors.models import EventSource
from regulars.core.conditions.reading import parse
from regulars.customers.actions import (
    CustomerRef,
    LineInput,
    PurchaseInput,
    record_purchases,
)
from regulars.customers.actions.consents import record_consents
from regulars.customers.actions.segments import SegmentInput, create_segment
from regulars.customers.knowledge import CUSTOMER
from regulars.customers.models import Customer, Segment, SegmentMember
from regulars.customers.rules.words import ConsentInput
from regulars.insight.actions.lake import refresh_lake
from regulars.insight.actions.scoring import score_customers
from regulars.insight.models import CustomerRfm
from regulars.insight.segments.filling import fill_segments
from regulars.insight.segments.sizes import size_of

FOLLOWED_MAX_S = 5.0
SIZED_MAX_S = 1.0
GIVE_UP_S = 120.0
POLL_S = 0.05
ENDS_IN_S = 8
"""So long before its end a window is made, so that the person is in before they go."""

SIZE_ROUNDS = 3


Ask = Callable[[int], Callable[[], bool]]
"""Makes a fact about a customer, and gives what says whether the members show it."""


def measure_segments(*, people: int, probes: int) -> dict[str, Any]:
    """Make the company if it is not there, then measure; `good` where both goals are met."""
    made = _company(people)
    sizes = _sizes()
    filled = _filled()
    with _doors() as door:
        asks: dict[str, Ask] = {
            "purchase": _purchase,
            "consent": _consent,
            "event": partial(_event, door=door),
            "window": _window,
        }
        followed = {name: _figures(name, ask, probes) for name, ask in asks.items()}
        under_load = _sizes()
    slowest = max(one["worst_s"] for one in followed.values())
    worst = max(one["median_s"] for one in sizes.values())
    return {
        "people": people,
        "segments": len(live_segments()),
        "made": made,
        "filling": filled,
        "followed": followed,
        "followed_worst_s": slowest,
        "sizes": sizes,
        "sizes_median_s": round(median(one["median_s"] for one in sizes.values()), 3),
        "sizes_worst_s": worst,
        "sizes_beside_worker_worst_s": max(one["median_s"] for one in under_load.values()),
        "good": slowest <= FOLLOWED_MAX_S and worst <= SIZED_MAX_S,
    }


def _company(people: int) -> dict[str, Any]:
    steps: dict[str, Any] = {}
    if CustomerRfm.objects.exists():
        return steps
    if not Customer.objects.exists():
        with _timed(steps, "database_s"):
            steps["rows"] = make_company(people=people, now=moment_of_now().isoformat())
    with _timed(steps, "lake_s"):
        refresh_lake(now=moment_of_now())
    with _timed(steps, "scores_s"):
        score_customers(now=moment_of_now())
    with _timed(steps, "lake_again_s"):
        refresh_lake(now=moment_of_now())
    return steps


def _filled() -> dict[str, Any]:
    """Seconds to find the people of all segments at once, and of one more."""
    now = moment_of_now()
    for code, raw in live_segments().items():
        if not Segment.objects.filter(code=code).exists():
            create_segment(code, SegmentInput(code, condition=raw), now=now)
    _forget_jobs()
    found: dict[str, Any] = {}
    if Segment.objects.filter(counted_at=None).exists():
        with _timed(found, "all_s"):
            fill_segments(now=moment_of_now())
    one = Segment.objects.get(code="mixed_0")
    with _timed(found, "one_s"):
        fill_segments([one.pk], now=moment_of_now())
    found["members"] = SegmentMember.objects.filter(left_at=None).count()
    return found


def _forget_jobs() -> None:
    """The worker is to begin with an empty queue, as it does on a quiet day.

    Events count as told: what was not delivered would be sent again.
    """
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
        cursor.execute("UPDATE core_delivery SET delivered_at = now() WHERE delivered_at IS NULL")


def _sizes() -> dict[str, dict[str, Any]]:
    """Exact sizes by the clock, and the processor time they take of both cores."""
    found = {}
    for name, raw in SIZES.items():
        condition = parse(raw, CUSTOMER)
        took, spent = [], []
        for _round in range(SIZE_ROUNDS):
            started_s, before_s = time.perf_counter(), time.process_time()
            size = size_of(condition, now=moment_of_now())
            took.append(time.perf_counter() - started_s)
            spent.append(time.process_time() - before_s)
        found[name] = {
            "size": size.size,
            "pending": size.pending,
            "median_s": round(median(took), 3),
            "worst_s": round(max(took), 3),
            "cpu_s": round(median(spent), 3),
        }
        speech.print(f"size {name}: {found[name]}")
    return found


def _figures(name: str, ask: Ask, probes: int) -> dict[str, float]:
    """Seconds from each fact until the members of a segment show it."""
    took = []
    probed = SegmentMember.objects.filter(segment__code__in=PROBES).values("customer")
    people = Customer.objects.exclude(pk__in=probed).order_by("pk").values_list("pk", flat=True)
    for customer_id in people[1 : probes + 1]:
        is_done = ask(customer_id)
        took.append(_waited_s(is_done))
    speech.print(f"{name}: {[round(one, 2) for one in took]}")
    return {"median_s": round(median(took), 3), "worst_s": round(max(took), 3)}


def _waited_s(is_done: Callable[[], bool]) -> float:
    started_s = time.perf_counter()
    while not is_done() and time.perf_counter() - started_s < GIVE_UP_S:
        time.sleep(POLL_S)
    return time.perf_counter() - started_s


def _held(code: str) -> int:
    return SegmentMember.objects.filter(segment__code=code, left_at=None).count()


def _one_more(code: str) -> Callable[[], bool]:
    before = _held(code)
    return lambda: _held(code) > before


def _purchase(customer_id: int, *, ago: timedelta = timedelta(0)) -> Callable[[], bool]:
    is_done = _one_more("probe_purchase")
    now = moment_of_now()
    who = CustomerRef("id", str(customer_id))
    number = f"probe-{customer_id}-{now.timestamp()}"
    lines = (LineInput("P1", 1_000, 2_000_000),)
    record_purchases([PurchaseInput("bench", number, who, PROBE_STORE, now - ago, lines)], now=now)
    return is_done


def _window(customer_id: int) -> Callable[[], bool]:
    """Somebody bought almost an hour ago: nothing happens but that the hour ends."""
    ends_in = timedelta(seconds=ENDS_IN_S)
    ends_s = time.perf_counter() + ENDS_IN_S
    came = _purchase(customer_id, ago=timedelta(hours=1) - ends_in)
    _waited_s(lambda: came() or time.perf_counter() > ends_s)
    before = _held("probe_purchase")
    time.sleep(max(0.0, ends_s - time.perf_counter()))
    return lambda: _held("probe_purchase") < before


def _consent(customer_id: int) -> Callable[[], bool]:
    is_done = _one_more("probe_consent")
    now = moment_of_now()
    purpose, channel = PROBE_AGREED.split(":")
    who = CustomerRef("id", str(customer_id))
    word = ConsentInput(
        customer=who, purpose=purpose, channel=channel, state="given", at=now, source="bench"
    )
    record_consents([word], now=now)
    return is_done


def _event(customer_id: int, *, door: httpx.Client) -> Callable[[], bool]:
    is_done = _one_more("probe_event")
    told = {"userId": f"user-{customer_id}-{time.time_ns()}", "event": PROBE_EVENT}
    door.post("/v1/track", json=told).raise_for_status()
    return is_done


@contextmanager
def _doors() -> Iterator[httpx.Client]:
    """A web server that takes events, and workers, as the product starts them."""
    code = "bench"
    source = EventSource.objects.filter(code=code).first() or open_event_source(
        code, SourceWish("Bench"), now=moment_of_now()
    )
    children = workers()
    try:
        with (
            web_server() as address,
            httpx.Client(base_url=address, auth=(source.write_key, "")) as door,
        ):
            yield door
    finally:
        for child in children:
            child.end()


@contextmanager
def _timed(into: dict[str, Any], name: str) -> Iterator[None]:
    started_s = time.perf_counter()
    yield
    into[name] = round(time.perf_counter() - started_s, 1)
    speech.print(f"{name} {into[name]}")
