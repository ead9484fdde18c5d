"""What pages of insight share: the scope of a request, addresses of other domains, CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse

from regulars.feedback.shown import LABELS
from regulars.insight.rules.scope import Scope
from regulars.web.filters import Filters
from regulars.web.pages import PAGES

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins with one of these for a formula."""


def scope_of(filters: Filters) -> Scope:
    """The days and stores that an address asks for, within what the person may see."""
    return Scope.of(filters.from_on, filters.to_on, filters.store_ids)


def measure_asked(request: HttpRequest) -> str:
    """The measure that an address asks for; nonsense in it counts as not given."""
    measure = request.GET.get("measure", "")
    return measure if measure in LABELS else "nps"


def may_list(request: HttpRequest, filters: Filters) -> bool:
    """Whether segments lead to their customers: the scores are of all stores together."""
    return filters.store_ids is None and request.user.has_perm("customers.view_customer")


def address_of(name: str, *arguments: object) -> str:
    """The address of another domain's page; empty while there is none, or nobody it is about."""
    if name not in PAGES or None in arguments:
        return ""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""


def as_csv(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, now: datetime
) -> HttpResponse:
    """A file of these rows for a spreadsheet; texts that look like formulas are made harmless."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{now:%Y-%m-%d}.csv"'
    return response


def _harmless(cell: object) -> object:
    is_formula = isinstance(cell, str) and cell.startswith(FORMULA_SIGNS)
    return f"'{cell}" if is_formula else cell
