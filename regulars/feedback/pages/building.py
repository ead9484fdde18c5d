"""The builder: a survey as cards in order, with a preview beside them; edits go to a draft."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.feedback.actions.drafts import (
    Draft,
    discard_draft,
    draft_of,
    edit_draft,
    publish_draft,
    undo_edit,
)
from regulars.feedback.actions.surveys import DefinitionRefused, problems_of
from regulars.feedback.building import edits
from regulars.feedback.building.edits import Raw
from regulars.feedback.building.skeletons import CHOOSING
from regulars.feedback.models import Survey
from regulars.feedback.pages.building_words import KINDS, in_words, kinds_offered
from regulars.feedback.pages.previews import MODES, preview_of
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.saying import limits_of
from regulars.feedback.survey.problems import Problem
from regulars.feedback.survey.texts import text_in
from regulars.feedback.wording import named_sentence_for, sentence_for
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show

CHOICES_SHOWN = 6


@page("listen/surveys/<int:survey_id>/build", needs="feedback.edit_survey")
def build_survey(request: HttpRequest, survey_id: int) -> Shown:
    """A survey as cards: pages with their questions, what is wrong with each, and a preview."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    return _built(request, survey, draft_of(survey))


@page("listen/surveys/<int:survey_id>/build/change", needs="feedback.edit_survey")
@require_POST
def change_survey(request: HttpRequest, survey_id: int) -> Shown:
    """One edit by a button of a card: add, copy, move, remove, undo."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    after, act = _step(request.POST), request.POST.get("act", "")
    if act == "undo":
        undo_edit(survey, after=after)
        return redirect("feedback.build_survey", survey.pk)
    if act == "discard":
        discard_draft(survey)
        say(request, _("The survey is as it was published."))
        return redirect("feedback.build_survey", survey.pk)
    at: list[str] = []
    edit_draft(
        survey,
        lambda raw: _edited(raw, act, request.POST, at),
        after=after,
        now=timezone.now(),
        author=viewer(request),
    )
    return redirect(f"{reverse('feedback.build_survey', args=(survey.pk,))}#{''.join(at)}")


@page("listen/surveys/<int:survey_id>/build/publish", needs="feedback.edit_survey")
@require_POST
def publish_built(request: HttpRequest, survey_id: int) -> Shown:
    """Publishes the draft as the next version, or says what is not ready."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    after = _step(request.POST)
    try:
        publish_draft(survey, after=after, now=timezone.now(), author=viewer(request))
    except DefinitionRefused:
        return _built(request, survey, draft_of(survey), status=422)
    say(request, _("Published. New respondents get this version."))
    return redirect("feedback.survey_home", survey.pk)


def edit_and_return(
    request: HttpRequest, survey: Survey, edit: Callable[[Raw], Raw], *, at: str = ""
) -> HttpResponse:
    """Make an edit that a form described, and go back to the cards."""
    edit_draft(survey, edit, after=_step(request.POST), now=timezone.now(), author=viewer(request))
    return redirect(f"{reverse('feedback.build_survey', args=(survey.pk,))}#{at}")


def question_anchor(name: str) -> str:
    """The id of the card of a question: no other part of a page has one like it.

    >>> question_anchor("main"), question_anchor("a b")
    ('question.main', 'question.a.b')
    """
    return "question." + ".".join(name.split())


def page_anchor(name: str) -> str:
    """The id of the card of a page, which may be called like a question."""
    return "page." + ".".join(name.split())


def titles_of(raw: Raw) -> dict[str, str]:
    """What each question is called on the builder's pages, by its name."""
    language = get_language() or "en"
    return {
        one["name"]: text_in(one.get("title", ""), language) or one["name"]
        for one in edits.questions_in(raw)
        if isinstance(one, dict) and one.get("name")
    }


def _step(form: QueryDict) -> int:
    told = form.get("after", "")
    if not (told.isascii() and told.isdigit() and len(told) < 10):
        raise Refused("bad_step", "the step of the draft is missing", "after")
    return int(told)


def _edited(raw: Raw, act: str, form: QueryDict, at: list[str]) -> Raw:
    """The definition after one press; puts the anchor of the card to return to in `at`."""
    name, page_name = form.get("name", ""), form.get("page", "")
    is_page = act == "add_page" or not (name or act == "add")
    to = name or page_name
    if act == "add":
        made, to = edits.add_question(raw, _kind(form), page=page_name, after=name)
    elif act == "add_page":
        made, to = edits.add_page(raw, after=page_name)
    elif act == "copy":
        made, to = edits.copy_question(raw, name)
    elif act in ("up", "down"):
        by = 1 if act == "down" else -1
        made = _moved(raw, name, page_name, by=by)
    elif act == "remove":
        made, to = _without(raw, name, page_name), ""
    else:
        raise Refused("unknown_act", f"the builder cannot {act}", "act")
    at[:] = [page_anchor(to) if is_page else question_anchor(to)] if to else []
    return made


def _kind(form: QueryDict) -> str:
    kind = form.get("kind", "")
    if kind not in dict(kinds_offered()):
        raise Refused("unknown_kind", f"there is no question of kind {kind}", "kind")
    return kind


def _moved(raw: Raw, name: str, page_name: str, *, by: int) -> Raw:
    if name:
        return edits.move_question(raw, name, by=by)
    return edits.move_page(raw, page_name, by=by)


def _without(raw: Raw, name: str, page_name: str) -> Raw:
    return edits.remove_question(raw, name) if name else edits.remove_page(raw, page_name)


def _built(request: HttpRequest, survey: Survey, draft: Draft, *, status: int = 200) -> Shown:
    raw = draft.definition
    definition, problems = problems_of(raw)
    mode = request.GET.get("mode", "page")
    mode = mode if mode in MODES else "page"
    shown_page = request.GET.get("page", "")
    language = get_language() or "en"
    return show(
        request,
        "feedback/build.html",
        status=status,
        survey=survey,
        draft=draft,
        pages=_cards(survey, raw, problems),
        kinds=kinds_offered(),
        others=[named_sentence_for(one) for one in problems if one.element not in _names(raw)],
        problem_count=len(problems),
        is_refused=status != 200,
        mode=mode,
        modes=MODES.items(),
        shown_page=shown_page,
        preview=preview_of(definition, problems, mode=mode, page=shown_page, language=language),
        limits=limits_of(definition, language) if definition and not problems else [],
    )


def _names(raw: Raw) -> set[str]:
    return {page["name"] for page in raw["pages"]} | set(titles_of(raw))


def _cards(survey: Survey, raw: Raw, problems: list[Problem]) -> list[dict[str, Any]]:
    language, titles = get_language() or "en", titles_of(raw)
    measures = raw.get("regulars", {}).get("measures", {})
    number = 0
    cards = []
    for one in raw["pages"]:
        rows = []
        for element in one["elements"]:
            number += 1
            card = _card(element, titles, language)
            card["url"] = _url(survey, "feedback.build_question", card["name"])
            card["anchor"] = question_anchor(card["name"])
            card |= {"number": number, "measure": measures.get(card["name"], "").upper()}
            rows.append(card | {"problems": _said_of(card["name"], problems)})
        cards.append(
            {
                "name": one["name"],
                "anchor": page_anchor(one["name"]),
                "url": _url(survey, "feedback.build_page", one["name"]),
                "title": text_in(one.get("title", ""), language),
                "logic": _logic(one, titles),
                "questions": rows,
                "problems": _said_of(one["name"], problems),
            }
        )
    return cards


def _url(survey: Survey, page_of: str, name: str) -> str:
    """The page of a part; none where a name written by hand does not fit into an address."""
    return reverse(page_of, args=(survey.pk, name)) if name and "/" not in name else ""


def _card(element: Raw, titles: dict[str, str], language: str) -> dict[str, Any]:
    kind, name = str(element.get("type", "")), str(element.get("name", ""))
    offered = element.get("choices", ()) if kind in CHOOSING else ()
    texts = [
        text_in(one.get("text", ""), language) or str(one.get("value"))
        if isinstance(one, dict)
        else str(one)
        for one in offered
    ]
    scale = f"{element.get('rateMin', 1)}–{element.get('rateMax', 5)}" if kind == "rating" else ""
    return {
        "name": name,
        "title": titles.get(name, name),
        "kind": str(KINDS.get(kind, kind)),
        "scale": scale,
        "choices": texts[:CHOICES_SHOWN],
        "more": max(0, len(texts) - CHOICES_SHOWN),
        "is_required": element.get("isRequired") is True,
        "logic": _logic(element, titles),
    }


def _logic(element: Raw, titles: dict[str, str]) -> dict[str, str]:
    source = str(element.get("visibleIf", "")).strip()
    return {"words": in_words(source, titles), "source": source} if source else {}


def _said_of(name: str, problems: list[Problem]) -> list[str]:
    return [sentence_for(one) for one in problems if one.element == name]
