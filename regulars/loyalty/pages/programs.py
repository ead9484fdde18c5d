"""The first page of a program: who belongs to it, what was given, what is still owed."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dates import MONTHS_3
from django.utils.timezone import localdate
from django.utils.timezone import now as moment_of_now
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from regulars.company.models import Brand
from regulars.core.errors import Refused
from regulars.core.money import format_money, minor_per_unit
from regulars.loyalty.actions.templates import TEMPLATES, open_from_template
from regulars.loyalty.models import LadderVersion, Program, Rule
from regulars.loyalty.pages.tier_sentences import ladder_told
from regulars.loyalty.queries.currencies import currency_here
from regulars.loyalty.queries.figures import (
    MonthlyAmount,
    ProgramFigures,
    figures_of,
    spendable_units_of,
    tier_counts_of,
)
from regulars.loyalty.queries.liability import liability_of
from regulars.loyalty.queries.sentences import in_force_at, sentences_of
from regulars.loyalty.rules.tiers.settings import LadderRules
from regulars.web.charts import Chart, Point, Series, column_chart, plain_number
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
        return show(request, "loyalty/no_program.html", templates=_templates())
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
        tiers=_shares(program),
        tiers_told=_tiers_told(program),
        sentences=_sentences(program),
        **(_figures_shown(figures, program, zone=zone) if figures else {}),
    )


def _tiers_told(program: Program) -> str:
    """What the main ladder asks of members, by its newest version."""
    rows = LadderVersion.objects.filter(ladder__program=program, ladder__position=0)
    version = rows.order_by("-version").first()
    return ladder_told(LadderRules.model_validate(version.rules)) if version else ""


def _sentences(program: Program) -> list[tuple[Rule, str]]:
    """The rules in force, in their order, with what each says."""
    now = moment_of_now()
    rows = in_force_at(Rule.objects.filter(program=program), now).order_by("position", "id")
    told = sentences_of(program, list(rows)) if rows else {}
    return [(row, told[row.pk]) for row in rows]


def _figures_shown(figures: ProgramFigures, program: Program, *, zone: str) -> dict[str, Any]:
    today = localdate(timezone=ZoneInfo(zone))
    share = figures.redeemed_in_all / figures.issued_in_all if figures.issued_in_all else 0
    return {
        "worth": _whole_money(figures.worth_minor, program.currency),
        "owed": _whole_money(
            liability_of(figures.unit, now=moment_of_now()).closing_minor, program.currency
        ),
        "redeemed_percent": f"{plain_number(100 * share)} %",
        "issued": month_chart(figures.issued, title=gettext("Issued by month"), today=today),
        "redeemed": month_chart(
            figures.redeemed, title=gettext("Redeemed by month"), today=today, tone="c2"
        ),
    }


@page("loyalty/open", needs="loyalty.edit_program")
def open_new_program(request: HttpRequest) -> Shown:
    """Templates of programs to choose from; opens one of them and leads to it."""
    if request.method != "POST":
        return show(request, "loyalty/open.html", templates=_templates())
    chosen = request.POST.get("template", "")
    try:
        program = open_from_template(chosen, currency=currency_here(), now=moment_of_now())
    except Refused:
        return redirect("loyalty.open_new_program")
    say(request, gettext("The program is open: purchases earn from now on."))
    return redirect(f"{reverse('loyalty.home')}?program={program.code}")


def _templates() -> list[tuple[str, str, str]]:
    """Of each template its code, what it is called, and what it is."""
    return [(code, gettext(one.title), gettext(one.words)) for code, one in TEMPLATES.items()]


def month_chart(
    amounts: Sequence[MonthlyAmount], *, title: str, today: date, tone: str = "c1"
) -> Chart:
    """Points by month as columns; the month that is not over yet stands apart, in grey."""
    months = [one for one in amounts if one.amount >= 0][-MONTHS:]
    this_month = today.replace(day=1)
    whole = [one for one in months if one.month < this_month]

    def points(*, so_far: bool) -> list[Point]:
        return [
            Point(_name_of(one.month), one.amount if (one.month >= this_month) == so_far else 0)
            for one in months
        ]

    series = [Series(gettext("Whole months"), points(so_far=False), tone)]
    if len(whole) < len(months):
        series.append(Series(gettext("This month so far"), points(so_far=True), "quiet"))
    return column_chart(
        series, title=title, finding=_finding(whole), place=gettext("Month"), height=180
    )


def _finding(whole: Sequence[MonthlyAmount]) -> str:
    if not whole:
        return gettext("The first month is not over yet.")
    average = round(sum(one.amount for one in whole) / len(whole))
    return gettext("%(last)s points in %(month)s; %(average)s in a month on average.") % {
        "last": plain_number(whole[-1].amount),
        "month": _name_of(whole[-1].month),
        "average": plain_number(average),
    }


def _name_of(month: date) -> str:
    name = str(MONTHS_3[month.month])
    russian = (get_language() or "").startswith("ru")
    return f"{name if russian else name.capitalize()} {month:%y}"


def _whole_money(minor: int, currency: str) -> str:
    """An amount as a headline: from a thousand on without its cents."""
    unit = minor_per_unit(currency)
    shown = minor // unit * unit if minor >= 1000 * unit else minor
    return format_money(shown, currency, get_language() or "en")


def _shares(program: Program) -> list[dict[str, object]]:
    counts = tier_counts_of(program)
    members = sum(one.members for one in counts)
    highest = max((one.tier.qualifying_min for one in counts if one.tier), default=0) or 1
    return [
        {
            "tier": one.tier,
            "members": one.members,
            "percent": round(one.members * 100 / members),
            "height": one.tier.qualifying_min * 100 // highest if one.tier else 0,
        }
        for one in counts
        if members and (one.tier or one.members)
    ]
