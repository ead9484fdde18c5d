"""The pop-up as sites get it: its script, what it asks the server, and the survey in its frame."""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from regulars.core.errors import NotFound
from regulars.core.texts import keepable
from regulars.feedback.actions.popups import (
    POPUP,
    Visit,
    find_popup,
    invitation_of,
    note_closing,
    read_ticket,
    show_popup,
    ticket_for,
)
from regulars.feedback.actions.surveys import link_for
from regulars.feedback.models import Popup
from regulars.feedback.pages.asking import invited, public
from regulars.feedback.queries.surveys import definition_of, latest_version
from regulars.feedback.saying import chrome
from regulars.feedback.survey.texts import text_in
from regulars.web.pages import PUBLIC, Shown, page

BODY_MAX = 8 * 1024
FRESH_S = 3600
SCRIPT = Path(__file__).parent.parent / "static" / "feedback" / "popup.js"


@cache
def served_script() -> bytes:
    """The script of pop-ups as it is served."""
    return SCRIPT.read_bytes()


@page("collect/popup.js", needs=PUBLIC)
@require_safe
def popup_script(request: HttpRequest) -> Shown:
    """The script, for pages of any site."""
    body = served_script()
    response = HttpResponse(body, content_type="text/javascript; charset=utf-8")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.content = gzip.compress(body, 9, mtime=0)
        response["Content-Encoding"] = "gzip"
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = f"public, max-age={FRESH_S}"
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@page("collect/popup/<str:popup_code>", needs=PUBLIC)
@csrf_exempt
@require_POST
def popup_decision(request: HttpRequest, popup_code: str) -> Shown:
    """Whether, and when, the pop-up opens on a page; an empty object where it does not.

    The answer is as empty for a page that is not meant as for a person who is not: a site learns
    nothing about anybody's segments.
    """
    popup = _popup(request, popup_code)
    if popup is None:
        return _told(request, {})
    told = _body(request)
    visit = Visit(
        address=_text(told, "page", 2000),
        visitor=_text(told, "visitor", 64),
        customer=_text(told, "customer", 254),
        proof=_text(told, "proof", 64),
        anonymous_id=_text(told, "anonymous", 254),
    )
    ticket = ticket_for(popup, visit, now=timezone.now())
    if not ticket:
        return _told(request, {})
    plan = {"after": popup.delay_s, "scroll": popup.scroll_percent, "exit": popup.on_exit}
    return _told(request, plan | {"ticket": ticket})


@page("collect/popup/<str:popup_code>/shown", needs=PUBLIC)
@csrf_exempt
@require_POST
def popup_opening(request: HttpRequest, popup_code: str) -> Shown:
    """Lets the pop-up open, once for a ticket: the frame's address, its words, and when again."""
    popup, told = _popup(request, popup_code), _body(request)
    if popup is None or not popup.is_on or not popup.survey.is_open:
        return _told(request, {})
    signed = _text(told, "ticket", 500)
    try:
        ticket = read_ticket(popup, signed)
    except NotFound:
        return _told(request, {})
    if not show_popup(popup, ticket, now=timezone.now()):
        return _told(request, {})
    return _told(request, _opening(popup, signed, _text(told, "language", 35)))


def _opening(popup: Popup, signed: str, wanted: str) -> dict[str, Any]:
    definition = definition_of(latest_version(popup.survey))
    language = definition.best_language([one for one in (wanted, wanted.partition("-")[0]) if one])
    path = reverse("feedback.popup_frame", args=(popup.code, signed))
    with translation.override(chrome(language)):
        return {
            "frame": f"{settings.BASE_URL}{path}?lang={language}",
            "title": text_in(definition.title, language) or _("Your opinion"),
            "close": _("Close"),
            "lang": language,
            "again": popup.again_days,
            "closed": popup.again_after_close_days,
            "answered": popup.again_after_answer_days,
        }


@page("collect/popup/<str:popup_code>/closed", needs=PUBLIC)
@csrf_exempt
@require_POST
def popup_closing(request: HttpRequest, popup_code: str) -> Shown:
    """Notes that somebody closed the pop-up before its end."""
    popup = _popup(request, popup_code)
    if popup is not None:
        try:
            ticket = read_ticket(popup, _text(_body(request), "ticket", 500))
        except NotFound:
            return _told(request, {})
        note_closing(ticket, now=timezone.now())
    return _told(request, {})


@page("popup/<str:popup_code>/<str:ticket>", needs=PUBLIC)
@never_cache
@xframe_options_exempt
@csrf_exempt
def popup_frame(request: HttpRequest, popup_code: str, ticket: str) -> Shown:
    """The survey in the frame of a pop-up, on the sites that may show it.

    Whoever is known answers their invitation, everybody else the survey's public link; either way
    one showing gives one answer.
    """
    popup = find_popup(popup_code)
    told = read_ticket(popup, ticket)
    noted: Any = request
    noted.is_framed, noted.visit = True, told.key
    invitation = invitation_of(told)
    if invitation is not None:
        response = invited(request, invitation.token)
    else:
        link = link_for(popup.survey, store=None)
        response = public(request, link.code, channel=POPUP)
    response["Content-Security-Policy"] = _policy(popup)
    return response


def _policy(popup: Popup) -> str:
    around = " ".join(popup.origins) or "*"
    return (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self';"
        f" form-action 'self'; frame-ancestors 'self' {around}"
    )


def _popup(request: HttpRequest, code: str) -> Popup | None:
    try:
        return find_popup(code, origin=request.headers.get("Origin", ""))
    except NotFound:
        return None


def _body(request: HttpRequest) -> dict[str, Any]:
    """What a script told, or nothing where it is no JSON object of a few kilobytes."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_MAX:
        return {}
    try:
        told = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _text(told: dict[str, Any], name: str, length_max: int) -> str:
    found = told.get(name)
    return keepable(found[:length_max]) if isinstance(found, str) else ""


def _told(request: HttpRequest, told: dict[str, Any]) -> JsonResponse:
    response = JsonResponse(told)
    response["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")
    response["Vary"] = "Origin"
    response["Cache-Control"] = "no-store"
    return response
