"""The first answer: a QR code on the home page, and the answer of the phone a moment later."""

from typing import Any

from django.db.models import F
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from regulars.core.access import seen
from regulars.feedback.models import Answer, PublicLink, Signal
from regulars.feedback.pages.surveys import address_of, qr_of, viewer
from regulars.feedback.pages.words import with_looks
from regulars.web.pages import Shown, page, show

LATEST = 5


@page(
    "listen/first-answer",
    needs="feedback.view_signal",
    panel_of="home",
    title=gettext_lazy("Answer your own survey"),
)
def first_answer(request: HttpRequest) -> Shown:
    """A QR code to point a phone at; what it answers appears beside it within five seconds."""
    links = seen(PublicLink, viewer(request)).filter(survey__is_open=True)
    link = links.select_related("survey").order_by(F("store").asc(nulls_first=True), "pk").first()
    context: dict[str, Any] = {"link": link, "latest": _latest(request)}
    if link is not None:
        address = address_of(request, link)
        context |= {"address": address, "qr": qr_of(address)}
    context["is_answered"] = seen(Answer, viewer(request)).filter(sample=False).exists()
    return show(request, "feedback/_first_answer.html", **context)


@page("listen/latest", needs="feedback.view_signal")
def latest(request: HttpRequest) -> Shown:
    """The latest real answers, as a fragment that is asked for every few seconds."""
    return show(request, "feedback/_latest.html", latest=_latest(request))


def _latest(request: HttpRequest) -> list[dict[str, object]]:
    rows = seen(Signal, viewer(request)).filter(method="survey", sample=False)
    related = rows.select_related("survey", "store", "customer")
    return with_looks(list(related.order_by("-pk")[:LATEST]), seen_by=viewer(request))
