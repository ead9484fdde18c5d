"""Reads of the audit trail."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Q, QuerySet

from regulars.company.models import Employee
from regulars.core.models import ApiKey
from regulars.customers.models import AccessEntry
from regulars.customers.queries.privacy import records_of


def accesses(
    *,
    customer_id: int | None = None,
    what: str = "",
    actor: str = "",
    actor_number: int | None = None,
) -> QuerySet[AccessEntry]:
    """Entries of the audit trail, the latest first, narrowed by whose data, what, and by whom."""
    rows = AccessEntry.objects.order_by("-id")
    if customer_id is not None:
        ids = list(records_of(customer_id)) or [customer_id]
        rows = rows.filter(Q(customer_ids__overlap=ids) | Q(everybody=True))
    if what:
        rows = rows.filter(what=what)
    if actor:
        rows = rows.filter(actor=actor)
    if actor_number is not None:
        rows = rows.filter(actor_number=actor_number)
    return rows


class Seen(NamedTuple):
    """An entry with the name of who it was."""

    entry: AccessEntry
    who: str


def with_names(entries: Iterable[AccessEntry]) -> list[Seen]:
    """Entries with the names of employees and keys; two statements."""
    rows = list(entries)
    employees = {one.pk: str(one) for one in _of(Employee, "employee", rows)}
    programs = {one.pk: str(one) for one in _of(ApiKey, "program", rows)}
    names = {"employee": employees, "program": programs}
    return [Seen(row, names.get(row.actor, {}).get(row.actor_number or 0, "")) for row in rows]


def _of(
    model: type[Employee] | type[ApiKey], actor: str, rows: list[AccessEntry]
) -> QuerySet[Employee] | QuerySet[ApiKey]:
    numbers = {row.actor_number or 0 for row in rows if row.actor == actor}
    return model._default_manager.filter(pk__in=numbers)
