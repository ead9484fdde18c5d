"""Parts of the builder with a page of their own: a question, a page, the survey's own words."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.feedback.actions.drafts import Draft, draft_of
from regulars.feedback.actions.surveys import rename_survey
from regulars.feedback.building import edits
from regulars.feedback.building.edits import Raw
from regulars.feedback.building.texts import said_in, with_text
from regulars.feedback.models import Survey
from regulars.feedback.pages.building import (
    edit_and_return,
    page_anchor,
    question_anchor,
    titles_of,
)
from regulars.feedback.pages.building_words import COMPARISONS, KINDS
from regulars.feedback.pages.languages import language_name, languages_of, own_language
from regulars.feedback.pages.question_form import (
    element_sent,
    form_as_sent,
    form_of,
    logic_as_sent,
    logic_of,
    logic_sent,
)
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.rules.anonymity import LEAST_MAX, LEAST_MIN
from regulars.journey.models import Touchpoint
from regulars.web.pages import Shown, page, show, spoken

MEASURES = {"nps": "NPS", "csat": "CSAT", "ces": "CES"}
MODE_TEXTS = ("message", "voice")
SURVEY_TEXTS = ("title", "description", "completedHtml")


@page(
    "listen/surveys/<int:survey_id>/build/question/<str:question_name>",
    needs="feedback.edit_survey",
)
def build_question(request: HttpRequest, survey_id: int, question_name: str) -> Shown:
    """One question: its words in every language, choices, scale, measure, and when it is shown."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    draft = draft_of(survey)
    element = edits.question_in(draft.definition, question_name)
    if request.method != "POST":
        return _question_page(request, survey, draft, element)
    own, languages = own_language(draft.definition), languages_of(draft.definition)
    try:
        sent = element_sent(request.POST, element, own=own, languages=languages)
        edit = _question_edit(request.POST, question_name, sent, own)
        return edit_and_return(request, survey, edit, at=question_anchor(sent["name"]))
    except Refused as refused:
        return _question_page(request, survey, draft, element, refused=refused)


@page("listen/surveys/<int:survey_id>/build/page/<str:page_name>", needs="feedback.edit_survey")
def build_page(request: HttpRequest, survey_id: int, page_name: str) -> Shown:
    """A page of a survey: its heading in every language and when it is shown."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    draft = draft_of(survey)
    found = edits.page_in(draft.definition, page_name)
    own, languages = own_language(draft.definition), languages_of(draft.definition)
    refused = None
    if request.method == "POST":
        try:
            sent = _page_sent(request.POST, found, own, languages)
            return edit_and_return(
                request,
                survey,
                lambda raw: edits.put_page(raw, page_name, sent),
                at=page_anchor(page_name),
            )
        except Refused as fault:
            refused = fault
    form = request.POST if refused else None
    context = {
        "part": page_name,
        "anchor": page_anchor(page_name),
        "words": _words(found, ("title", "description"), own, languages, form=form),
        "logic": logic_as_sent(form) if form else logic_of(str(found.get("visibleIf", ""))),
        "has_logic": True,
    }
    return _form_page(
        request, "feedback/build_page.html", survey, draft, refused=refused, context=context
    )


@page("listen/surveys/<int:survey_id>/build/words", needs="feedback.edit_survey")
def build_words(request: HttpRequest, survey_id: int) -> Shown:
    """The survey's title, introduction and thanks in every language, and its touchpoint."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    draft = draft_of(survey)
    own, languages = own_language(draft.definition), languages_of(draft.definition)
    sent, refused = request.POST, None
    if request.method == "POST":
        try:
            with transaction.atomic():
                rename_survey(survey, name=sent.get("survey_name", survey.name))
                return edit_and_return(
                    request, survey, lambda raw: _survey_edit(raw, sent, own, languages)
                )
        except Refused as fault:
            refused = fault
    block = draft.definition.get("regulars", {})
    context = {
        "part": "",
        "survey_name": sent.get("survey_name", survey.name) if refused else survey.name,
        "words": _words(
            draft.definition, SURVEY_TEXTS, own, languages, form=sent if refused else None
        ),
        "touchpoints": Touchpoint.objects.filter(retired_at__isnull=True).order_by("pk"),
        "touchpoint": sent.get("touchpoint", "") if refused else block.get("touchpoint", ""),
        "anonymity": _anonymity(sent) if refused else block.get("anonymity"),
        "least": LEAST_MIN,
    }
    return _form_page(
        request, "feedback/build_page.html", survey, draft, refused=refused, context=context
    )


def _question_page(
    request: HttpRequest,
    survey: Survey,
    draft: Draft,
    element: Raw,
    *,
    refused: Refused | None = None,
) -> Shown:
    own, languages = own_language(draft.definition), languages_of(draft.definition)
    block, name = draft.definition.get("regulars", {}), element.get("name", "")
    spoken = block.get("texts", {}).get(name, {})
    form = form_of(element, own=own, languages=languages)
    context = {
        "form": form_as_sent(form, request.POST) if refused else form,
        "kind": KINDS.get(element["type"], element["type"]),
        "part": name,
        "anchor": question_anchor(name),
        "measures": MEASURES.items(),
        "measure": block.get("measures", {}).get(name, ""),
        "spoken": {mode: said_in(spoken.get(mode, ""), own, own) for mode in MODE_TEXTS},
    }
    if refused:
        context["measure"] = request.POST.get("measure", "")
        context["spoken"] = {mode: request.POST.get(f"spoken-{mode}", "") for mode in MODE_TEXTS}
    context["logic"] = context["form"]["logic"]
    return _form_page(
        request, "feedback/build_question.html", survey, draft, refused=refused, context=context
    )


def _form_page(
    request: HttpRequest,
    template: str,
    survey: Survey,
    draft: Draft,
    *,
    refused: Refused | None,
    context: dict[str, Any],
) -> Shown:
    """A form of the builder; what was sent wrong comes back as it was written."""
    titles = titles_of(draft.definition)
    context |= {
        "survey": survey,
        "draft": draft,
        "others": [one for one in titles.items() if one[0] != context["part"]],
        "comparisons": COMPARISONS.items(),
        "names": {code: language_name(code) for code in languages_of(draft.definition)},
        "own": own_language(draft.definition),
        "refused": refused,
        "fault_at": {refused.field: spoken(refused)} if refused else {},
        "fault_row": f"{refused.field if refused else ''}".removeprefix("value-"),
        "said": get_language(),
    }
    return show(request, template, status=422 if refused else 200, **context)


def _question_edit(form: QueryDict, name: str, sent: Raw, own: str) -> Callable[[Raw], Raw]:
    """The edit that puts the question, its measure and its words for conversations in place."""

    def edit(raw: Raw) -> Raw:
        made = edits.put_question(raw, name, sent)
        block = made.setdefault("regulars", {})
        measures = block.setdefault("measures", {})
        if sent["type"] == "rating":
            _set(
                measures,
                sent["name"],
                form.get("measure") if form.get("measure") in MEASURES else "",
            )
        spoken = block.setdefault("texts", {}).setdefault(sent["name"], {})
        for mode in MODE_TEXTS:
            said = form.get(f"spoken-{mode}", "").strip()
            _set(spoken, mode, with_text(spoken.get(mode, ""), own, said, own))
        return _without_empty(made)

    return edit


def _without_empty(raw: Raw) -> Raw:
    """The definition without parts of the extension block that say nothing."""
    block = raw["regulars"]
    block["texts"] = {name: told for name, told in block["texts"].items() if told}
    raw["regulars"] = {key: told for key, told in block.items() if told not in ({}, "")}
    return raw if raw["regulars"] else {key: one for key, one in raw.items() if key != "regulars"}


def _set(told: Raw, key: str, value: Any) -> None:
    if value:
        told[key] = value
    else:
        told.pop(key, None)


def _page_sent(form: QueryDict, before: Raw, own: str, languages: list[str]) -> Raw:
    made = {key: one for key, one in before.items() if key not in ("elements", "visibleIf")}
    return _reworded(
        made, form, ("title", "description"), own=own, languages=languages
    ) | logic_sent(form)


def _survey_edit(raw: Raw, form: QueryDict, own: str, languages: list[str]) -> Raw:
    made = _reworded(edits.arranged(raw), form, SURVEY_TEXTS, own=own, languages=languages)
    block = dict(made.get("regulars", {}))
    _set(block, "touchpoint", form.get("touchpoint", ""))
    _set(block, "anonymity", _anonymity(form))
    _set(made, "regulars", block)
    return made


def _anonymity(form: QueryDict) -> dict[str, int] | None:
    if form.get("anonymous") != "yes":
        return None
    told = form.get("least", "").strip()
    least = int(told) if told.isascii() and told.isdigit() and len(told) < 6 else LEAST_MIN
    return {"least": min(LEAST_MAX, max(LEAST_MIN, least))}


def _reworded(
    made: Raw, form: QueryDict, keys: tuple[str, ...], *, own: str, languages: list[str]
) -> Raw:
    for key in keys:
        text = made.get(key, "")
        for code in languages:
            said = form.get(f"{key}-{code}", "").replace("\r\n", "\n").strip()
            text = with_text(text, code, said, own)
        _set(made, key, text)
    return made


def _words(
    raw: Raw,
    keys: tuple[str, ...],
    own: str,
    languages: list[str],
    *,
    form: QueryDict | None = None,
) -> list[dict[str, Any]]:
    """The words in every language: those that are kept, or those of a form that was not taken."""
    labels = {
        "title": _("Title"),
        "description": _("Explanation"),
        "completedHtml": _("Thanks at the end"),
    }
    return [
        {
            "field": f"{key}-{code}",
            "label": labels[key],
            "code": code,
            "text": said_in(raw.get(key, ""), code, own)
            if form is None
            else form.get(f"{key}-{code}", ""),
            "is_long": key != "title",
        }
        for key in keys
        for code in languages
    ]
