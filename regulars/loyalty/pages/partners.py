"""Partners of a program: prices of a point, a statement for each month, and its movements as CSV."""

import csv
import io
from datetime import date
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.loyalty.actions.partners import (
    NAME_MAX,
    PRICE_MAX,
    PartnerInput,
    close_month,
    set_partner,
)
from regulars.loyalty.models import Partner, Program
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.amounts import as_minor, as_units, money_field
from regulars.loyalty.pages.refusals import blame_in_words
from regulars.loyalty.queries.months import month_now
from regulars.loyalty.queries.partners import (
    bounds_of,
    months_of,
    names_without_terms,
    partners_of,
    priced_lines_of,
)
from regulars.loyalty.reasons import reason_in_words
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show, show_form

COLUMNS = ("booked_at", "movement", "number", "unit", "points", "price", "owed", "currency")


class PartnerForm(forms.Form):
    """A partner's name and its prices of a point; money is written in whole units."""

    def __init__(self, *told: Any, program: Program, partner: Partner | None, **more: Any) -> None:
        super().__init__(*told, **more)
        self.currency, self.partner = program.currency, partner
        if partner is None:
            help_text = _("As the rules that it pays for and the rewards that it gives name it.")
            self.fields["name"] = forms.CharField(
                label=_("Name"), max_length=NAME_MAX, help_text=help_text
            )
        most = as_units(PRICE_MAX, self.currency)
        self.fields["issue_price"] = money_field(
            _("It pays for a point issued"), self.currency, required=True, max_value=most
        )
        self.fields["redeem_price"] = money_field(
            _("It gets for a point redeemed"), self.currency, required=True, max_value=most
        )

    @property
    def entry(self) -> PartnerInput:
        """What the filled-in form means."""
        told = self.cleaned_data
        return PartnerInput(
            name=told["name"] if self.partner is None else self.partner.name,
            issue_price_minor=as_minor(told["issue_price"], self.currency) or 0,
            redeem_price_minor=as_minor(told["redeem_price"], self.currency) or 0,
        )


@page("loyalty/<slug:code>/partners", needs="loyalty.view_program")
def partners(request: HttpRequest, code: str) -> Shown:
    """The partners with what is open, and names on rules that nobody made a partner of yet."""
    program = program_of(code)
    return show(
        request,
        "loyalty/partners.html",
        program=program,
        partners=partners_of(program, now=moment_of_now()),
        names=names_without_terms(program),
    )


@page("loyalty/<slug:code>/partners/new", needs="loyalty.edit_program")
def new_partner(request: HttpRequest, code: str) -> Shown:
    """A partner and its prices."""
    program = program_of(code)
    named = {"name": request.GET.get("name", "")[:NAME_MAX]}
    form = PartnerForm(request.POST or None, program=program, partner=None, initial=named)
    if partner := _saved(request, form, program):
        say(request, gettext("The partner is here: its months are below."))
        return redirect("loyalty.partner", code=code, partner_id=partner.pk)
    return show_form(request, "loyalty/partner_form.html", form=form, program=program, partner=None)


@page("loyalty/<slug:code>/partners/<int:partner_id>", needs="loyalty.view_program")
def partner(request: HttpRequest, code: str, partner_id: int) -> Shown:
    """Every month with a partner: points, prices, what is owed, and whether it is closed."""
    program = program_of(code)
    found = _partner(request, program, partner_id)
    present = month_now(moment_of_now())
    rows = [(one, one.closed_at is None and one.month < present) for one in months_of(found)]
    return show(
        request,
        "loyalty/partner.html",
        program=program,
        partner=found,
        rows=rows,
        open_minor=sum(one.owed_minor for one, _may in rows if one.closed_at is None),
    )


@page("loyalty/<slug:code>/partners/<int:partner_id>/prices", needs="loyalty.edit_program")
def partner_prices(request: HttpRequest, code: str, partner_id: int) -> Shown:
    """Other prices, for all months that are not closed yet."""
    program = program_of(code)
    found = _partner(request, program, partner_id)
    prices = {
        "issue_price": as_units(found.issue_price_minor, program.currency),
        "redeem_price": as_units(found.redeem_price_minor, program.currency),
    }
    form = PartnerForm(request.POST or None, program=program, partner=found, initial=prices)
    if _saved(request, form, program):
        say(request, gettext("The prices hold for all months that are not closed."))
        return redirect("loyalty.partner", code=code, partner_id=partner_id)
    return show_form(
        request, "loyalty/partner_form.html", form=form, program=program, partner=found
    )


@page("loyalty/<slug:code>/partners/<int:partner_id>/close", needs="loyalty.edit_program")
def close_partner_month(request: HttpRequest, code: str, partner_id: int) -> Shown:
    """Closes a month for good."""
    found = _partner(request, program_of(code), partner_id)
    if request.method == "POST":
        try:
            month = date.fromisoformat(request.POST.get("month", ""))
            close_month(found, month, now=moment_of_now(), by=request.user.pk)
        except ValueError:
            say(request, gettext("This is no month."), tone="bad")
        except Refused as refused:
            say(request, reason_in_words(refused.code), tone="bad")
        else:
            say(request, gettext("The month is closed: its statement stays as it is."))
    return redirect("loyalty.partner", code=code, partner_id=partner_id)


@page("loyalty/<slug:code>/partners/<int:partner_id>/movements.csv", needs="loyalty.view_program")
def partner_movements(request: HttpRequest, code: str, partner_id: int) -> Shown:
    """The movements of a month for the partner's own books, and what each of them comes to."""
    program = program_of(code)
    found = _partner(request, program, partner_id)
    month = _month(request.GET.get("month", ""))
    text = io.StringIO()
    write = csv.writer(text).writerow
    write(COLUMNS)
    for line, price_minor, owed_minor in priced_lines_of(found, month):
        amounts = [str(as_units(minor, program.currency)) for minor in (price_minor, owed_minor)]
        told = (line.at.isoformat(), line.kind, line.number, line.unit, line.points)
        write((*told, *amounts, program.currency))
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"{program.code}-partner-{found.pk}-{month:%Y-%m}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _month(text: str) -> date:
    """The first day of a month written as 2026-10; the present month where none is named."""
    if not text:
        return month_now(moment_of_now())
    try:
        month = date.fromisoformat(f"{text}-01")
        bounds_of(month)
    except ValueError:
        raise Http404 from None
    return month


def _saved(request: HttpRequest, form: PartnerForm, program: Program) -> Partner | None:
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        return set_partner(program, form.entry, now=moment_of_now())
    except Refused as refused:
        blame_in_words(form, refused)
        return None


def _partner(request: HttpRequest, program: Program, partner_id: int) -> Partner:
    rows = Partner.objects.filter(program=program)
    return get_seen(Partner, partner_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
