"""The audit trail of requests: whoever opens a customer's page or asks the API leaves an entry.

Requests whose address names a customer are noted by themselves; lists say whom they showed with
`note_access`. One entry for a request, however many customers it showed.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from regulars.core.holdings import load
from regulars.core.models import ApiKey
from regulars.customers.actions.access import note_access_of
from regulars.web.pages import PAGES

Next = Callable[[HttpRequest], HttpResponseBase]
Find = Callable[[Any], Iterable[int]]

_named_by: dict[str, Find] = {"customer_id": lambda value: [int(value)]}


def names_customers(parameter: str, find: Find) -> None:
    """Says which customers a parameter of an address names, such as a card's number."""
    _named_by[parameter] = find


def note_access(
    request: HttpRequest, customer_ids: Iterable[int], *, what: str = "", reason: str = ""
) -> None:
    """Has the trail say that this request showed or changed these customers."""
    noted: Any = request
    noted.access_ids = getattr(noted, "access_ids", set()) | set(customer_ids)
    if what:
        noted.access_what, noted.access_reason = what, reason


class AccessTrail:
    """Writes the entry of a request that went well; the panels of a page count with their page."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        match = request.resolver_match
        if match is not None and response.status_code < 400 and not _is_panel(request):
            ids = set(getattr(request, "access_ids", ()))
            if ids := ids | _named(match.kwargs):
                _write(request, ids, match.view_name or match.route)
        return response


def _is_panel(request: HttpRequest) -> bool:
    page = PAGES.get(request.resolver_match.view_name or "") if request.resolver_match else None
    is_fragment = request.headers.get("HX-Request") == "true"
    return bool(page and page.panel_of == "customer" and is_fragment)


def _named(parameters: dict[str, Any]) -> set[int]:
    load()
    return {
        customer_id
        for name, value in parameters.items()
        if name in _named_by
        for customer_id in _named_by[name](value)
    }


def _write(request: HttpRequest, ids: set[int], place: str) -> None:
    actor, number = actor_of(request)
    is_read = request.method in {"GET", "HEAD", "OPTIONS"}
    note_access_of(
        ids,
        getattr(request, "access_what", "saw" if is_read else "changed"),
        actor=actor,
        actor_number=number,
        place=place,
        now=timezone.now(),
        reason=getattr(request, "access_reason", ""),
    )


def actor_of(request: HttpRequest) -> tuple[str, int | None]:
    """Who asks: an employee or a program with its number, or the person themselves."""
    auth = getattr(request, "auth", None)
    if isinstance(auth, ApiKey):
        return "program", auth.pk
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return "employee", user.pk
    return "person", None
