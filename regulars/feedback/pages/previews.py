"""What a definition looks like to respondents before it is published: page, message, voice."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from regulars.feedback.dialogue.modes import why_not
from regulars.feedback.dialogue.turns import Talk
from regulars.feedback.look import survey_stylesheet_url
from regulars.feedback.pages.screens import Turn, first_turn, screen_context
from regulars.feedback.saying import Said, say_turn
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.extension import Mode
from regulars.feedback.survey.path import Screen
from regulars.feedback.survey.problems import Problem
from regulars.web.brand import current_brand

MODES: dict[str, Promise] = {
    "page": _("Page"),
    "message": _("Messages"),
    "voice": _("Telephone"),
}
BROKEN = {"name_twice", "bad_expression", "no_questions", "empty_page"}
"""Problems with which a screen cannot be drawn."""


def preview_of(
    definition: Definition | None,
    problems: Iterable[Problem],
    *,
    mode: str,
    page: str,
    language: str,
) -> dict[str, Any]:
    """A screen as a page of its own, or what a conversation says; empty where there is neither."""
    if definition is None or BROKEN & {one.code for one in problems}:
        return {}
    language = definition.best_language([language])
    if mode == "page":
        return {"html": drawn(definition, page=page, language=language)}
    return {"said": _said(definition, "voice" if mode == "voice" else "message", language)}


def drawn(definition: Definition, *, language: str, page: str = "") -> str:
    """A screen as a page of its own, for a frame as wide as a phone; the first unless one is named."""
    named = (Screen(one, one.questions) for one in definition.pages if one.name == page)
    screen = next(named, None)
    turn = Turn({}, screen) if screen else first_turn(definition, {})
    if turn.screen is None:
        return ""
    context = screen_context(definition, turn, language=language)
    context |= {"language": language, "brand": current_brand(), "action": "#"}
    return render_to_string(
        "feedback/survey.html", context | {"stylesheet": survey_stylesheet_url()}
    )


def _said(definition: Definition, mode: Mode, language: str) -> Sequence[Said]:
    """Every question that the mode carries, as it is put when it comes up."""
    talk = Talk(mode, language)
    asked = [one for one in definition.questions() if not why_not(one, mode)]
    return [say_turn(definition, replace(talk, at=one.name)) for one in asked]
