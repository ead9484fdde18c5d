"""The first run: four questions, and the company is there."""

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.company.actions import set_brand
from regulars.company.pages.brand import BrandForm, initial_of, told_by
from regulars.company.queries import get_brand
from regulars.core.errors import Refused
from regulars.web.frame import say
from regulars.web.pages import Shown, blame, page, show_form

FIRST_JOBS = [
    ("feedback", _("Hear what customers say: surveys and scores")),
    ("loyalty", _("Reward them: points and tiers")),
    ("service", _("Serve them: questions and cases")),
    ("mystery", _("See the stores as they do: mystery visits")),
]
FILLINGS = [
    ("empty", _("Begin empty, and import my own customers and purchases")),
    ("sample", _("Look around first, with sample data")),
]


class WelcomeForm(BrandForm):
    """The questions of the first run."""

    without_logo = None  # type: ignore[assignment]
    first_job = forms.ChoiceField(
        label=_("What first?"), choices=FIRST_JOBS, widget=forms.RadioSelect, initial="feedback"
    )
    filling = forms.ChoiceField(
        label=_("With what?"), choices=FILLINGS, widget=forms.RadioSelect, initial="empty"
    )


@page("welcome", needs="company.change_brand", title=_("Set up the company"))
def welcome(request: HttpRequest) -> Shown:
    """Four questions: where, who, what first, and sample or empty."""
    known = get_brand()
    form = WelcomeForm(request.POST or None, request.FILES or None, initial=initial_of(known))
    if request.method == "POST" and form.is_valid():
        try:
            set_brand(told_by(form), first_job=form.cleaned_data["first_job"])
        except Refused as refused:
            blame(form, refused)
        else:
            return _onwards(request, form)
    return show_form(request, "company/welcome.html", form=form, known=known)


def _onwards(request: HttpRequest, form: WelcomeForm) -> Shown:
    with translation.override(form.cleaned_data["language"]):
        if form.cleaned_data["filling"] == "sample":
            text = gettext("All set. On the server, “regulars demo” loads the sample company.")
        else:
            text = gettext("All set. Import customers and purchases, or make your first survey.")
    say(request, text)
    return redirect(reverse("web.start"))
