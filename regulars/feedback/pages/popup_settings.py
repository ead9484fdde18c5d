"""Setting a survey up as a pop-up on a site: where, when, to whom, and the code to paste."""

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.customers.models import Segment
from regulars.customers.queries.segments import choosable_segments
from regulars.feedback.actions.popups import PopupInput, set_popup
from regulars.feedback.models import Popup, Survey
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.popups import counts_of, find_popup_of
from regulars.web.frame import say
from regulars.web.pages import Shown, blame, page, show, show_form

DAYS: dict[str, Any] = {"min_value": 0, "max_value": 3650}


class PopupForm(forms.Form):
    """A pop-up as a person describes it."""

    origins = forms.CharField(
        label=gettext_lazy("Sites"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("One on a line, such as https://shop.example; none: all"),
    )
    pages = forms.CharField(
        label=gettext_lazy("Pages"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "One pattern on a line, such as /tea* or !/checkout*; ! leaves pages out, none: all"
        ),
    )
    delay_s = forms.IntegerField(
        label=gettext_lazy("Seconds on the page"), min_value=0, max_value=3600, initial=10
    )
    scroll_percent = forms.IntegerField(
        label=gettext_lazy("Scrolled down, %"), min_value=0, max_value=100, initial=0
    )
    on_exit = forms.BooleanField(
        label=gettext_lazy("Only when the person is about to leave"),
        required=False,
        help_text=gettext_lazy("Where there is a mouse: on its way to the tabs and the address."),
    )
    segment = forms.ModelChoiceField(
        label=gettext_lazy("Only customers in"),
        queryset=Segment.objects.none(),
        required=False,
        empty_label=gettext_lazy("everybody"),
        help_text=gettext_lazy("Decided here; the page never learns who is in which segment."),
    )
    share_percent = forms.DecimalField(
        label=gettext_lazy("Share that is asked, %"),
        min_value=Decimal("0.1"),
        max_value=100,
        decimal_places=1,
        initial=100,
        help_text=gettext_lazy("Drawn by lot, the same people each time."),
    )
    again_days = forms.IntegerField(label=gettext_lazy("Again after days"), initial=30, **DAYS)
    again_after_close_days = forms.IntegerField(
        label=gettext_lazy("Again after days when it was closed"), initial=90, **DAYS
    )
    again_after_answer_days = forms.IntegerField(
        label=gettext_lazy("Again after days when it was answered"),
        initial=0,
        help_text=gettext_lazy("0: never again"),
        **DAYS,
    )
    is_on = forms.BooleanField(label=gettext_lazy("The pop-up is on"), required=False)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        field: Any = self.fields["segment"]
        field.queryset = choosable_segments(self.initial.get("segment"))

    def wanted(self) -> PopupInput:
        """The pop-up as it was filled in."""
        told: dict[str, Any] = dict(self.cleaned_data)
        told["share_per_mille"] = round(told.pop("share_percent") * 10)
        told |= {name: tuple(told[name].split()) for name in ("origins", "pages")}
        return PopupInput(**told)


@page("listen/surveys/<int:survey_id>/popup", needs="feedback.edit_survey")
def popup(request: HttpRequest, survey_id: int) -> Shown:
    """The pop-up of a survey: its settings, the code to paste, and what became of its showings."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    found = find_popup_of(survey)
    form = PopupForm(request.POST or None, initial=_initial(found))
    if request.method == "POST" and form.is_valid():
        try:
            set_popup(survey, form.wanted(), now=timezone.now())
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, _("The pop-up is saved."))
            return redirect("feedback.popup", survey.pk)
    return show_form(
        request,
        "feedback/popup.html",
        form=form,
        survey=survey,
        popup=found,
        counts=counts_of(found) if found else None,
        tag=_tag(found) if found else "",
    )


@page("listen/surveys/<int:survey_id>/popup/preview", needs="feedback.edit_survey")
def popup_preview(request: HttpRequest, survey_id: int) -> Shown:
    """The pop-up over an empty page, with the draft in it; nothing is recorded."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    return show(
        request,
        "feedback/popup_preview.html",
        survey=survey,
        inside=reverse("feedback.try_survey", args=(survey.pk,)),
    )


def _initial(found: Popup | None) -> dict[str, Any]:
    if found is None:
        return {}
    names = ("delay_s", "scroll_percent", "on_exit", "segment", "is_on", "again_days")
    told = {name: getattr(found, name) for name in names}
    return told | {
        "again_after_close_days": found.again_after_close_days,
        "again_after_answer_days": found.again_after_answer_days,
        "share_percent": found.share_per_mille / 10,
        "origins": "\n".join(found.origins),
        "pages": "\n".join(found.pages),
    }


def _tag(found: Popup) -> str:
    address = f"{settings.BASE_URL}{reverse('feedback.popup_script')}"
    return f'<script async src="{address}" data-popup="{found.code}"></script>'
