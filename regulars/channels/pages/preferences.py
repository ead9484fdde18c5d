"""The customer's own page: what we may write, by a link from a letter, without a password."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt

from regulars.channels.actions.optouts import Choice, choose, confirm, opt_out
from regulars.channels.kind import reached_by
from regulars.channels.queries.channels import (
    Reader,
    consent_of_token,
    reader_of_token,
    token_of,
)
from regulars.channels.queries.readers import held_of, options_for
from regulars.customers.models import Customer
from regulars.customers.queries.consents import purpose_names
from regulars.customers.rules.consents import ANY
from regulars.web.pages import PUBLIC, Shown, page, show

LANGUAGES = ("en", "ru")


@page("preferences/<str:token>", needs=PUBLIC)
def preferences(request: HttpRequest, token: str) -> Shown:
    """Every purpose on every channel that reaches the reader; each box is a yes or a no."""
    reader = reader_of_token(token)
    with translation.override(_language_of(reader, request)):
        if request.method == "POST":
            if "nothing" in request.POST:
                _stop(reader, request, everywhere=True)
            else:
                _save(reader, request)
            return redirect(f"{request.path}?done=1")
        return _shown(request, reader, is_done="done" in request.GET)


@page("unsubscribe/<str:token>", needs=PUBLIC)
@csrf_exempt
def unsubscribe(request: HttpRequest, token: str) -> Shown:
    """Takes a reader off the list by POST; GET shows all they can choose.

    Mail programs post here without asking their reader twice (RFC 8058); the signed token guards it.
    """
    reader = reader_of_token(token)
    with translation.override(_language_of(reader, request)):
        if request.method == "POST":
            _stop(reader, request, everywhere=False)
            return _shown(request, reader, is_done=True)
        return _shown(request, reader, is_done=False)


@page("confirm/<str:token>", needs=PUBLIC)
def confirm_consent(request: HttpRequest, token: str) -> Shown:
    """Confirms a yes from the mailbox by POST; GET shows the button, because mail is scanned."""
    consent_id = consent_of_token(token)
    context: dict[str, Any] = {}
    if request.method == "POST":
        given = confirm(consent_id, now=timezone.now(), proof=proof_of(request))
        reader = Reader("email", given.proof.get("address", ""), given.customer_id)
        context = {
            "purpose": purpose_names().get(given.purpose, given.purpose),
            "preferences": token_of(reader),
        }
    return show(request, "channels/confirm.html", **context)


def proof_of(request: HttpRequest) -> dict[str, str]:
    """What shows later that it was the person: where the click came from, with what, to which page."""
    return {
        "ip": str(request.META.get("REMOTE_ADDR", "")),
        "user_agent": request.headers.get("User-Agent", "")[:300],
        "page": request.path.split("/")[1],
    }


def _language_of(reader: Reader, request: HttpRequest) -> str:
    """The person's own language where we have it, else the browser's."""
    told = (
        Customer.objects.filter(pk=reader.customer_id or 0)
        .values_list("language", flat=True)
        .first()
    )
    wanted = (told or "")[:2]
    return wanted if wanted in LANGUAGES else (get_language() or "en")[:2]


def _stop(reader: Reader, request: HttpRequest, *, everywhere: bool) -> None:
    now, proof = timezone.now(), proof_of(request)
    opt_out(
        channel=reader.channel,
        address=reader.address,
        customer_id=reader.customer_id,
        now=now,
        proof=proof,
    )
    if everywhere:
        choose(reader, [Choice(ANY, ANY, "withdrawn")], now=now, proof=proof)


def _save(reader: Reader, request: HttpRequest) -> None:
    """Only what differs from before is a new word: saving twice says nothing new."""
    now, language = timezone.now(), (get_language() or "en")[:2]
    choices = []
    for _channel, options in options_for(reader, language=language, now=now):
        for option in options:
            wanted = option.field in request.POST
            if option.can_change and wanted != option.is_on:
                shown = "" if option.text_id else option.text
                state = "given" if wanted else "withdrawn"
                choices.append(
                    Choice(option.purpose, option.channel, state, option.text_id, language, shown)
                )
    choose(reader, choices, now=now, proof=proof_of(request))


def _shown(request: HttpRequest, reader: Reader, *, is_done: bool) -> Shown:
    language = (get_language() or "en")[:2]
    return show(
        request,
        "channels/preferences.html",
        address=reader.address,
        token=token_of(reader),
        channels=options_for(reader, language=language, now=timezone.now()),
        held=held_of(reader),
        done=is_done,
        by_mail=reached_by(reader.channel) == "email",
    )
