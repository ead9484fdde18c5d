"""Every page of the product, visited over HTTP by one user with all data loaded."""

import importlib
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

import httpx
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from regulars.cli.serve import web_server
from regulars.company.models import Employee
from regulars.feedback.models import Invitation, PublicLink
from regulars.loyalty.models import Member, Program
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
    is_page: bool


def measure_pages(*, rounds: int) -> dict[str, Any]:
    """Times, queries and weights of all pages that answer a plain GET."""
    owner = Employee.objects.filter(role="owner", is_active=True).first()
    if owner is None:
        return {"pages": [], "good": False}
    client = Client(headers={"host": "localhost"})
    client.force_login(owner)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    with (
        web_server() as address,
        httpx.Client(base_url=address, cookies=cookies, timeout=30) as visitor,
    ):
        visited = [
            _visit(name, path, browser=client, visitor=visitor, rounds=rounds)
            for name, path in paths()
        ]
    visited = [one for one in visited if one.is_page]
    good = all(one.p95_ms < P95_MS_MAX and one.queries <= QUERIES_MAX for one in visited)
    worst = max(visited, key=lambda one: one.p95_ms)
    return {
        "good": good,
        "worst_p95_ms": worst.p95_ms,
        "most_queries": max(one.queries for one in visited),
        "pages": [asdict(one) for one in sorted(visited, key=lambda one: -one.p95_ms)],
    }


def paths() -> Iterator[tuple[str, str]]:
    """Each page that can be visited, with its address; ids filled in from the data."""
    importlib.import_module(settings.ROOT_URLCONF)
    known = _examples()
    for page in PAGES.values():
        route, place = page.route, page.route.partition("/")[0]
        for converter, parameter in re.findall(r"<(\w+):(\w+)>", page.route):
            example = known.get(f"{place}/{parameter}") or _first(parameter)
            if example is None:
                break
            route = route.replace(f"<{converter}:{parameter}>", str(example))
        else:
            yield page.name, f"/{route}"


def _examples() -> dict[str, object]:
    """What the parameters of routes stand for: the busiest member, who has the longest history."""
    examples: dict[str, object] = {
        "settings/kind": "outbox",
        "loyalty/kind": "share_of_purchase",
        "loyalty/code": Program.objects.values_list("code", flat=True).first(),
        "q/code": PublicLink.objects.values_list("code", flat=True).first(),
        "listen/code": PublicLink.objects.values_list("code", flat=True).first(),
        "s/token": Invitation.objects.values_list("token", flat=True).first(),
    }
    if member := Member.objects.order_by("-visits").first():
        examples |= {"card/token": member.token, "till/number": member.number}
        examples["customers/customer_id"] = member.customer_id
    return examples


def _first(parameter: str) -> object | None:
    """The id of some object of the model that a parameter names, `store_id`, if there is one."""
    noun = parameter.removesuffix("_id").replace("_", "")
    for domain in settings.DOMAINS:
        for model in apps.get_app_config(domain).get_models():
            if parameter.endswith("_id") and model.__name__.lower() == noun:
                return model._default_manager.values_list("pk", flat=True).first()
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
    times.sort()
    return Visited(
        name=name,
        path=path,
        status=first.status_code,
        median_ms=round(statistics.median(times), 1),
        p95_ms=round(times[-(-len(times) * 95 // 100) - 1], 1),
        queries=len(queries),
        kilobytes=round(len(first.content) / 1024, 1),
        is_page=first.status_code == HTTPStatus.OK and "html" in first.headers["content-type"],
    )
