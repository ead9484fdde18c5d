"""Employees: invited by an owner, with a role and stores, and deactivated when they leave."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from regulars.company.models import Employee, Store
from regulars.company.rules import ROLES, STORE_ROLES
from regulars.core.errors import Conflict, Forbidden, Refused
from regulars.web.signin import create_link

INVITATION_MINUTES = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class EmployeeInput:
    """What is said of an employee; stores matter for store managers and cashiers only."""

    name: str
    role: str
    store_ids: Collection[int] = ()
    language: str = ""


@transaction.atomic
def invite_employee(email: str, told: EmployeeInput, *, now: datetime) -> tuple[Employee, str]:
    """A new employee, and the link that signs them in once within a week."""
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Refused("bad_email", _("This is not an e-mail address"), "email") from None
    if Employee.objects.filter(email=email).exists():
        raise Conflict("known_email", _("Somebody with this e-mail works here already"), "email")
    stores = _stores_for(told)
    employee = Employee.objects.create_user(
        email, None, name=told.name.strip(), role=told.role, language=told.language
    )
    employee.stores.set(stores)
    return employee, create_link(employee, INVITATION_MINUTES, now=now)


@transaction.atomic
def change_employee(employee: Employee, told: EmployeeInput) -> Employee:
    """The employee with this name, role and these stores; the last owner keeps their role."""
    stores = _stores_for(told)
    if told.role != "owner":
        _keep_an_owner(employee)
    employee.name, employee.role = told.name.strip(), told.role
    employee.language = told.language
    employee.save(update_fields=["name", "role", "language"])
    employee.stores.set(stores)
    return employee


@transaction.atomic
def deactivate_employee(employee: Employee) -> None:
    """The employee may not sign in any more, and every session of theirs is over."""
    _keep_an_owner(employee)
    Employee.objects.filter(pk=employee.pk).update(is_active=False)


def reactivate_employee(employee: Employee, *, now: datetime) -> str:
    """The employee may sign in again; gives a link that does so once within a week."""
    Employee.objects.filter(pk=employee.pk).update(is_active=True)
    return create_link(employee, INVITATION_MINUTES, now=now)


def renew_invitation(employee: Employee, *, now: datetime) -> str:
    """A new link that signs the employee in once within a week."""
    if not employee.is_active:
        raise Forbidden("not_active", _("This employee is deactivated"))
    return create_link(employee, INVITATION_MINUTES, now=now)


def _stores_for(told: EmployeeInput) -> list[Store]:
    if told.role not in ROLES:
        raise Refused("unknown_role", _("There is no such role"), "role")
    if not told.name.strip() or len(told.name) > 100 or "\x00" in told.name:
        raise Refused("bad_name", _("A name of 1 to 100 characters"), "name")
    if told.role not in STORE_ROLES:
        return []
    stores = list(Store.objects.filter(pk__in=told.store_ids))
    if not stores:
        raise Refused("no_stores", _("Choose the stores this person works for"), "stores")
    return stores


def _keep_an_owner(employee: Employee) -> None:
    """Refuse to lose the last owner. All owners are locked, so two cannot remove each other."""
    owners = Employee.objects.select_for_update().filter(role="owner", is_active=True)
    ids = set(owners.order_by("pk").values_list("pk", flat=True))
    if ids == {employee.pk}:
        raise Refused("last_owner", _("The company needs an owner"), "role")
