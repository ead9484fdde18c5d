"""A new record is taken in and resolved by indexes alone, however many records there are."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from regulars.customers.actions import CustomerRef, ProfileInput, learn_customers
from regulars.customers.actions.comparing import TURN
from regulars.customers.actions.profiles import Learned
from regulars.customers.actions.resolving import resolve_due
from regulars.customers.queries.persons import leaders_of
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


def learn(number: int, facts: dict[str, str], *refs: CustomerRef) -> Learned:
    told = [ProfileInput(f"p{number}", facts, refs)]
    (learned,) = learn_customers(told, source="crm", now=make.NOW)
    return learned


def test_no_table_that_grows_is_read_whole() -> None:
    ann = {"name": "Ann Cooper", "birthday": "1988-04-07", "phone": "+442079460018"}
    first = learn(1, ann, CustomerRef("card", "555")).customer_id
    learn(2, ann | {"name": "Bob Cooper", "birthday": "1990-01-02"}, CustomerRef("card", "555"))
    plans = Plans()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    with connection.execute_wrapper(plans):
        third = learn(3, ann | {"name": "Anne Cooper", "email": "ann@example.com"})
        learn(4, {"name": "Ann Cooper"}, CustomerRef("id", str(first)))
    assert third.lead_id == first
    assert plans.statements > 20
    assert plans.read_whole == {}


def test_while_somebody_else_compares_records_wait_for_the_job() -> None:
    ann = {"name": "Ann Cooper", "birthday": "1988-04-07", "phone": "+442079460018"}
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [TURN])
        first, second = learn(1, ann), learn(2, ann)
        cursor.execute("SELECT pg_advisory_unlock(%s)", [TURN])
    other.close()
    assert second.lead_id == second.customer_id
    assert resolve_due(now=make.NOW) == 2
    assert leaders_of([second.customer_id]) == {second.customer_id: first.customer_id}


def test_a_record_that_says_something_else_is_compared_anew_at_once() -> None:
    ann = {"name": "Ann Cooper", "birthday": "1988-04-07"}
    first = learn(1, ann).customer_id
    assert learn(2, ann | {"name": "Bob Webb"}).lead_id != first
    assert learn(2, ann | {"city": "York"}).lead_id == first
