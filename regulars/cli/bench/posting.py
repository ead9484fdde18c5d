"""Purchases posted per second, beside the bare limit: the same rows by hand-written SQL, no rules.

Everything happens in a database of its own on the same server, which is dropped afterwards. The
product takes purchases of three lines through the action that tills and imports use. Then the
very rows it wrote are written again under other ids, by plain statements whose parameters were
made ready before the clock started: what no program on this database could beat by much.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from random import Random
from statistics import median
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.utils.timezone import now as moment_of_now

from regulars.cli.bench.bare import SHIFT, TABLES, BareBatch, read_back, write_bare
from regulars.company.models import Brand, Category, Product, Store
from regulars.customers.actions import CustomerRef, LineInput, PurchaseInput
from regulars.loyalty.actions import (
    ProgramInput,
    RuleInput,
    TierInput,
    UnitInput,
    open_program,
    take_purchases,
)
from regulars.loyalty.rules.expiry import Expiry

DATABASE = "regulars_bench"
MEMBERS = 2_000
PRODUCTS = 1_000
STORES = 20
ROUNDS = {1: 200, 10: 100, 100: 40, 1_000: 12, 10_000: 3}
"""Batches measured of each size, after one to warm up."""


def measure_posting() -> dict[str, Any]:
    """For each batch size: purchases per second of the product and of the bare limit, and the ratio.

    The two take turns, batch by batch, so that whatever else the machine does meets both; each
    figure is of the median batch.
    """
    now = moment_of_now()
    with database_of_its_own():
        open_shop(now)
        batches = [_measured(size, rounds, now=now) for size, rounds in ROUNDS.items()]
    return {"batches": batches, "lines": 3, "members": MEMBERS}


def _measured(size: int, rounds: int, *, now: datetime) -> dict[str, float]:
    random = Random(size)  # noqa: S311 (repeatable figures)
    product, bare = [], []
    for round_ in range(rounds + 1):
        batch = [
            receipt(
                f"{size}-{round_}-{n}",
                random.randrange(MEMBERS),
                random,
                at=now - timedelta(seconds=n),
            )
            for n in range(size)
        ]
        marks = _marks()
        gc.collect()
        product.append(_seconds(partial(take_purchases, batch, now=now)))
        rows = read_back(marks)
        gc.collect()
        bare.append(_seconds(partial(_write_bare, rows)))
    seconds, least = median(product[1:]), median(bare[1:])
    return {
        "size": size,
        "per_second": round(size / seconds, 1),
        "bare_per_second": round(size / least, 1),
        "ratio": round(least / seconds, 3),
    }


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _write_bare(rows: BareBatch) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        write_bare(cursor, rows)


@contextmanager
def database_of_its_own() -> Iterator[None]:
    """An empty database with all tables, dropped after the block."""
    usual = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {DATABASE}")
    _move_to(DATABASE)
    try:
        call_command("migrate", verbosity=0, interactive=False)
        yield
    finally:
        _move_to(usual)
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")


def _move_to(name: str) -> None:
    connection.close()
    if connection.settings_dict["OPTIONS"].get("pool"):
        connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict["NAME"] = name


def open_shop(now: datetime) -> None:
    """A program with everyday rules, products in categories, stores, and members who shopped once."""
    Brand.objects.get_or_create(pk=1, defaults={"name": "Bench"})
    food = Category.objects.create(name="Food", path="Food")
    other = Category.objects.create(name="Tobacco", path="Tobacco")
    Product.objects.bulk_create(
        Product(sku=f"P{n}", name=f"Product {n}", category=other if n % 10 == 0 else food)
        for n in range(PRODUCTS)
    )
    Store.objects.bulk_create(Store(code=f"S{n}", name=f"Store {n}") for n in range(STORES))
    open_program(program_of_bench(), now=now)
    first = [receipt(f"first-{n}", n, Random(n), at=now) for n in range(MEMBERS)]  # noqa: S311
    take_purchases(first, now=now)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def program_of_bench() -> ProgramInput:
    """A program as retailers run it: points without tobacco, status points, a gift every ten visits."""
    not_tobacco = {"lines": {"except_categories": ["Tobacco"]}}
    return ProgramInput(
        code="bench",
        name="Bench",
        currency="USD",
        units=(
            UnitInput(
                "points",
                "Points",
                "spendable",
                worth_minor=1,
                expiry=Expiry(kind="months", months=12),
            ),
            UnitInput("status", "Status points", "qualifying"),
        ),
        tiers=(TierInput("silver", "Silver", 500), TierInput("gold", "Gold", 2_000)),
        rules=(
            RuleInput("base", "Base", "share_of_purchase", not_tobacco),
            RuleInput("status", "Status", "share_of_purchase", {"unit": "status"}),
            RuleInput("tenth", "Every tenth visit", "every_nth_visit", {"every": 10}),
        ),
    )


def receipt(number: str, member: int, random: Random, *, at: datetime) -> PurchaseInput:
    """A purchase of three lines by one of the members."""
    lines = tuple(
        LineInput(f"P{random.randrange(PRODUCTS)}", 1_000, random.randrange(50, 2_000))
        for _ in range(3)
    )
    store = f"S{random.randrange(STORES)}"
    return PurchaseInput("bench", number, CustomerRef("card", str(member + 1)), store, at, lines)


def _marks() -> dict[str, int]:
    """The highest id of each table, to know afterwards what is new."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT "
            + ", ".join(
                f"(SELECT coalesce(max(id), 0) FROM {table} WHERE id < {SHIFT})" for table in TABLES
            )
        )
        return dict(zip(TABLES, cursor.fetchone(), strict=True))
