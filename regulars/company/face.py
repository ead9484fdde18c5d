"""The company's part in the frame: its look, the stores of the filter, what the palette finds."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from regulars.company.models import Store
from regulars.company.queries import find_employees, find_stores, get_brand
from regulars.core.access import seen
from regulars.web.brand import BrandLook, provide_brand
from regulars.web.filters import StoreChoice, provide_stores
from regulars.web.finding import Command, Found, add_command, searcher


@provide_brand
def look_of_company() -> BrandLook:
    """The look that the owner set."""
    brand = get_brand()
    logo = f"{reverse('company.logo')}?{brand.logo.name}" if brand.logo else ""
    return BrandLook(brand.name, brand.color, logo, brand.timezone, brand.language)


class StoresOfCompany:
    """Stores for the filter of reports; each person finds those they may see."""

    def find(self, user: Any, code: str) -> StoreChoice | None:
        """The store of that code, or None."""
        store = seen(Store, user).filter(code=code).first()
        return _choice(store) if store else None

    def matching(self, user: Any, text: str, limit: int) -> Sequence[StoreChoice]:
        """The stores that match a text, by name."""
        return [_choice(s) for s in find_stores(text, seen_by=user).order_by("name", "id")[:limit]]


def _choice(store: Store) -> StoreChoice:
    return StoreChoice(store.pk, store.code, str(store), store.shown_city)


provide_stores(StoresOfCompany())


@searcher(_("Stores"), needs="company.view_store")
def stores_found(request: HttpRequest, text: str) -> Iterable[Found]:
    """The stores that match, for the palette."""
    user: Any = request.user
    for store in find_stores(text, seen_by=user).order_by("name", "id")[:6]:
        url = reverse("company.store", args=[store.pk])
        yield Found(str(store), url, "store", hint=store.shown_city)


@searcher(_("Employees"), needs="company.view_employee")
def employees_found(request: HttpRequest, text: str) -> Iterable[Found]:
    """The employees that match, for the palette."""
    for employee in find_employees(text).order_by("name", "id")[:6]:
        url = reverse("company.employee", args=[employee.pk])
        yield Found(str(employee), url, "people", hint=employee.email)


add_command(Command(_("New store"), "company.new_store", "store"))
add_command(Command(_("Invite a colleague"), "company.new_employee", "people"))
