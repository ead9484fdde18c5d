"""Employees: who works here, with which role, for which stores."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from regulars.company.actions.people import (
    EmployeeInput,
    change_employee,
    deactivate_employee,
    invite_employee,
    reactivate_employee,
    renew_invitation,
)
from regulars.company.models import Employee, Store
from regulars.company.queries import find_employees
from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.web.frame import say
from regulars.web.pages import Setting, Shown, blame, page, show, show_form

PER_PAGE = 50
ROLE_NAMES = {
    "owner": _("Owner"),
    "cx_manager": _("Customer experience manager"),
    "marketer": _("Marketer"),
    "loyalty_manager": _("Loyalty manager"),
    "agent": _("Agent"),
    "support_lead": _("Support lead"),
    "mystery_coordinator": _("Mystery-shop coordinator"),
    "store_manager": _("Store manager"),
    "cashier": _("Cashier"),
}
LANGUAGES = [("", _("As the company's")), ("en", _("English")), ("ru", _("Russian"))]


class EmployeeForm(forms.Form):
    """What an employee may see and do follows from the role; stores narrow it."""

    email = forms.EmailField(label=_("E-mail"), help_text=_("Signs in with it"))
    name = forms.CharField(label=_("Full name"), max_length=100)
    role = forms.ChoiceField(label=_("Role"), choices=list(ROLE_NAMES.items()))
    stores = forms.ModelMultipleChoiceField(
        Store.objects.order_by("name", "id"),
        label=_("Stores"),
        required=False,
        help_text=_("For store managers and cashiers: they see only these"),
    )
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES, required=False)

    def told(self) -> EmployeeInput:
        """What a valid form says of the employee."""
        given = self.cleaned_data
        ids = [store.pk for store in given["stores"]]
        return EmployeeInput(given["name"], given["role"], ids, given["language"])


@page(
    "settings/employees",
    needs="company.view_employee",
    title=_("Employees"),
    setting=Setting(_("Employees"), _("Roles, stores, invitations"), "people", 40),
)
def employees(request: HttpRequest) -> Shown:
    """Everybody who works here, the active ones first."""
    text = request.GET.get("q", "")[:100].replace("\x00", "")
    rows = find_employees(text).prefetch_related("stores").order_by("-is_active", "name", "id")
    listed = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    for employee in listed:
        employee.role_name = ROLE_NAMES[employee.role]  # type: ignore[attr-defined]
    return show(request, "company/employees.html", listed=listed, query=text)


@page("settings/employees/new", needs="company.change_employee", title=_("Invite a colleague"))
@never_cache
def new_employee(request: HttpRequest) -> Shown:
    """A form for a new employee; its answer shows the link that lets them in once."""
    form = EmployeeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            invited, link = invite_employee(
                form.cleaned_data["email"], form.told(), now=timezone.now()
            )
        except Refused as refused:
            blame(form, refused)
        else:
            return show(request, "company/invited.html", employee=invited, link=link)
    return show_form(request, "company/employee_form.html", form=form, employee=None)


@page("settings/employees/<int:employee_id>", needs="company.change_employee")
def employee(request: HttpRequest, employee_id: int) -> Shown:
    """One employee: name, role, stores, and whether they may sign in."""
    found = _get(request, employee_id)
    initial = {name: getattr(found, name) for name in ("email", "name", "role", "language")}
    form = EmployeeForm(
        request.POST or None, initial={**initial, "stores": list(found.stores.all())}
    )
    form.fields["email"].disabled = True
    if request.method == "POST" and form.is_valid():
        try:
            change_employee(found, form.told())
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, gettext("The employee is saved."))
            return redirect("company.employees")
    return show_form(request, "company/employee_form.html", form=form, employee=found)


@page("settings/employees/<int:employee_id>/link", needs="company.change_employee")
@require_POST
@never_cache
def new_link(request: HttpRequest, employee_id: int) -> Shown:
    """A new link that lets an employee in once; one who was deactivated works here again."""
    found = _get(request, employee_id)
    now = timezone.now()
    link = (
        renew_invitation(found, now=now) if found.is_active else reactivate_employee(found, now=now)
    )
    return show(request, "company/invited.html", employee=found, link=link)


@page("settings/employees/<int:employee_id>/deactivate", needs="company.change_employee")
@require_POST
def deactivate(request: HttpRequest, employee_id: int) -> Shown:
    """The employee may not sign in any more."""
    deactivate_employee(_get(request, employee_id))
    say(request, gettext("This employee may not sign in any more."))
    return redirect("company.employees")


def _get(request: HttpRequest, employee_id: int) -> Employee:
    user: Any = request.user
    return get_seen(Employee, employee_id, seen_by=user)
