"""The first page of a program: who belongs to it, what was given, what is still owed."""

from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.dates import MONTHS_3
from django.utils.timezone import now as moment_of_now
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from regulars.company.models import Brand
from regulars.core.money import format_money
from regulars.loyalty.actions import open_standard_program
from regulars.loyalty.models import Program
from regulars.loyalty.queries.figures import (
    MonthlyAmount,
    ProgramFigures,
    figures_of,
    spendable_units_of,
    tier_counts_of,
)
from regulars.web.charts import Chart, Point, Series, line_chart, plain_number
from regulars.web.frame import say
from regulars.web.pages import Nav, Shown, page, show

MONTHS = 13


@page(
    "loyalty",
    needs="loyalty.view_program",
    title=_("Loyalty"),
    nav=Nav(_("Loyalty"), 50, "loyalty", "Y"),
)
def home(request: HttpRequest) -> Shown:
    """Members, points and tiers of a program; the first one unless the address names another."""
    programs = list(Program.objects.order_by("id"))
    if not programs:
        return show(request, "loyalty/no_program.html")
    program = next((p for p in programs if p.code == request.GET.get("program")), programs[0])
    brand = Brand.objects.first()
    units = list(spendable_units_of(program))
    zone = brand.timezone if brand else "UTC"
    figures = figures_of(program, units[0], zone=zone) if units else None
    return show(
        request,
        "loyalty/home.html",
        program=program,
        programs=programs,
        figures=figures,
        worth=format_money(figures.worth_minor, program.currency, get_language() or "en")
        if figures
        else None,
        chart=points_chart(figures) if figures else None,
        tiers=_shares(program),
    )


@page("loyalty/open", needs="loyalty.edit_program")
def open_first_program(request: HttpRequest) -> Shown:
    """Opens the standard program, once, and leads to it."""
    if request.method == "POST":
        brand = Brand.objects.first()
        open_standard_program(currency=brand.currency if brand else "USD", now=moment_of_now())
        say(request, gettext("The program is open: purchases earn points from now on."))
    return redirect("loyalty.home")


def points_chart(figures: ProgramFigures) -> Chart:
    """Points issued and redeemed by month, with what they came to as a sentence."""
    months = sorted({one.month for one in (*figures.issued, *figures.redeemed)})[-MONTHS:]
    labels = [f"{MONTHS_3[month.month]} {month:%y}" for month in months]

    def points(amounts: tuple[MonthlyAmount, ...]) -> list[Point]:
        by_month = {one.month: one.amount for one in amounts}
        return [
            Point(label, by_month.get(month, 0))
            for month, label in zip(months, labels, strict=True)
        ]

    finding = gettext("%(issued)s points were issued in all and %(redeemed)s redeemed.") % {
        "issued": plain_number(figures.issued_in_all),
        "redeemed": plain_number(figures.redeemed_in_all),
    }
    series = [
        Series(gettext("Issued"), points(figures.issued)),
        Series(gettext("Redeemed"), points(figures.redeemed)),
    ]
    return line_chart(
        series,
        title=gettext("Points by month"),
        finding=finding,
        from_zero=True,
        place=gettext("Month"),
    )


def _shares(program: Program) -> list[dict[str, object]]:
    counts = tier_counts_of(program)
    members = sum(one.members for one in counts)
    return [
        {"tier": one.tier, "members": one.members, "percent": one.members * 100 // members}
        for one in counts
        if members and (one.tier or one.members)
    ]
