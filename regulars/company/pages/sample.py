"""Sample data: what there is of it, and one button that takes it all away."""

from typing import NamedTuple

from django.apps import apps
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.company.actions import remove_sample_data
from regulars.company.queries import get_brand
from regulars.web.frame import say
from regulars.web.pages import Setting, Shown, page, show

DOMAIN_NAMES = {
    "company": _("Employees"),
    "customers": _("Customers' timelines"),
    "channels": _("Messages"),
    "journey": _("Journey"),
    "loyalty": _("Loyalty"),
    "feedback": _("Surveys and answers"),
    "insight": _("Reports"),
}


class Count(NamedTuple):
    """How many generated rows a part of the product holds."""

    label: str
    rows: int


def sample_counts() -> list[Count]:
    """The generated rows of every domain that marks its own; one statement for each table."""
    totals: dict[str, int] = {}
    for model in apps.get_models():
        if any(field.name == "sample" for field in model._meta.concrete_fields):
            rows = model._default_manager.filter(sample=True).count()
            totals[model._meta.app_label] = totals.get(model._meta.app_label, 0) + rows
    return [
        Count(str(DOMAIN_NAMES.get(label, capfirst(label))), rows)
        for label, rows in sorted(totals.items())
        if rows
    ]


@page(
    "settings/sample",
    needs="company.remove_sample",
    title=_("Sample data"),
    setting=Setting(_("Sample data"), _("Generated rows, and how to remove them"), "sample", 90),
)
def sample_data(request: HttpRequest) -> Shown:
    """What is generated, counted; a POST removes it for good."""
    known = get_brand()
    if request.method == "POST":
        remove_sample_data()
        say(request, gettext("Sample data are being removed. Figures follow within moments."))
        return redirect("company.sample_data")
    counts = sample_counts() if known.has_sample else []
    return show(request, "company/sample.html", known=known, counts=counts)
