"""What the program owes for points: the roll-forward, the estimate behind it, the journal."""

import csv
import io
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.timezone import now as moment_of_now
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.errors import Refused
from regulars.core.money import format_money, minor_per_unit
from regulars.loyalty.actions.liability import state_rate
from regulars.loyalty.models import Program, Unit
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.refusals import blame_in_words
from regulars.loyalty.queries.figures import spendable_units_of
from regulars.loyalty.queries.liability import (
    MILLION,
    Liability,
    journal_of,
    liability_of,
)
from regulars.loyalty.queries.months import month_at
from regulars.web.charts import Point, Series, line_chart, plain_number
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show_form

PER_CENT_PPM = MILLION // 100


class RateForm(forms.Form):
    """A redemption rate that the company states, or none to go back to the curve."""

    rate = forms.DecimalField(
        label=_("Share that will be redeemed, in percent"),
        help_text=_("Leave it empty to follow the redemption curve again."),
        min_value=0,
        max_value=100,
        decimal_places=2,
        required=False,
    )
    reason = forms.CharField(
        label=_("Reason"), help_text=_("An auditor will ask for it."), max_length=300
    )


@page("loyalty/<slug:code>/liability", needs="loyalty.view_program")
def liability(request: HttpRequest, code: str) -> Shown:
    """What is owed month by month, closing to the cent, and on what estimate."""
    program = _program(code)
    units = list(spendable_units_of(program))
    unit = next((one for one in units if one.code == request.GET.get("unit")), units[0])
    form = RateForm(request.POST or None)
    may = request.method == "POST" and request.user.has_perm("loyalty.edit_program")
    if may and form.is_valid() and _stated(request, form, unit):
        return redirect(f"{request.path}?unit={unit.code}")
    owed = liability_of(unit, now=moment_of_now())
    return show_form(
        request,
        "loyalty/liability.html",
        form=form,
        program=program,
        unit=unit,
        units=units,
        owed=owed,
        months=[(month_at(one.month), one) for one in reversed(owed.months)],
        paid=[(month_at(one.owed.month), one) for one in reversed(owed.paid)],
        chart=_chart(owed, program),
        **_estimate_shown(owed),
    )


@page("loyalty/<slug:code>/journal.csv", needs="loyalty.view_program")
def journal(request: HttpRequest, code: str) -> Shown:
    """The journal of all months and units as CSV, for the accounts."""
    program, text = _program(code), io.StringIO()
    write = csv.writer(text).writerow
    write(("month", "unit", "memo", "debit", "credit", "amount", "currency"))
    scale = minor_per_unit(program.currency)
    for unit in spendable_units_of(program):
        for line in journal_of(liability_of(unit, now=moment_of_now())):
            amount = line.minor if scale == 1 else f"{line.minor // scale}.{line.minor % scale:02d}"
            month = f"{line.month:%Y-%m}"
            write((month, line.unit, line.memo, line.debit, line.credit, amount, program.currency))
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="liability-{program.code}.csv"'
    return response


def _program(code: str) -> Program:
    program = program_of(code)
    if not spendable_units_of(program).exists():
        raise Http404
    return program


def _stated(request: HttpRequest, form: RateForm, unit: Unit) -> bool:
    rate = form.cleaned_data["rate"]
    try:
        state_rate(
            unit,
            rate_ppm=None if rate is None else int(rate * PER_CENT_PPM),
            reason=form.cleaned_data["reason"],
            by=request.user.pk,
            now=moment_of_now(),
        )
    except Refused as refused:
        blame_in_words(form, refused)
        return False
    say(request, gettext("The rate holds from this month on."))
    return True


def _chart(owed: Liability, program: Program) -> Any:
    scale = minor_per_unit(program.currency)
    points = [
        Point(date_format(month_at(month), "M Y"), closing_minor / scale)
        for month, closing_minor in owed.closings[-25:]
    ]
    owed_now = format_money(owed.closing_minor, program.currency, get_language() or "en")
    return line_chart(
        [Series(program.currency, points)],
        title=gettext("Liability at the end of the month"),
        finding=gettext("%(money)s are owed now.") % {"money": owed_now},
        from_zero=True,
        place=gettext("Month"),
    )


def _estimate_shown(owed: Liability) -> dict[str, Any]:
    row = owed.estimate
    if row is None or row.basis == "none":
        return {"rate": None}
    percent = f"{plain_number(row.rate_ppm / PER_CENT_PPM)} %"
    if row.low_ppm is None or row.high_ppm is None:
        return {"rate": percent}
    low, high = (plain_number(ppm / PER_CENT_PPM) for ppm in (row.low_ppm, row.high_ppm))
    return {"rate": percent, "interval": f"{low}–{high} %"}
