"""Every table says what it holds of people, so that rights reach tables that come later too."""

import pytest
from django.apps import apps
from django.db import connection, models

from regulars.core.holdings import holdings, impersonal_tables, shown_rows, staff_tables
from regulars.customers.queries.privacy import person_of
from tests import make

pytestmark = pytest.mark.django_db

TELLING = {
    *("name", "email", "phone", "address", "value", "values", "text", "html", "subject", "body"),
    *("detail", "failure", "ip", "user_agent", "context", "properties", "args", "note", "reason"),
}
"""Names of columns that may hold something personal, whatever the table."""


def may_be_personal(model: type[models.Model]) -> bool:
    fields = model._meta.concrete_fields
    return any(
        field.name in TELLING
        or isinstance(field, models.JSONField | models.TextField | models.BinaryField)
        or (field.is_relation and field.related_model._meta.label == "customers.Customer")
        for field in fields
    )


def test_every_table_that_may_be_personal_is_on_the_list() -> None:
    known = {one.table for one in holdings()} | impersonal_tables().keys() | staff_tables().keys()
    tables = {model._meta.db_table for model in apps.get_models() if may_be_personal(model)}
    assert not sorted(tables - known), (
        "say in your domain's personal.py what this table holds of people"
    )


def test_every_table_that_names_a_customer_is_a_holding() -> None:
    held = {one.table for one in holdings()}
    naming = {
        model._meta.db_table
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model._meta.label == "customers.Customer"
    }
    assert not sorted(naming - held)


def test_what_is_on_the_list_exists() -> None:
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
    listed = {one.table for one in holdings()} | impersonal_tables().keys() | staff_tables().keys()
    assert not listed - there


def test_every_statement_of_a_holding_runs() -> None:
    person = person_of(make.customer("Anna Petrova", email="anna@example.com").pk)
    assert {one.table: len(shown_rows(one, person)) for one in holdings() if one.shows}[
        "customers_identity"
    ] == 1
