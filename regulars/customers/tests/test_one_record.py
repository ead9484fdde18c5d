"""A new record is taken in and resolved by indexes alone, however many records there are."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from regulars.customers.actions import CustomerRef, ProfileInput, learn_customers
from regulars.customers.actions.resolving import resolve_customers
from tests import make

pytestmark = pytest.mark.django_db

GROWING = {
    f"customers_{table}"
    for table in """customer sourcerecord identity claim comparable blockkey evidence merging relation
    relationmember""".split()
}
"""Tables that grow with the number of records."""


class Plans:
    """Keeps the tables that statements read whole although the planner was told to avoid it."""

    def __init__(self) -> None:
        self.read_whole: dict[str, set[str]] = {}
        self.statements = 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, *more: Any) -> Any:
        if "customers_" in sql:
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {sql}", params)
                plan = "\n".join(row[0] for row in cursor.fetchall())
            self.statements += 1
            if found := GROWING.intersection(re.findall(r"Seq Scan on (\w+)", plan)):
                self.read_whole[" ".join(sql.split())[:80]] = found
        return execute(sql, params, *more)


def learn(number: int, facts: dict[str, str], *refs: CustomerRef) -> int:
    told = [ProfileInput(f"p{number}", facts, refs)]
    (learned,) = learn_customers(told, source="crm", now=make.NOW)
    resolve_customers([learned.customer_id], now=make.NOW)
    return learned.customer_id


def test_no_table_that_grows_is_read_whole() -> None:
    ann = {"name": "Ann Cooper", "birthday": "1988-04-07", "phone": "+442079460018"}
    first = learn(1, ann, CustomerRef("card", "555"))
    learn(2, ann | {"name": "Bob Cooper", "birthday": "1990-01-02"}, CustomerRef("card", "555"))
    plans = Plans()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    with connection.execute_wrapper(plans):
        learn(3, ann | {"name": "Anne Cooper", "email": "ann@example.com"})
        learn(4, {"name": "Ann Cooper"}, CustomerRef("id", str(first)))
    assert plans.statements > 20
    assert plans.read_whole == {}
