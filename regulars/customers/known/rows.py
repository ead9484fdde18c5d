"""How sources read the rows of a batch of persons."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from regulars.company.models import Store
from regulars.core.conditions.fields import Choice


def stores() -> Sequence[Choice]:
    """The stores of the company, to choose from."""
    return [Choice(store.code, str(store)) for store in Store.objects.order_by("code")]


def rows_by_lead(sql: str, parameters: Mapping[str, Any]) -> Mapping[int, list[dict[str, Any]]]:
    """The rows of a statement that gives `lead_id`, by it; moments in UTC."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(sql, parameters):
        found[row.pop("lead_id")].append(row)
    return found


def rows_of(sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a statement, moments in UTC."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, map(_in_utc, row), strict=True)) for row in cursor.fetchall()]


def _in_utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
