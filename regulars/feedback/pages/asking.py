"""The survey on a phone: a form post for each screen, no script, and only the last post records."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import get_supported_language_variant
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from regulars.company.models import Store
from regulars.feedback.actions.answers import AnswerInput, receive_answer
from regulars.feedback.actions.invitations import mark_started
from regulars.feedback.look import survey_stylesheet_url
from regulars.feedback.models import Invitation, PublicLink, SurveyVersion
from regulars.feedback.pages.screens import (
    Turn,
    first_turn,
    next_turn,
    preselected,
    screen_context,
)
from regulars.feedback.queries.surveys import (
    definition_of,
    find_invitation,
    find_public_link,
    latest_version,
)
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.texts import text_in
from regulars.web.brand import current_brand
from regulars.web.pages import PUBLIC, Shown, page, show

LANGUAGE_NAMES = {
    "en": "English",
    "ru": "Русский",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """One survey that is being asked at one address."""

    address: str
    version: SurveyVersion
    definition: Definition
    language: str
    store: Store | None
    preferred: str = ""


@page("s/<str:token>", needs=PUBLIC)
@never_cache
@csrf_exempt
def invited(request: HttpRequest, token: str) -> Shown:
    """The survey of one invitation; the secret in the address is all that it takes to answer."""
    invitation = find_invitation(token)
    if invitation is None:
        return _closed(request, _("This link does not lead to a survey."), status=404)
    asking = _asking(request, invitation.version, store=invitation.store, own=invitation.language)
    if invitation.answered_at is not None:
        return _thanks(request, asking)
    if not invitation.survey.is_open:
        return _closed(request, _("This survey has ended."), status=410)
    if request.method != "POST":
        rating = request.GET.get("q", "")
        return _screen(
            request, asking, first_turn(asking.definition, preselected(asking.definition, rating))
        )
    turn = next_turn(asking.definition, request.POST)
    mark_started(invitation, now=timezone.now())
    if turn.complete_values is None:
        return _screen(request, asking, turn)
    receive_answer(_invited_input(invitation, asking, turn), now=timezone.now())
    return HttpResponseRedirect(f"{request.path}?lang={asking.language}")


@page("q/<str:code>", needs=PUBLIC)
@never_cache
@csrf_exempt
def public(request: HttpRequest, code: str) -> Shown:
    """The survey of a printed code; every visit is another respondent."""
    link = find_public_link(code.lower())
    if link is None:
        return _closed(request, _("This link does not lead to a survey."), status=404)
    asking = _asking(request, latest_version(link.survey), store=link.store)
    if "thanks" in request.GET:
        return _thanks(request, asking)
    if not link.survey.is_open:
        return _closed(request, _("This survey has ended."), status=410)
    if request.method != "POST":
        rating = request.GET.get("q", "")
        return _screen(
            request, asking, first_turn(asking.definition, preselected(asking.definition, rating))
        )
    turn = next_turn(asking.definition, request.POST)
    if turn.complete_values is None:
        return _screen(request, asking, turn)
    receive_answer(_public_input(request, link, asking, turn), now=timezone.now())
    return HttpResponseRedirect(f"{request.path}?thanks=1&lang={asking.language}")


def _invited_input(invitation: Invitation, asking: Asking, turn: Turn) -> AnswerInput:
    return AnswerInput(
        key=f"invitation:{invitation.pk}",
        version=asking.version,
        values=turn.complete_values or {},
        language=asking.language,
        channel=invitation.channel,
        answered_at=timezone.now(),
        invitation_id=invitation.pk,
        customer_id=invitation.customer_id,
        store_id=invitation.store_id,
        touchpoint_id=invitation.touchpoint_id,
        is_passage=invitation.purchase_id is None,
    )


def _public_input(
    request: HttpRequest, link: PublicLink, asking: Asking, turn: Turn
) -> AnswerInput:
    return AnswerInput(
        key=f"public:{link.pk}:{_visit(request)}",
        version=asking.version,
        values=turn.complete_values or {},
        language=asking.language,
        channel="qr",
        answered_at=timezone.now(),
        store_id=link.store_id,
    )


def _visit(request: HttpRequest) -> str:
    """What one opened form is known by, so that sending it twice is one answer."""
    try:
        return str(uuid.UUID(request.POST.get("visit", "")))
    except ValueError:
        return str(uuid.uuid4())


def _asking(
    request: HttpRequest, version: SurveyVersion, *, store: Store | None, own: str = ""
) -> Asking:
    definition = definition_of(version)
    chosen = request.POST.get("lang") or request.POST.get("language") or request.GET.get("lang")
    accepted = [
        code for code, _ in parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    ]
    language = definition.best_language([one for one in (chosen, own, *accepted) if one])
    return Asking(request.path, version, definition, language, store)


def _screen(request: HttpRequest, asking: Asking, turn: Turn) -> Shown:
    """The form of a turn; 422 when it has problems."""
    status = 422 if turn.problems else 200
    with translation.override(_chrome(asking.language)):
        context = screen_context(asking.definition, turn, language=asking.language)
        context["kept"] += [("visit", _visit(request)), ("language", asking.language)]
        context |= _frame(asking) | {"action": asking.address, "languages": _others(asking)}
        return show(request, "feedback/survey.html", status=status, **context)


def _thanks(request: HttpRequest, asking: Asking) -> Shown:
    with translation.override(_chrome(asking.language)):
        words = text_in(asking.definition.thanks, asking.language) or _("Your answer has arrived.")
        context = _frame(asking) | {"title": _("Thank you!"), "words": words, "done": True}
        return show(request, "feedback/survey_end.html", **context)


def _closed(request: HttpRequest, words: str, *, status: int) -> Shown:
    return show(
        request,
        "feedback/survey_end.html",
        status=status,
        title=_("Nothing to answer here"),
        words=words,
        language=translation.get_language(),
        brand=current_brand(),
        stylesheet=survey_stylesheet_url(),
    )


def _frame(asking: Asking) -> dict[str, Any]:
    place = ""
    if asking.store is not None:
        russian = asking.language == "ru" and asking.store.name_ru
        place = asking.store.name_ru if russian else asking.store.name
    return {
        "language": asking.language,
        "brand": current_brand(),
        "place": place,
        "stylesheet": survey_stylesheet_url(),
    }


def _others(asking: Asking) -> list[tuple[str, str]]:
    """The other languages of the survey, each by its own name."""
    codes = [code for code in asking.definition.languages if code != asking.language]
    return [(code, LANGUAGE_NAMES.get(code, code.upper())) for code in codes]


def _chrome(language: str) -> str:
    """The language of our own words around the survey's: its own if we speak it, else English."""
    try:
        return get_supported_language_variant(language)
    except LookupError:
        return "en"


def survey_address(invitation: Invitation) -> str:
    """The path of an invitation's survey."""
    return reverse("feedback.invited", args=(invitation.token,))
