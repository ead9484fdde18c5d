"""The company's face: a form, and the logo it shows."""

from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from django import forms
from django.conf import settings
from django.http import FileResponse, HttpRequest
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from regulars.company.actions import BrandInput, set_brand
from regulars.company.models import Brand
from regulars.company.queries import get_brand
from regulars.core.errors import NotFound, Refused
from regulars.web.frame import say
from regulars.web.pages import PUBLIC, Setting, Shown, blame, page, show_form
from regulars.web.rules import contrast_ratio, text_on

CURRENCIES = ("USD", "EUR", "RUB", "GBP", "KZT", "BYN", "UZS", "AMD", "GEL", "TRY", "CNY", "JPY")


def currencies() -> list[tuple[str, str]]:
    """Every currency in use by its name in the reader's language, the frequent ones first."""
    locale = Locale.parse(get_language() or "en", sep="-")
    names = {str(code): str(name) for code, name in locale.currencies.items()}
    rest = sorted(code for code in names if code not in CURRENCIES and len(code) == 3)
    return [(code, f"{code} · {names.get(code, code)}") for code in (*CURRENCIES, *rest)]


def zones() -> list[tuple[str, str]]:
    """The time zones of places, by name."""
    return [(zone, zone) for zone in sorted(available_timezones()) if "/" in zone or zone == "UTC"]


class BrandForm(forms.Form):
    """How the company presents itself."""

    name = forms.CharField(label=_("Name"), max_length=100)
    color = forms.CharField(
        label=_("Colour"),
        widget=forms.TextInput(attrs={"type": "color"}),
        help_text=_("Text on it turns black or white, whichever reads better"),
    )
    logo = forms.FileField(
        label=_("Logo"), required=False, help_text=_("PNG, JPEG or WebP, at most 1 MB")
    )
    without_logo = forms.BooleanField(label=_("Take the logo away"), required=False)
    language = forms.ChoiceField(
        label=_("Language"),
        choices=settings.LANGUAGES,
        help_text=_("Of pages for customers, and of employees who chose no other"),
    )
    timezone = forms.ChoiceField(label=_("Time zone"), choices=zones)
    currency = forms.ChoiceField(
        label=_("Currency"),
        choices=currencies,
        help_text=_("Amounts are kept without it: choose it before the first purchase"),
    )


def initial_of(brand: Brand) -> dict[str, Any]:
    """The brand as the form's first values."""
    fields = ("name", "color", "language", "timezone", "currency")
    return {name: getattr(brand, name) for name in fields}


def told_by(form: forms.Form) -> BrandInput:
    """What a valid form says of the company."""
    given = form.cleaned_data
    logo = given.get("logo")
    return BrandInput(
        given["name"],
        given["color"],
        given["language"],
        given["timezone"],
        given["currency"],
        logo=logo.read() if logo else None,
        without_logo=given.get("without_logo", False),
    )


@page(
    "settings/brand",
    needs="company.change_brand",
    title=_("Brand"),
    setting=Setting(
        _("Brand"), _("Name, logo, colour, language, time zone, currency"), "brand", 30
    ),
)
def brand(request: HttpRequest) -> Shown:
    """A form for the company's name, look, language, time zone and currency."""
    known = get_brand()
    form = BrandForm(request.POST or None, request.FILES or None, initial=initial_of(known))
    if not known.logo:
        del form.fields["without_logo"]
    if request.method == "POST" and form.is_valid():
        try:
            set_brand(told_by(form))
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, gettext("The brand is saved."))
            return redirect("company.brand")
    ink = text_on(known.color)
    ratio = contrast_ratio(ink, known.color)
    context = {"known": known, "ratio": ratio, "is_white": ink == "#ffffff"}
    return show_form(request, "company/brand.html", form=form, **context)


@page("brand/logo", needs=PUBLIC)
def logo(request: HttpRequest) -> Shown:
    """The company's logo; its address changes with the file."""
    known = get_brand()
    if not known.logo.name or not known.logo.storage.exists(known.logo.name):
        raise NotFound("not_found", gettext("There is no logo."))
    response = FileResponse(known.logo.open("rb"))
    response.headers["Cache-Control"] = "public, max-age=604800"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
