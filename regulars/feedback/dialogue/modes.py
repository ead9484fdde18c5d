"""What each way of asking can carry, and what it cannot, with the reason."""

from collections.abc import Iterator
from dataclasses import dataclass

from regulars.feedback.survey.choices import Choosing
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.extension import Mode
from regulars.feedback.survey.question import Question

SEVERAL = frozenset({"checkbox", "tagbox"})
"""Kinds of question of which several choices may be taken."""

WORDS = frozenset({"comment", "text"})
KEYED = frozenset({"number", "tel"})
"""Input types that a keypad can write."""

ONE_KEY_MAX = 9
CHOICES_BY_EAR_MAX = 9
"""Nobody remembers more than a handful of spoken choices; nine is what one key can name."""

CHOICES_IN_A_MESSAGE_MAX = 30


@dataclass(frozen=True, slots=True)
class Uncarried:
    """A question that a mode cannot ask: its name, why, and whether the survey needs its answer."""

    name: str
    reason: str
    is_required: bool


def uncarried(definition: Definition, mode: Mode) -> Iterator[Uncarried]:
    """The questions that a mode cannot carry, in the order of asking.

    A page carries all but files, where an app or an operator's screen asks one question at a time.

    `reason` is one of: `needs_a_page`, `needs_words`, `too_many_choices`.
    """
    for question in definition.questions():
        if reason := why_not(question, mode):
            needed = question.is_required or bool(question.required_if.strip())
            yield Uncarried(question.name, reason, needed)


def why_not(question: Question, mode: Mode) -> str:
    """Why a mode cannot ask a question; empty where it can."""
    if question.type == "file":
        return "needs_a_page"
    if mode == "page":
        return ""
    if question.scale is not None or question.type == "boolean":
        return ""
    if isinstance(question, Choosing):
        return _too_many(question, mode)
    if question.type not in WORDS:
        return "needs_a_page"
    is_keyed = getattr(question, "input_type", "") in KEYED
    return "" if mode == "message" or is_keyed else "needs_words"


def takes_several(question: Question) -> bool:
    """Whether several choices may be taken."""
    return question.type in SEVERAL


def _too_many(question: Choosing, mode: Mode) -> str:
    if question.type not in SEVERAL | {"radiogroup", "dropdown"}:
        return "needs_a_page"
    limit = CHOICES_BY_EAR_MAX if mode == "voice" else CHOICES_IN_A_MESSAGE_MAX
    return "too_many_choices" if len(question.offered()) > limit else ""
