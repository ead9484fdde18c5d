"""The languages of a survey, side by side."""

import re

from django.http import HttpRequest
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.feedback.actions.drafts import draft_at, draft_of
from regulars.feedback.building.edits import Raw
from regulars.feedback.building.texts import Spot, put_texts, said_in, spots
from regulars.feedback.models import Survey
from regulars.feedback.pages import building
from regulars.feedback.pages.building_words import property_name
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.survey.texts import languages_in
from regulars.web.pages import Shown, page, show

OFFERED = ("en", "ru", "kk", "uz", "uk", "be", "de", "fr", "es", "tr", "ar", "he", "zh", "ka", "hy")
CODE = r"[a-z]{2,3}(-[a-z0-9]{2,8})?"
TO_COME = "ru"


def own_language(raw: Raw) -> str:
    """The language that a definition's texts are in unless they say otherwise."""
    return str(raw.get("locale") or "en").split("-", maxsplit=1)[0].lower()


def languages_of(raw: Raw) -> list[str]:
    """The languages of a definition, its own first."""
    own = own_language(raw)
    others = {code.split("-")[0].lower() for code in languages_in(raw)} - {own}
    return [own, *sorted(others)]


def language_name(code: str) -> str:
    """A language by its own name, or its code."""
    try:
        return str(get_language_info(code)["name_local"]).capitalize()
    except KeyError:
        return code.upper()


@page("listen/surveys/<int:survey_id>/build/languages", needs="feedback.edit_survey")
def build_languages(request: HttpRequest, survey_id: int) -> Shown:
    """Every text in the survey's own language and in another one, side by side."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    draft = draft_of(survey)
    raw, own = draft.definition, own_language(draft.definition)
    to = _wanted(request, raw, own)
    refused, written = None, {}
    if request.method == "POST":
        said = {key[2:]: str(text) for key, text in request.POST.items() if key.startswith("t:")}
        try:
            return building.edit_and_return(
                request, survey, lambda told: put_texts(told, said, language=to, own=own)
            )
        except Refused as fault:
            refused, written = fault, _written(survey, request.POST.get("after", ""), said, own)
    rows = [
        {
            "field": f"t:{spot.field}",
            "element": spot.element,
            "label": property_name(spot.key),
            "text": said_in(spot.text, own, own),
            "said": written.get(_whose(spot, own), said_in(spot.text, to, own)),
        }
        for spot in spots(raw)
    ]
    known = [code for code in languages_of(raw) if code != own]
    return show(
        request,
        "feedback/build_languages.html",
        status=422 if refused else 200,
        refused=refused,
        survey=survey,
        draft=draft,
        rows=rows,
        missing=sum(1 for row in rows if row["text"] and not row["said"]),
        own=language_name(own),
        to=to,
        to_name=language_name(to),
        known=[(code, language_name(code)) for code in known],
        offered=[(code, language_name(code)) for code in OFFERED if code not in (own, *known)],
    )


def _whose(spot: Spot, own: str) -> tuple[str, str, str]:
    """What a text is, wherever it has moved since."""
    return spot.element, spot.key, said_in(spot.text, own, own)


def _written(
    survey: Survey, after: str, said: dict[str, str], own: str
) -> dict[tuple[str, str, str], str]:
    """What was sent and not taken, by the texts that its author saw beside it."""
    seen = draft_at(survey, int(after)) if after.isdecimal() and len(after) < 10 else None
    found = (seen or draft_of(survey)).definition
    return {_whose(one, own): said[one.field] for one in spots(found) if one.field in said}


def _wanted(request: HttpRequest, raw: Raw, own: str) -> str:
    """The language asked for, or the first that the survey has besides its own."""
    told = (request.POST.get("to") or request.GET.get("to") or "").strip().lower()
    if told:
        if not re.fullmatch(CODE, told) or told == own:
            raise Refused("bad_language", _("Languages are written like en, ru or pt-br."), "to")
        return told
    others = [code for code in languages_of(raw) if code != own]
    return others[0] if others else (TO_COME if own != TO_COME else "en")
