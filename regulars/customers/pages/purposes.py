"""What the company writes for, why that is lawful, and the texts people agree to."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.errors import NotFound, Refused
from regulars.customers.actions import change_purpose, publish_texts
from regulars.customers.queries.consents import current_texts, purpose_names, purposes, texts_of
from regulars.customers.rules.consents import BASES, PurposeShape
from regulars.web.frame import say
from regulars.web.pages import Setting, Shown, blame, page, show, show_form, spoken

TONES = {"consent": "accent", "legitimate_interest": "warn"}


class PurposeForm(forms.Form):
    """A purpose, its legal basis and its rules."""

    code = forms.CharField(label=_("Code"), max_length=30)
    name = forms.CharField(label=_("Name"), max_length=100)
    name_ru = forms.CharField(label=_("Name in Russian"), max_length=100, required=False)
    basis = forms.ChoiceField(label=_("Legal basis"))
    is_refusable = forms.BooleanField(label=_("People can refuse it"), required=False)
    confirms_email = forms.BooleanField(
        label=_("A yes to mail is confirmed from the mailbox"), required=False
    )
    valid_days = forms.IntegerField(
        label=_("A yes holds for days"), required=False, min_value=1, max_value=36_500
    )
    is_on = forms.BooleanField(label=_("In use"), required=False)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        basis: Any = self.fields["basis"]
        basis.choices = [(code, gettext(name)) for code, name in BASES.items()]


class TextForm(forms.Form):
    """The next version of a text, side by side in both languages."""

    en = forms.CharField(
        label=_("In English"), required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    ru = forms.CharField(
        label=_("In Russian"), required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    needs_new_consent = forms.BooleanField(
        label=_("Ask everybody again"),
        required=False,
        help_text=_("Without it a yes to the version before carries over."),
    )


@page(
    "settings/purposes",
    needs="customers.view_consent",
    title=_("Purposes and consent texts"),
    setting=Setting(
        _("Purposes and consent texts"),
        _("What you write for, why that is lawful, and the words people agree to."),
        "lock",
        55,
    ),
)
def purposes_page(request: HttpRequest) -> Shown:
    """Every purpose with its legal basis and the version of its text."""
    names, texts = purpose_names(), current_texts()
    versions = {purpose: text.version for (purpose, _language), text in texts.items()}
    known = purposes()
    rows = [
        {
            "purpose": known[code],
            "name": name,
            "basis": gettext(BASES[known[code].basis]),
            "tone": TONES.get(known[code].basis, ""),
            "version": versions.get(code),
        }
        for code, name in names.items()
        if code != "test"
    ]
    return show(request, "customers/purposes.html", rows=rows)


@page("settings/purposes/new", needs="customers.change_purpose")
def new_purpose(request: HttpRequest) -> Shown:
    """A form for a purpose of the company's own."""
    form = PurposeForm(request.POST or None, initial={"is_refusable": True, "is_on": True})
    if request.method == "POST" and form.is_valid() and _saved(form, form.cleaned_data):
        return redirect("customers.purpose", form.cleaned_data["code"])
    return show_form(request, "customers/purpose.html", form=form, code="")


@page("settings/purposes/<slug:purpose_code>", needs="customers.change_purpose")
def purpose(request: HttpRequest, purpose_code: str) -> Shown:
    """One purpose, and every version of its text."""
    found = purposes().get(purpose_code)
    if found is None or purpose_code == "test":
        raise NotFound("not_found", f"there is no purpose {purpose_code}")
    name = purpose_names()[purpose_code]
    initial = {field: getattr(found, field) for field in PurposeForm.base_fields}
    form = PurposeForm(request.POST or None, initial=initial | {"name": found.name})
    del form.fields["code"]
    told = {"code": purpose_code}
    if request.method == "POST" and form.is_valid() and _saved(form, form.cleaned_data | told):
        say(request, gettext("The purpose is saved."))
        return redirect("customers.purpose", purpose_code)
    return _shown(request, purpose_code, name=name, form=form, text_form=_text_form(purpose_code))


@page("settings/purposes/<slug:purpose_code>/texts", needs="customers.change_purpose")
def publish_text(request: HttpRequest, purpose_code: str) -> Shown:
    """Publishes the next version of a purpose's text."""
    names = purpose_names()
    if purpose_code not in names:
        raise NotFound("not_found", f"there is no purpose {purpose_code}")
    form = TextForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        user: Any = request.user
        told = form.cleaned_data
        try:
            publish_texts(
                purpose_code,
                {"en": told["en"], "ru": told["ru"]},
                needs_new_consent=told["needs_new_consent"],
                now=timezone.now(),
                by_id=user.pk,
            )
        except Refused as refused:
            form.add_error("en", spoken(refused))
        else:
            say(request, gettext("The text is published."))
            return redirect("customers.purpose", purpose_code)
    elif request.method != "POST":
        return redirect("customers.purpose", purpose_code)
    return _shown(request, purpose_code, name=names[purpose_code], form=form, text_form=form)


def _saved(form: PurposeForm, told: dict[str, Any]) -> bool:
    try:
        change_purpose(PurposeShape(**told))
    except Refused as refused:
        blame(form, refused)
        return False
    return True


def _text_form(code: str) -> TextForm:
    texts = current_texts()
    found = {language: texts.get((code, language)) for language in ("en", "ru")}
    return TextForm(initial={language: text.text for language, text in found.items() if text})


def _shown(
    request: HttpRequest, code: str, *, name: str, form: forms.Form, text_form: forms.Form
) -> Shown:
    versions: dict[int, list[Any]] = {}
    for text in texts_of(code)[:60]:
        versions.setdefault(text.version, []).append(text)
    purpose_form = form if isinstance(form, PurposeForm) else None
    return show_form(
        request,
        "customers/purpose.html",
        form=form,
        purpose_form=purpose_form,
        text_form=text_form,
        code=code,
        name=name,
        versions=list(versions.items()),
    )
