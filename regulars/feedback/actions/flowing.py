"""The survey as a flow for apps: acts that were queued offline arrive in order, each counts once."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import translation

from regulars.core.errors import NotFound
from regulars.feedback.actions.sittings import SittingInput, invited_input
from regulars.feedback.actions.talking import Opening, Step, open_talks, resume, settle
from regulars.feedback.dialogue.turns import answer_turn, back_turn, progress, question_at
from regulars.feedback.models import Dialogue
from regulars.feedback.queries.surveys import find_invitation, find_public_link, latest_version
from regulars.feedback.saying import chrome, say_turn
from regulars.feedback.shapes import drawn
from regulars.feedback.survey.path import shown_answers, sitting_with
from regulars.feedback.survey.question import Question
from regulars.feedback.wording import sentence_for

ACTS_MAX = 200
APP = "app"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that was done in the app. `id` counts up in its session; `name` is the question."""

    id: int
    act: str
    name: str = ""
    value: Any = None
    comment: str = ""


@transaction.atomic
def flow_on(
    *, code: str, session: str, acts: Sequence[Act], language: str = "", now: datetime
) -> dict[str, Any]:
    """What the app shows after these acts: the next question, the same with its problem, or the end.

    Acts that were taken before change nothing, so an app sends its queue again until it hears how
    far we got (`done`). An answer to a question that is not the present one is passed over, so a
    queue never answers the wrong question. Raises NotFound for a code without a survey.
    """
    key = f"app:{session}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [key])
    step = _step(key, code=code, language=language, now=now)
    for act in sorted(acts, key=lambda one: one.id):
        if act.id > step.dialogue.heard_upto:
            _take(step, act)
            step.dialogue.heard_upto = act.id
    settle([step], now=now)
    return shown_step(step)


def _step(key: str, *, code: str, language: str, now: datetime) -> Step:
    related = ("sitting__version", "sitting__survey", "sitting__invitation")
    row = Dialogue.objects.select_related(*related).filter(key=key).first()
    if row is not None:
        return resume([row])[0]
    given = _sitting(code, key=key, language=language)
    return open_talks([Opening(key=key, sitting=given, address=key, mode="page")], now=now)[0]


def _sitting(code: str, *, key: str, language: str) -> SittingInput:
    invitation = find_invitation(code)
    if invitation is not None:
        return invited_input(invitation, channel=APP, language=language)
    link = find_public_link(code.lower())
    if link is None:
        raise NotFound("not_found", "this code leads to no survey")
    version = latest_version(link.survey)
    return SittingInput(
        key=key,
        version=version,
        channel=APP,
        language=language,
        link_id=link.pk,
        store_id=link.store_id,
    )


def _take(step: Step, act: Act) -> None:
    if act.act == "back":
        step.talk = back_turn(step.talk)
    elif act.name == step.talk.at:
        step.talk = answer_turn(step.definition, step.talk, act.value, comment=act.comment)


def shown_step(step: Step) -> dict[str, Any]:
    """Where a survey stands as plain values: the question, its problem, the progress, the end."""
    talk, definition = step.talk, step.definition
    question = question_at(definition, talk)
    number, count = progress(definition, talk)
    with translation.override(chrome(talk.language)):
        return {
            "done": step.dialogue.heard_upto,
            "language": talk.language,
            "languages": list(definition.languages),
            "end": talk.end,
            "thanks": say_turn(definition, talk).text if question is None else "",
            "progress": {"number": number, "count": count},
            "problem": sentence_for(talk.problem) if talk.problem else "",
            "question": None if question is None else _question(step, question),
        }


def _question(step: Step, question: Question) -> dict[str, Any]:
    """The question that is asked, with all that an app needs to draw it."""
    talk, definition = step.talk, step.definition
    sitting = sitting_with(definition, talk.values)
    shown = shown_answers(definition, talk.values, talk.language, sitting=sitting)
    place = sitting.find_place(question.name)
    assert place is not None, "what is asked stands somewhere"
    return drawn(dataclasses.replace(place, question=question), shown, talk.language)
