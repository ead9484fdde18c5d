"""The limits of a program: what needs a second person, and what members may give each other."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.errors import Refused
from regulars.loyalty.actions.limits import LimitsInput, set_limits
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.refusals import blame_in_words
from regulars.loyalty.rules.adjusting import AMOUNT_MAX
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show_form


class LimitsForm(forms.Form):
    """A program's limits, as the loyalty manager sets them."""

    adjust_max = forms.IntegerField(
        label=_("Adjust by hand without a colleague, points at most"),
        help_text=_("More waits until somebody else approves it. Empty: there is no limit."),
        required=False,
        min_value=0,
        max_value=AMOUNT_MAX,
    )
    handover_max = forms.IntegerField(
        label=_("A member may give to another at once, points at most"),
        help_text=_("0: members cannot give points away."),
        min_value=0,
        max_value=AMOUNT_MAX,
    )
    handover_day_max = forms.IntegerField(
        label=_("A member may give to others in a day, points at most"),
        help_text=_("0: members cannot give points away."),
        min_value=0,
        max_value=AMOUNT_MAX,
    )


@page("loyalty/<slug:code>/limits", needs="loyalty.edit_program")
def limits(request: HttpRequest, code: str) -> Shown:
    """The limits of a program, in force from now on."""
    program = program_of(code)
    kept: dict[str, Any] = {name: getattr(program, name) for name in LimitsForm.base_fields}
    form = LimitsForm(request.POST or None, initial=kept)
    if request.method == "POST" and form.is_valid():
        try:
            set_limits(program, LimitsInput(**form.cleaned_data))
        except Refused as refused:
            blame_in_words(form, refused)
        else:
            say(request, gettext("The limits are in force from now on."))
            return redirect("loyalty.adjustments", code=program.code)
    return show_form(request, "loyalty/limits.html", form=form, program=program)
