"""Promotions and their codes: the list, the form, making and importing codes."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

from django import forms
from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.text import slugify
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from regulars.core.access import get_seen
from regulars.core.errors import Conflict, Refused
from regulars.loyalty.actions.promotions import (
    CodeInput,
    PromotionInput,
    add_codes,
    block_code,
    generate_codes,
    set_promotion,
)
from regulars.loyalty.models import Program
from regulars.loyalty.models.promotions import PromoCode, Promotion
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.amounts import (
    as_minor,
    as_units,
    day_field,
    day_of,
    end_of,
    last_day_of,
    money_field,
    start_of,
)
from regulars.loyalty.pages.refusals import blame_in_words
from regulars.loyalty.rules.codes import masked, normal_code
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show, show_form

SHOWN_MAX = 20
IMPORT_MAX = 100_000
STACKING = {
    "any": _("Together with other codes"),
    "group": _("Only one of its group"),
    "alone": _("Only alone"),
}


@page("loyalty/<slug:code>/codes", needs="loyalty.view_promotion")
def promotions(request: HttpRequest, code: str) -> Shown:
    """Promotions with what they take off, and how often their codes are used."""
    program = program_of(code)
    rows = Promotion.objects.filter(program=program).order_by("-is_open", "-id")
    return show(request, "loyalty/promotions.html", program=program, rows=rows, now=moment_of_now())


@page("loyalty/<slug:code>/codes/new", needs="loyalty.edit_promotion")
def new_promotion(request: HttpRequest, code: str) -> Shown:
    """A new promotion; its codes are made on its own page."""
    return _form_page(request, program_of(code), None)


@page("loyalty/<slug:code>/codes/<int:promotion_id>/edit", needs="loyalty.edit_promotion")
def edit_promotion(request: HttpRequest, code: str, promotion_id: int) -> Shown:
    """A promotion and its settings, for codes used from now on."""
    return _form_page(request, program_of(code), _promotion(request, promotion_id))


@page("loyalty/codes/<int:promotion_id>", needs="loyalty.view_promotion")
def promotion(request: HttpRequest, promotion_id: int) -> Shown:
    """One promotion with its latest codes, and the three ways to make more of them."""
    row = _promotion(request, promotion_id)
    return _promotion_page(request, row)


@page("loyalty/codes/<int:promotion_id>/generate", needs="loyalty.edit_promotion")
def generate(request: HttpRequest, promotion_id: int) -> Shown:
    """So many new unique codes."""
    row, form = _promotion(request, promotion_id), GenerateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            told = form.cleaned_data
            made = generate_codes(
                row,
                told["count"],
                now=moment_of_now(),
                length=told["length"],
                prefix=told["begins_with"],
            )
        except Refused as refused:
            blame_in_words(form, refused)
        else:
            say(request, _made(len(made)))
            return redirect("loyalty.promotion", promotion_id=row.pk)
    return _promotion_page(request, row, generating=form)


@page("loyalty/codes/<int:promotion_id>/give", needs="loyalty.edit_promotion")
def give_code(request: HttpRequest, promotion_id: int) -> Shown:
    """One code for everybody, such as SPRING10."""
    row, form = _promotion(request, promotion_id), GiveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = CodeInput(form.cleaned_data["code"], uses_max=form.cleaned_data["uses_max"])
        (made,) = add_codes(row, [told], origin="given", now=moment_of_now())
        if isinstance(made, Refused):
            form.add_error("code", _problem(made))
        else:
            say(request, _made(1))
            return redirect("loyalty.promotion", promotion_id=row.pk)
    return _promotion_page(request, row, giving=form)


@page("loyalty/codes/<int:promotion_id>/import", needs="loyalty.edit_promotion")
def import_codes(request: HttpRequest, promotion_id: int) -> Shown:
    """Codes from a file or from the clipboard, one a line; those that cannot be taken are told."""
    row = _promotion(request, promotion_id)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        told = [CodeInput(one) for one in form.codes()]
        made = add_codes(row, told[:IMPORT_MAX], origin="imported", now=moment_of_now())
        wrong = [
            (entry.code, one)
            for entry, one in zip(told, made, strict=False)
            if isinstance(one, Refused)
        ]
        if not wrong:
            say(request, _made(len(made)))
            return redirect("loyalty.promotion", promotion_id=row.pk)
        for text, one in wrong[:5]:
            form.add_error(None, f"{text[:40]}: {_problem(one)}")
        say(request, _made(len(made) - len(wrong)))
    return _promotion_page(request, row, importing=form)


@page("loyalty/codes/<int:promotion_id>/codes.csv", needs="loyalty.edit_promotion")
def codes_csv(request: HttpRequest, promotion_id: int) -> Shown:
    """All codes of a promotion as a file, for printing or a mailing."""
    row = _promotion(request, promotion_id)
    rows = PromoCode.objects.filter(promotion=row).order_by("id")
    response = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{row.code}-codes.csv"'
    return response


@page("loyalty/codes/<int:promotion_id>/block", needs="loyalty.edit_promotion")
def block(request: HttpRequest, promotion_id: int) -> Shown:
    """No further use of one code."""
    row = _promotion(request, promotion_id)
    if request.method == "POST":
        text = normal_code(request.POST.get("code", "")[:60]) or ""
        code = PromoCode.objects.filter(promotion=row, code=text).first()
        if code is None:
            say(request, gettext("There is no such code."), tone="bad")
        else:
            block_code(code, now=moment_of_now())
            say(request, gettext("The code %(code)s is blocked.") % {"code": masked(code.code)})
    return redirect("loyalty.promotion", promotion_id=row.pk)


def _lines(rows: Any) -> Iterator[str]:
    yield "code,uses_max,used\r\n"
    for row in rows.iterator(chunk_size=2_000):
        buffer = StringIO()
        csv.writer(buffer).writerow([row.code, row.uses_max or "", row.used])
        yield buffer.getvalue()


def _made(count: int) -> str:
    return ngettext("%(count)d code is ready.", "%(count)d codes are ready.", count) % {
        "count": count
    }


def _problem(refused: Refused) -> str:
    if isinstance(refused, Conflict):
        return gettext("Another promotion has this code.")
    return gettext("A code is 3 to 40 letters and digits.")


class GenerateForm(forms.Form):
    """How many unique codes, and how they look."""

    count = forms.IntegerField(label=_("How many"), min_value=1, max_value=100_000, initial=100)
    begins_with = forms.CharField(label=_("Begins with"), max_length=10, required=False)
    length = forms.IntegerField(
        label=_("Characters after that"), min_value=6, max_value=24, initial=10
    )


class GiveForm(forms.Form):
    """One code for everybody."""

    code = forms.CharField(label=_("Code"), max_length=40)
    uses_max = forms.IntegerField(
        label=_("At most so many times"), min_value=1, max_value=10**12, required=False
    )


class ImportForm(forms.Form):
    """Codes that others made: pasted, or in a file."""

    text = forms.CharField(
        label=_("Codes, one a line"),
        required=False,
        max_length=4_000_000,
        widget=forms.Textarea({"rows": 4}),
    )
    file = forms.FileField(
        label=_("Or a CSV file"), required=False, help_text=_("The first column holds the codes.")
    )

    def codes(self) -> list[str]:
        """The first column of everything that was given, without empty lines and a heading."""
        text = self.cleaned_data["text"] or ""
        if file := self.cleaned_data.get("file"):
            text += "\n" + file.read().decode("utf-8-sig", errors="replace")
        found = [line.replace(";", ",").split(",")[0].strip(' "\r') for line in text.splitlines()]
        return [one for one in found if one and one.lower() not in {"code", "код"}]

    def clean(self) -> dict[str, Any]:
        """One of the two is needed."""
        given = super().clean() or {}
        if not given.get("text") and not given.get("file"):
            raise forms.ValidationError(gettext("Paste codes, or choose a file."))
        return given


def _promotion(request: HttpRequest, promotion_id: int) -> Promotion:
    rows = Promotion.objects.select_related("program")
    return get_seen(Promotion, promotion_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]


def _promotion_page(request: HttpRequest, row: Promotion, **bound: forms.Form) -> Shown:
    """The page of a promotion, with the form that was sent in its place."""
    forms_shown: dict[str, forms.Form] = {
        "generating": GenerateForm(),
        "giving": GiveForm(),
        "importing": ImportForm(),
    }
    forms_shown.update(bound)
    codes = PromoCode.objects.filter(promotion=row)
    bad = any(form.errors for form in forms_shown.values())
    return show(
        request,
        "loyalty/promotion.html",
        status=422 if bad else 200,
        row=row,
        program=row.program,
        codes=codes.order_by("-id")[:SHOWN_MAX],
        count=codes.count(),
        **forms_shown,
        stacking=STACKING[row.stacking],
    )


def _form_page(request: HttpRequest, program: Program, row: Promotion | None) -> Shown:
    form = _form(program, row)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            saved = set_promotion(program, _entry(form, program, row), now=moment_of_now())
        except Refused as refused:
            blame_in_words(form, refused)
        else:
            say(request, gettext("The promotion is saved."))
            return redirect("loyalty.promotion", promotion_id=saved.pk)
    return show_form(request, "loyalty/promotion_form.html", form=form, program=program, row=row)


def _form(program: Program, row: Promotion | None) -> type[forms.Form]:
    times: dict[str, Any] = {"min_value": 1, "required": False}
    fields: dict[str, forms.Field] = {
        "name": forms.CharField(label=_("Name"), max_length=100),
        "name_ru": forms.CharField(label=_("Name in Russian"), max_length=100, required=False),
        "percent_bp": forms.DecimalField(
            label=_("Percent off"), min_value=0, max_value=100, decimal_places=2, required=False
        ),
        "amount_minor": money_field(_("Or an amount off"), program.currency),
        "max_minor": money_field(_("At most off"), program.currency),
        "basket_min_minor": money_field(_("From a basket of"), program.currency),
        "scope": forms.CharField(
            label=_("What it is off"),
            max_length=150,
            help_text=_("order, line:CODE, category:PATH, or cheapest:all for the cheapest item"),
        ),
        "uses_max": forms.IntegerField(label=_("Uses in all"), max_value=10**12, **times),
        "per_customer_max": forms.IntegerField(
            label=_("Uses for one customer"), max_value=10_000, **times
        ),
        "stacking": forms.ChoiceField(label=_("Other codes"), choices=list(STACKING.items())),
        "stack_group": forms.CharField(label=_("Its group"), max_length=30, required=False),
        "valid_from": day_field(_("From day")),
        "last_day": day_field(_("Last day")),
        "lapse_minutes": forms.IntegerField(
            label=_("A basket keeps it for minutes"), min_value=1, max_value=10_080
        ),
        "is_open": forms.BooleanField(label=_("Codes are taken"), required=False),
    }
    for name, value in _initial(program, row).items():
        fields[name].initial = value
    return type("PromotionForm", (forms.Form,), fields)


MONEY = ("amount_minor", "max_minor", "basket_min_minor")
PLAIN = ("name", "name_ru", "scope", "uses_max", "per_customer_max", "stacking", "stack_group")


def _initial(program: Program, row: Promotion | None) -> dict[str, Any]:
    if row is None:
        return {"scope": "order", "lapse_minutes": 30, "is_open": True, "stacking": "any"}
    return {
        **{name: getattr(row, name) for name in (*PLAIN, "lapse_minutes", "is_open")},
        **{name: as_units(getattr(row, name) or None, program.currency) for name in MONEY},
        "percent_bp": row.percent_bp / 100 if row.percent_bp else None,
        "valid_from": day_of(row.valid_from),
        "last_day": last_day_of(row.valid_to),
    }


def _entry(form: forms.Form, program: Program, row: Promotion | None) -> PromotionInput:
    told = form.cleaned_data
    taken = Promotion.objects.filter(program=program).count()
    return PromotionInput(
        code=row.code if row else f"{slugify(told['name'])[:40] or 'promotion'}-{taken + 1}",
        **{name: told[name] for name in (*PLAIN, "lapse_minutes", "is_open")},
        percent_bp=int((told["percent_bp"] or 0) * 100),
        amount_minor=as_minor(told["amount_minor"], program.currency) or 0,
        max_minor=as_minor(told["max_minor"], program.currency),
        basket_min_minor=as_minor(told["basket_min_minor"], program.currency) or 0,
        condition=row.condition if row else None,
        valid_from=start_of(told["valid_from"]),
        valid_to=end_of(told["last_day"]),
    )
