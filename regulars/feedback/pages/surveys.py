"""Surveys as the company keeps them: the list, one survey, its editor, its QR codes."""

import json
from typing import Any, cast

import segno
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from regulars.company.models import Employee, Store
from regulars.core.access import get_seen, seen
from regulars.core.errors import NotFound, Refused
from regulars.feedback.actions.drafts import discard_draft, draft_of
from regulars.feedback.actions.surveys import (
    DefinitionRefused,
    create_survey,
    link_for,
    open_survey,
    problems_of,
    publish_version,
    rename_survey,
)
from regulars.feedback.exporting import formats
from regulars.feedback.models import Answer, PublicLink, Survey
from regulars.feedback.pages.previews import preview_of
from regulars.feedback.queries.anonymity import waiting_in_box
from regulars.feedback.queries.scores import scores
from regulars.feedback.queries.signals import SignalFilter
from regulars.feedback.queries.surveys import (
    definition_of,
    find_public_link,
    free_survey_name,
    latest_version,
    links_of,
    surveys_with_counts,
    versions_of,
)
from regulars.feedback.queries.uploads import uploads_of
from regulars.feedback.saying import limits_of
from regulars.feedback.shown import shown_scores, store_name, tabs
from regulars.feedback.starters import STARTERS, starter
from regulars.feedback.survey.problems import Problem
from regulars.feedback.wording import named_sentence_for
from regulars.web.brand import current_brand
from regulars.web.frame import say
from regulars.web.pages import Nav, Shown, page, show


def viewer(request: HttpRequest) -> Employee:
    """The employee who asks; pages that need a permission have one."""
    return cast("Employee", request.user)


@page(
    "listen",
    needs="feedback.view_survey",
    nav=Nav(gettext_lazy("Listen"), 30, "listen", "L"),
    title=gettext_lazy("Surveys"),
)
def surveys(request: HttpRequest) -> Shown:
    """All surveys, with how many answered and when last."""
    found = surveys_with_counts(seen_by=viewer(request))
    return show(request, "feedback/surveys.html", surveys=found, tabs=tabs("surveys", request))


@page("listen/surveys/new", needs="feedback.edit_survey", title=gettext_lazy("New survey"))
def new_survey(request: HttpRequest) -> Shown:
    """Surveys to start from; choosing one makes a survey that can be answered at once."""
    if request.method != "POST":
        return show(request, "feedback/new_survey.html", starters=STARTERS)
    chosen = starter(request.POST.get("starter", ""))
    made = create_survey(
        name=free_survey_name(request.POST.get("name", "").strip() or str(chosen.name)),
        definition=chosen.definition,
        now=timezone.now(),
        author=viewer(request),
    )
    say(request, _("The survey is ready to be answered."))
    return redirect("feedback.survey_home", made.pk)


@page("listen/surveys/<int:survey_id>", needs="feedback.view_survey")
def survey_home(request: HttpRequest, survey_id: int) -> Shown:
    """One survey: its scores so far, its link and QR code, and its versions."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    links = links_of(survey, seen_by=viewer(request))
    found = scores(SignalFilter(survey_id=survey.pk), seen_by=viewer(request))
    return show(
        request,
        "feedback/survey_home.html",
        survey=survey,
        scores=shown_scores(found),
        has_answers=seen(Answer, viewer(request)).filter(survey=survey).exists(),
        links=[_link(request, link) for link in links],
        anonymity=definition_of(latest_version(survey)).anonymity,
        has_files=uploads_of(survey, seen_by=viewer(request)).exists(),
        waiting=waiting_in_box(survey),
        versions=versions_of(survey)[:20],
        formats=[(ending, one.name) for ending, one in formats.kinds().items()],
        is_drafted=draft_of(survey).is_changed,
        limits=limits_of(definition_of(latest_version(survey)), get_language() or "en"),
        stores=seen(Store, viewer(request)).order_by("name")[:500],
    )


@page("listen/surveys/<int:survey_id>/edit", needs="feedback.edit_survey")
def edit_survey(request: HttpRequest, survey_id: int) -> Shown:
    """The definition as text beside a phone that shows it; saving publishes a new version."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    if request.method != "POST":
        definition = draft_of(survey).definition
        text = json.dumps(in_reading_order(definition), ensure_ascii=False, indent=2)
        return _editor(request, survey, name=survey.name, text=text, problems=[])
    name, text = request.POST.get("name", ""), request.POST.get("definition", "")
    problems = _save(request, survey, name=name, text=text)
    if problems:
        return _editor(request, survey, name=name, text=text, problems=problems)
    say(request, _("Published. New respondents get this version."))
    return redirect("feedback.survey_home", survey.pk)


@page("listen/surveys/<int:survey_id>/preview", needs="feedback.edit_survey")
@require_POST
def preview_survey(request: HttpRequest, survey_id: int) -> Shown:
    """The first screen of an unsaved definition and what is wrong with it; records nothing."""
    get_seen(Survey, survey_id, seen_by=viewer(request))
    context = _preview(request.POST.get("definition", ""))
    return show(request, "feedback/_preview.html", **context)


@page("listen/surveys/<int:survey_id>/open", needs="feedback.edit_survey")
@require_POST
def switch_survey(request: HttpRequest, survey_id: int) -> Shown:
    """Lets a survey take answers, or stops it."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    is_open = request.POST.get("open") == "yes"
    open_survey(survey, is_open=is_open)
    said = _("The survey takes answers again.") if is_open else _("The survey has ended.")
    say(request, said)
    return redirect("feedback.survey_home", survey.pk)


@page("listen/surveys/<int:survey_id>/links", needs="feedback.edit_survey")
@require_POST
def add_link(request: HttpRequest, survey_id: int) -> Shown:
    """Makes the QR code of a survey in one store."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    chosen = request.POST.get("store", "")
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) < 19):
        raise NotFound("not_found", _("choose a store"), "store")
    link = link_for(survey, store=get_seen(Store, int(chosen), seen_by=viewer(request)))
    return redirect("feedback.poster", link.code)


@page("listen/poster/<slug:code>", needs="feedback.view_survey")
def poster(request: HttpRequest, code: str) -> Shown:
    """A sheet to print: the question, the QR code, the address in letters."""
    known = find_public_link(code)
    if known is None:
        raise NotFound("not_found", f"there is no link {code}", "code")
    link = get_seen(PublicLink, known.pk, seen_by=viewer(request))
    return show(request, "feedback/poster.html", link=_link(request, link), brand=current_brand())


@page("listen/poster/<slug:code>.svg", needs="feedback.view_survey")
def poster_svg(request: HttpRequest, code: str) -> Shown:
    """The QR code alone, as a file for a printer."""
    known = find_public_link(code)
    if known is None:
        raise NotFound("not_found", f"there is no link {code}", "code")
    link = get_seen(PublicLink, known.pk, seen_by=viewer(request))
    drawing = segno.make(address_of(request, link), error="m").svg_inline(scale=8, border=4)
    response = HttpResponse(drawing, content_type="image/svg+xml")
    response["Content-Disposition"] = f'attachment; filename="survey-{link.code}.svg"'
    return response


def address_of(request: HttpRequest, link: PublicLink) -> str:
    """The address that a QR code holds: a phone must reach it, so never this machine's loopback."""
    path = f"/q/{link.code}"
    if request.get_host().partition(":")[0] in {"localhost", "127.0.0.1"}:
        return f"{settings.BASE_URL}{path}"
    return request.build_absolute_uri(path)


def qr_of(address: str) -> SafeString:
    """A QR code as SVG, made of squares only."""
    drawn = segno.make(address, error="m").svg_inline(border=2, light="#fff", omitsize=True)
    return mark_safe(drawn)  # noqa: S308


def _link(request: HttpRequest, link: PublicLink) -> dict[str, Any]:
    address = address_of(request, link)
    return {
        "code": link.code,
        "address": address,
        "qr": qr_of(address),
        "store": store_name(link.store),
        "survey": link.survey,
    }


def _save(request: HttpRequest, survey: Survey, *, name: str, text: str) -> list[str]:
    """Publish what the editor sent; sentences about what is wrong, none when it is published."""
    raw, fault = _parsed(text)
    if fault is not None:
        return [named_sentence_for(fault)]
    try:
        with transaction.atomic():
            rename_survey(survey, name=name)
            publish_version(survey, definition=raw, now=timezone.now(), author=viewer(request))
            discard_draft(survey)
    except DefinitionRefused as refused:
        return [named_sentence_for(problem) for problem in refused.problems]
    except Refused as refused:
        return [str(refused.message)]
    return []


def _editor(
    request: HttpRequest, survey: Survey, *, name: str, text: str, problems: list[str]
) -> Shown:
    context = _preview(text) | {"survey": survey, "name": name, "text": text}
    if problems:
        context["problems"] = problems
    status = 422 if request.method == "POST" else 200
    return show(request, "feedback/edit_survey.html", status=status, **context)


def _parsed(text: str) -> tuple[Any, Problem | None]:
    try:
        return json.loads(text), None
    except (ValueError, RecursionError) as fault:
        return None, Problem("not_json", "survey", {"reason": str(fault)})


def _preview(text: str) -> dict[str, Any]:
    """The first screen that a definition gives, and sentences for its problems."""
    raw, fault = _parsed(text)
    if fault is not None:
        return {"problems": [named_sentence_for(fault)], "html": ""}
    definition, problems = problems_of(raw)
    sentences = [named_sentence_for(problem) for problem in problems]
    language = get_language() or "en"
    shown = preview_of(definition, problems, mode="page", page="", language=language)
    return {"problems": sentences, "html": shown.get("html", "")}


FIRST_KEYS = ("type", "name", "value", "title", "text", "description", "locale", "default")
LAST_KEYS = ("elements", "pages", "regulars")


def in_reading_order(raw: Any) -> Any:
    """JSON with its keys as people write them; the database keeps them in an order of its own."""
    if isinstance(raw, list):
        return [in_reading_order(one) for one in raw]
    if not isinstance(raw, dict):
        return raw
    first = [key for key in FIRST_KEYS if key in raw]
    last = [key for key in LAST_KEYS if key in raw]
    between = [key for key in raw if key not in first and key not in last]
    return {key: in_reading_order(raw[key]) for key in (*first, *between, *last)}
