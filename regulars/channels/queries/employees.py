"""Employees as readers of letters: who gets any, in which language."""

from collections.abc import Collection
from dataclasses import dataclass

from regulars.channels.models import Message, UnwantedLetter
from regulars.channels.queries.channels import default_channel
from regulars.company.models import Employee
from regulars.company.queries import get_brand


@dataclass(frozen=True, slots=True)
class EmployeeReader:
    """An employee who may be written to, at the address of their account."""

    id: int
    address: str
    language: str


def can_write_to_employees() -> bool:
    """Whether letters to employees leave: they go by mail, so a mail server must be set."""
    return default_channel() == "email"


def readers_among(employee_ids: Collection[int], topic: str) -> dict[int, EmployeeReader]:
    """Those of these employees who get letters about a topic, by id. Three statements at most.

    Who left, who was made up for the sample data and who does not want them gets none; without a
    mail server nobody does.
    """
    if not employee_ids or not can_write_to_employees():
        return {}
    usual = get_brand().language
    unwanted = UnwantedLetter.objects.filter(topic=topic).values("employee")
    rows = Employee.objects.filter(pk__in=employee_ids, is_active=True, sample=False)
    return {
        pk: EmployeeReader(pk, email, language or usual)
        for pk, email, language in rows.exclude(pk__in=unwanted).values_list(
            "pk", "email", "language"
        )
    }


def wants_letters(employee: Employee, topic: str) -> bool:
    """Whether an employee wants letters about a topic; until they say no, they do."""
    return not UnwantedLetter.objects.filter(employee=employee, topic=topic).exists()


def written_keys(keys: Collection[str]) -> set[str]:
    """Those of these keys under which a message was written."""
    return set(Message.objects.filter(key__in=keys).values_list("key", flat=True))
