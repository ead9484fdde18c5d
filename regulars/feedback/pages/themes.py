"""Themes: what customers write about, what each costs, and whom it touches: what to mend first."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from regulars.company.queries import get_brand
from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.feedback.actions.coding import set_code_frame
from regulars.feedback.models import Survey
from regulars.feedback.pages.results import signal_filter, visible_surveys
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.response import measures_by_survey
from regulars.feedback.queries.themes import (
    SurveyThemes,
    ThemeAgreement,
    Touched,
    agreement_of,
    frame_of,
    themes_of,
)
from regulars.feedback.rules.agreement import FAIR_MIN, GOOD_MIN, UNITS_MIN, Agreement
from regulars.feedback.rules.themes import MENTIONS_MIN, ThemeImpact
from regulars.feedback.shown import LABELS, factor_of, readable, tabs
from regulars.feedback.survey.extension import NAME_LENGTH_MAX, Code
from regulars.feedback.survey.texts import text_in
from regulars.web.charts import plain_number, points, signed
from regulars.web.filters import read_filters
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show

VERDICTS: dict[str, tuple[Promise, str]] = {
    "lower": (gettext_lazy("costs"), "bad"),
    "higher": (gettext_lazy("a strength"), "good"),
    "no_evidence": (gettext_lazy("no evidence of a difference"), ""),
    "too_few": (gettext_lazy("not enough data"), ""),
}


@page("listen/themes", needs="feedback.view_signal", title=gettext_lazy("Themes"))
def themes(request: HttpRequest) -> Shown:
    """The themes of a survey's comments in the order of what they cost."""
    filters = read_filters(request)
    measured = {pk: kinds for pk, kinds in measures_by_survey().items() if kinds}
    surveys = [one for one in visible_surveys(request) if one.pk in measured]
    which = signal_filter(request, filters)
    survey = next((one for one in surveys if one.pk == which.survey_id), None) or next(
        iter(surveys), None
    )
    kinds = [kind for kind in LABELS if survey and kind in measured[survey.pk]]
    chosen = request.GET.get("measure", "")
    measure = chosen if chosen in kinds else next(iter(kinds), "")
    found = _found(request, survey, measure) if survey else None
    return show(
        request,
        "feedback/themes.html",
        filters=filters,
        tabs=tabs("themes", request),
        surveys=surveys,
        survey=survey,
        measures=[(kind, LABELS[kind]) for kind in kinds],
        measure=measure,
        least=MENTIONS_MIN,
        units_min=UNITS_MIN,
        **(_shown(request, survey, found, measure) if survey and found else {}),
    )


def _found(request: HttpRequest, survey: Survey, measure: str) -> SurveyThemes:
    which = signal_filter(request, read_filters(request))
    return themes_of(survey, measure, which, seen_by=viewer(request), now=timezone.now())


def _shown(
    request: HttpRequest, survey: Survey, found: SurveyThemes, measure: str
) -> dict[str, Any]:
    names = names_of(found.frame)
    agreed = agreement_of(survey, seen_by=viewer(request))
    return {
        "found": found,
        "coded_share": _percent(1 - found.uncoded / found.comments) if found.comments else "",
        "finding": _finding(found, names, measure),
        "rows": [_row(one, found, agreed, measure) for one in found.impacts],
        "agreed": agreement_words(agreed.whole),
        "agreed_people": agreement_words(agreed.people),
        "hand_coded": agreed.whole.units,
        "currency": get_brand().currency,
    }


def names_of(frame: tuple[Code, ...]) -> dict[str, str]:
    """What people call the themes, by code."""
    language = get_language() or "en"
    return {one.value: text_in(one.text, language) or one.value for one in frame}


def _row(
    one: ThemeImpact, found: SurveyThemes, agreed: ThemeAgreement, measure: str
) -> dict[str, Any]:
    touched, alpha = found.touched[one.code], agreed.by_theme[one.code].value
    (said, tone), factor = VERDICTS[one.verdict], factor_of(measure)
    return {
        "name": names_of(found.frame)[one.code],
        "mentions": one.mentions,
        "share": _percent(one.share),
        "bounds": _span(100 * one.share_low, 100 * one.share_high),
        "score": readable(measure, one.score) if one.score else None,
        "impact": signed(factor * one.impact.value) if one.impact else "",
        "impact_bounds": _span(factor * one.impact.low, factor * one.impact.high)
        if one.impact
        else "",
        "cost": points(factor * one.cost) if one.cost is not None else "",
        "cost_bounds": _span(factor * (one.cost_low or 0.0), factor * (one.cost_high or 0.0)),
        "verdict": said,
        "tone": tone,
        "touched": touched,
        "estimate": _estimate(touched),
        "alpha": "" if alpha is None else plain_number(round(alpha, 2)),
    }


def _estimate(touched: Touched) -> str:
    if touched.estimate is None:
        return ""
    value, low, high = (plain_number(one) for one in touched.estimate)
    return _("about %(value)s of all buyers (%(low)s to %(high)s)") % {
        "value": value,
        "low": low,
        "high": high,
    }


def _finding(found: SurveyThemes, names: dict[str, str], measure: str) -> str:
    """What to mend first, as far as the comments tell."""
    if not found.frame:
        return _("There is no code frame yet: say which themes there are and by which words.")
    costly = [one for one in found.impacts if one.verdict == "lower"]
    if not costly:
        return _("Of no theme is it certain that it goes with lower scores.")
    first, rivals = costly[0], costly[1:]
    words = {
        "name": names[first.code],
        "cost": points(factor_of(measure) * (first.cost or 0.0)),
    }
    said = (
        _(
            "Mend “%(name)s” first: had those who write of it scored like the rest, the score of all comments would be %(cost)s higher."
        )
        % words
    )
    close = [one for one in rivals if (one.cost_high or 0) > (first.cost_low or 0)]
    if close:
        said += " " + _("The order is not certain: the bounds of %(others)s overlap with it.") % {
            "others": ", ".join(f"“{names[one.code]}”" for one in close[:3])
        }
    return said


def agreement_words(found: Agreement) -> str:
    """Alpha with its bounds and what it is worth; empty where too little was coded."""
    if found.value is None:
        return ""
    value, low, high = (
        plain_number(round(one or 0.0, 2)) for one in (found.value, found.low, found.high)
    )
    worth = (
        _("reliable")
        if found.value >= GOOD_MIN
        else _("for tentative conclusions")
        if found.value >= FAIR_MIN
        else _("not reliable: mend the words of the frame")
    )
    return _("α = %(value)s (%(low)s to %(high)s), n = %(count)s: %(worth)s") % {
        "value": value,
        "low": low,
        "high": high,
        "count": plain_number(found.units),
        "worth": worth,
    }


def _span(low: float, high: float) -> str:
    return _("%(low)s to %(high)s") % {"low": points(low), "high": points(high)}


def _percent(share: float) -> str:
    return f"{plain_number(round(100 * share))}%"


class ThemeForm(forms.Form):
    """One theme: what it is called, and the words it is found by."""

    value = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=NAME_LENGTH_MAX,
        validators=[RegexValidator(r"^[a-z0-9_]+$", gettext_lazy("Small letters, digits and _"))],
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    name_ru = forms.CharField(label=gettext_lazy("Name in Russian"), max_length=100, required=False)
    words = forms.CharField(
        label=gettext_lazy("English words"), max_length=2000, required=False,
        help_text=gettext_lazy("Words and phrases with commas between; endings do not matter."),
    )  # fmt: skip
    words_ru = forms.CharField(label=gettext_lazy("Russian words"), max_length=2000, required=False)
    under = forms.CharField(
        label=gettext_lazy("Part of"), max_length=NAME_LENGTH_MAX, required=False,
        help_text=gettext_lazy("The code of a wider theme."),
    )  # fmt: skip

    def told(self) -> dict[str, Any]:
        """The theme as the code frame keeps it."""
        told = self.cleaned_data
        words = {"en": _words(told["words"]), "ru": _words(told["words_ru"])}
        return {
            "value": told["value"],
            "text": {
                "default": told["name"],
                **({"ru": told["name_ru"]} if told["name_ru"] else {}),
            },
            "words": {language: some for language, some in words.items() if some},
            **({"under": told["under"]} if told["under"] else {}),
        }


Themes: Any = forms.formset_factory(ThemeForm, extra=2, can_delete=True, max_num=100)


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


@page("listen/surveys/<int:survey_id>/themes", needs="feedback.edit_survey")
def edit_themes(request: HttpRequest, survey_id: int) -> Shown:
    """The code frame of a survey: its themes and the words they are found by."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    known = [_initial(one) for one in frame_of(survey)]
    forms_ = Themes(request.POST or None, initial=known)
    problem = ""
    if request.method == "POST" and forms_.is_valid():
        kept = [one for one in forms_ if one.cleaned_data and not one.cleaned_data.get("DELETE")]
        try:
            set_code_frame(
                survey, [one.told() for one in kept], now=timezone.now(), author=viewer(request)
            )
        except Refused as refused:
            problem = str(refused.message)
        else:
            say(request, _("The themes are saved, and all comments are sorted anew."))
            return redirect(f"{reverse('feedback.themes')}?survey={survey.pk}")
    status = 422 if problem or (forms_.is_bound and not forms_.is_valid()) else 200
    return show(
        request,
        "feedback/edit_themes.html",
        status=status,
        survey=survey,
        forms=forms_,
        problem=problem,
    )


def _initial(code: Code) -> dict[str, str]:
    return {
        "value": code.value,
        "name": text_in(code.text, "en"),
        "name_ru": text_in(code.text, "ru") if isinstance(code.text, dict) else "",
        "words": ", ".join(code.words.get("en", ())),
        "words_ru": ", ".join(code.words.get("ru", ())),
        "under": code.under,
    }
