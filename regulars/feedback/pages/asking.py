"""The survey on a phone: a form post for each screen, no script.

Each post is kept in a sitting, so the same link goes on where somebody stopped, on any device.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import urlencode
from django.utils.translation import get_supported_language_variant
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from regulars.company.models import Store
from regulars.feedback.actions.sittings import (
    Keep,
    SittingInput,
    finish_sitting,
    invited_input,
    is_over,
    keep_answers_of,
    open_sitting,
)
from regulars.feedback.actions.uploads import drop_unnamed_files, keep_files
from regulars.feedback.look import survey_stylesheet_url
from regulars.feedback.models import Invitation, PublicLink, Sitting, SurveyVersion
from regulars.feedback.pages.languages import language_name
from regulars.feedback.pages.screens import (
    Turn,
    change_of,
    first_turn,
    next_turn,
    preselected,
    resumed_turn,
    screen_context,
    turn_with_kept,
    turn_with_problems,
)
from regulars.feedback.pages.sent_files import form_with_files
from regulars.feedback.queries.sittings import find_sitting_of
from regulars.feedback.queries.surveys import (
    definition_of,
    find_invitation,
    find_public_link,
    latest_version,
)
from regulars.feedback.queries.uploads import known_files_of
from regulars.feedback.saying import thanks_for
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.texts import text_in
from regulars.web.brand import current_brand
from regulars.web.pages import PUBLIC, Shown, page, show

HONEYPOT = "website"
"""A field that people do not see and programs fill in."""

SIGNER = signing.TimestampSigner(salt="feedback.visit")
FORM_LIVES = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Asking:
    """One survey that is being asked at one address."""

    address: str
    version: SurveyVersion
    definition: Definition
    language: str
    store: Store | None
    preferred: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a posted screen: what is shown next, or the end, `thanks` or `full`."""

    turn: Turn
    end: str = ""


@page("s/<str:token>", needs=PUBLIC)
@never_cache
@csrf_exempt
def invited(request: HttpRequest, token: str) -> Shown:
    """The survey of one invitation; the secret in the address is all that it takes to answer."""
    invitation = find_invitation(token)
    if invitation is None:
        return _closed(request, _("This link does not lead to a survey."), status=404)
    sitting = find_sitting_of(f"invitation:{invitation.pk}")
    version = sitting.version if sitting else invitation.version
    own = (sitting.language if sitting else "") or invitation.language
    asking = _asking(request, version, store=invitation.store, own=own)
    if invitation.answered_at is not None or is_over(sitting):
        return _thanks(request, asking, sitting)
    if not invitation.survey.is_open:
        return _closed(request, _("This survey has ended."), status=410)
    if request.method != "POST" or not _is_a_person(request):
        return _screen(request, asking, _first(request, asking, sitting))
    opening = replace(
        invited_input(invitation, language=asking.language), began_at=_began_at(request)
    )
    outcome = _keep_posted(request, opening, asking)
    if outcome.end:
        return HttpResponseRedirect(f"{request.path}?lang={asking.language}")
    return _screen(request, asking, outcome.turn)


@page("q/<str:code>", needs=PUBLIC)
@never_cache
@csrf_exempt
def public(request: HttpRequest, code: str, channel: str = "qr") -> Shown:
    """The survey of a printed code, or of a pop-up; every visit is another respondent.

    A visit keeps the version that it began with, whatever is published meanwhile.
    """
    link = find_public_link(code.lower())
    if link is None:
        return _closed(request, _("This link does not lead to a survey."), status=404)
    visit = _visit_of(request)
    sitting = find_sitting_of(_key_of(link, visit[0])) if visit else None
    version = sitting.version if sitting else latest_version(link.survey)
    asking = _asking(request, version, store=link.store)
    if end := request.GET.get("thanks"):
        return _thanks(request, asking, sitting, is_full=end == "full")
    if not link.survey.is_open:
        return _closed(request, _("This survey has ended."), status=410)
    if request.method != "POST" or not _is_a_person(request):
        return _screen(request, asking, _first(request, asking, None))
    outcome = _keep_posted(request, _public_input(request, link, asking, channel), asking)
    if outcome.end:
        end = "full" if outcome.end == "full" else "1"
        told = {"thanks": end, "lang": asking.language} | _visit_for_thanks(request, asking)
        return HttpResponseRedirect(f"{request.path}?{urlencode(told)}")
    return _screen(request, asking, outcome.turn)


def _first(request: HttpRequest, asking: Asking, sitting: Sitting | None) -> Turn:
    """Where a respondent who opens the link stands: at the beginning, or where they stopped."""
    if sitting is not None and sitting.values:
        return resumed_turn(asking.definition, sitting.values, sitting.position)
    answer = request.GET.get("q", "")[:200]
    return first_turn(asking.definition, preselected(asking.definition, answer))


def _keep_posted(request: HttpRequest, opening: SittingInput, asking: Asking) -> Outcome:
    """Keep what was posted, and hand the answer over when it is the last page.

    What stands against the answer comes back as problems on the screen where it can be mended.
    """
    now, definition = timezone.now(), asking.definition
    with transaction.atomic():
        sitting = open_sitting(opening, now=now)
        form, sorted_ = form_with_files(request, definition, known=known_files_of(sitting))
        turn = next_turn(definition, form, sorted_.problems)
        if sorted_.new and not is_over(sitting):
            keep_files(sitting, sorted_.new, now=now)
        sent = change_of(definition, form, turn) if sitting.values else _all_of(turn)
        kept = keep_answers_of([_keep(sitting, sent, asking, turn)], now=now)[0]
        if kept.is_over or kept.full_quota:
            return Outcome(turn, _end_of(kept.sitting))
        if turn.complete_values is None:
            drop_unnamed_files(kept.sitting)
            return Outcome(turn_with_kept(definition, turn, kept.sitting.values, sent))
        done = finish_sitting(kept.sitting, now=now)
    if done.problems:
        return Outcome(turn_with_problems(definition, done.sitting.values, done.problems))
    return Outcome(turn, _end_of(done.sitting))


def _all_of(turn: Turn) -> dict[str, Any]:
    return turn.values if turn.complete_values is None else turn.complete_values


def _end_of(sitting: Sitting) -> str:
    return "full" if sitting.disposition == "rejected" else "thanks"


def _keep(sitting: Sitting, sent: dict[str, Any], asking: Asking, turn: Turn) -> Keep:
    return Keep(
        sitting_id=sitting.pk,
        values=sent,
        position=turn.screen.page.name if turn.screen else "",
        language=asking.language,
    )


def _key_of(link: PublicLink, visit: str) -> str:
    return f"public:{link.pk}:{visit}"


def _public_input(
    request: HttpRequest, link: PublicLink, asking: Asking, channel: str
) -> SittingInput:
    visit, began_at = _visit_of(request) or (uuid.uuid4().hex, None)
    return SittingInput(
        key=_key_of(link, visit),
        version=asking.version,
        channel=channel,
        language=asking.language,
        link_id=link.pk,
        store_id=link.store_id,
        began_at=began_at,
    )


def _began_at(request: HttpRequest) -> datetime | None:
    known = _visit_of(request)
    return known[1] if known else None


def _is_a_person(request: HttpRequest) -> bool:
    """Whether a post comes from a form of ours, with the field empty that people do not see."""
    return _visit_of(request) is not None and not request.POST.get(HONEYPOT)


def _visit_of(request: HttpRequest) -> tuple[str, datetime] | None:
    """What one opened form is known by, and when it was opened; None without our own form.

    The same form sent twice is one answer. The signature keeps programs from making up forms.
    """
    signed = request.POST.get("visit") or request.GET.get("visit", "")
    try:
        visit = SIGNER.unsign(signed, max_age=FORM_LIVES)
    except signing.BadSignature:
        return None
    seconds = signing.b62_decode(signed.split(":")[-2])
    return visit, datetime.fromtimestamp(seconds, tz=UTC)


def _signed_visit(request: HttpRequest) -> str:
    known = _visit_of(request)
    own = getattr(request, "visit", "") or uuid.uuid4().hex
    return request.POST["visit"] if known else SIGNER.sign(own)


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
        context["kept"] += [("visit", _signed_visit(request)), ("language", asking.language)]
        context |= _frame(asking) | {"action": asking.address, "languages": _others(asking)}
        return show(request, "feedback/survey.html", status=status, **context)


def _visit_for_thanks(request: HttpRequest, asking: Asking) -> dict[str, str]:
    """The visit, where the words at the end speak of its answers."""
    speaks = "{" in text_in(asking.definition.thanks, asking.language)
    return {"visit": request.POST.get("visit", "")} if speaks else {}


def _thanks(
    request: HttpRequest, asking: Asking, sitting: Sitting | None, *, is_full: bool = False
) -> Shown:
    values = sitting.values if sitting else {}
    is_full = is_full or (sitting is not None and _end_of(sitting) == "full")
    with translation.override(_chrome(asking.language)):
        words = thanks_for(asking.definition, values, asking.language)
        words = words or _("Your answer has arrived.")
        if is_full:
            words = _("Enough people like you have answered this survey already.")
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
    return [(code, language_name(code)) for code in codes]


def _chrome(language: str) -> str:
    """The language of our own words around the survey's: its own if we speak it, else English."""
    try:
        return get_supported_language_variant(language)
    except LookupError:
        return "en"


def survey_address(invitation: Invitation) -> str:
    """The path of an invitation's survey."""
    return reverse("feedback.invited", args=(invitation.token,))
