"""Every page of the product, visited over HTTP by one user with all data loaded."""

import re
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import httpx
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from regulars.cli.serve import collect_static, web_command
from regulars.company.models import Employee
from regulars.core.models import Record
from regulars.web.pages import PAGES

P95_MS_MAX = 200
QUERIES_MAX = 20


@dataclass(frozen=True)
class Visited:
    """One page's figures: milliseconds of the median and the 95th percentile, queries, size."""

    name: str
    path: str
    status: int
    median_ms: float
    p95_ms: float
    queries: int
    kilobytes: float


def measure_pages(*, rounds: int) -> dict[str, Any]:
    """Times, queries and weights of all pages that answer a plain GET."""
    owner = Employee.objects.filter(role="owner", is_active=True).first()
    if owner is None:
        return {"pages": [], "good": False}
    client = Client(headers={"host": "localhost"})
    client.force_login(owner)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    collect_static()
    port = _free_port()
    server = subprocess.Popen(web_command(host="127.0.0.1", port=port, workers=1))
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", cookies=cookies, timeout=30
        ) as visitor:
            _wait(visitor)
            visited = [
                _visit(name, path, browser=client, visitor=visitor, rounds=rounds)
                for name, path in paths()
            ]
    finally:
        server.terminate()
        server.wait()
    good = all(one.p95_ms < P95_MS_MAX and one.queries <= QUERIES_MAX for one in visited)
    worst = max(visited, key=lambda one: one.p95_ms)
    return {
        "good": good,
        "worst_p95_ms": worst.p95_ms,
        "most_queries": max(one.queries for one in visited),
        "pages": [asdict(one) for one in sorted(visited, key=lambda one: -one.p95_ms)],
    }


def paths() -> Iterator[tuple[str, str]]:
    """Name and address of each page that can be visited, ids filled in from the data."""
    for page in PAGES.values():
        route = page.route
        for converter, parameter in re.findall(r"<(?:(\w+):)?(\w+)>", route):
            example = _example(parameter)
            if example is None:
                break
            route = re.sub(rf"<(?:{converter}:)?{parameter}>", str(example), route)
        else:
            yield page.name, f"/{route}"


def _example(parameter: str) -> object | None:
    """The id or token of some object that a route's parameter may mean, if there is one."""
    noun, _, what = parameter.rpartition("_")
    for domain in settings.DOMAINS:
        for model in apps.get_app_config(domain).get_models():
            if model.__name__.lower() == noun.replace("_", "") and issubclass(model, Record):
                field = "pk" if what == "id" else what
                return model._default_manager.values_list(field, flat=True).first()
    return None


def _visit(name: str, path: str, *, browser: Client, visitor: httpx.Client, rounds: int) -> Visited:
    with CaptureQueriesContext(connection) as queries:
        browser.get(path)
    first = visitor.get(path)
    times = []
    for _round in range(rounds):
        started = time.perf_counter()
        visitor.get(path)
        times.append((time.perf_counter() - started) * 1000)
    return Visited(
        name=name,
        path=path,
        status=first.status_code,
        median_ms=round(statistics.median(times), 1),
        p95_ms=round(sorted(times)[max(0, -(-len(times) * 95 // 100) - 1)], 1),
        queries=len(queries),
        kilobytes=round(len(first.content) / 1024, 1),
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(visitor: httpx.Client) -> None:
    for _attempt in range(100):
        try:
            visitor.get("/healthz")
        except httpx.ConnectError:
            time.sleep(0.1)
        else:
            return
