"""Conversations about sittings: each turn is kept at once, and the end hands the answer over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from regulars.feedback.actions.sittings import (
    Finished,
    Keep,
    Kept,
    SittingInput,
    end_sittings,
    finish_sittings,
    is_over,
    keep_answers_of,
    open_sittings,
)
from regulars.feedback.dialogue.turns import Talk, first_turn, next_turn, silence
from regulars.feedback.models import Dialogue, Invitation, Sitting
from regulars.feedback.queries.surveys import definition_of
from regulars.feedback.saying import Said, say_turn
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.extension import Mode

UNTOUCHED = ("closed", "elsewhere")
"""Ends at which nothing was answered here: the survey is over, or it is answered on a page only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What begins a conversation: its key, whose sitting, where, and in which mode."""

    key: str
    sitting: SittingInput
    address: str
    mode: Mode
    heard_upto: int = 0


@dataclass(slots=True)
class Step:
    """A conversation with its sitting, as it stands after what was heard; not written yet."""

    dialogue: Dialogue
    sitting: Sitting
    definition: Definition
    talk: Talk

    def hear(self, heard: str | None) -> None:
        """Take in what was heard; None is silence where an answer was awaited."""
        if heard is None:
            self.talk = silence(self.definition, self.talk)
        else:
            self.talk = next_turn(self.definition, self.talk, heard)

    def said(self) -> Said:
        """What is said at this point."""
        return say_turn(self.definition, self.talk, link=page_of(self.sitting.invitation))


def page_of(invitation: Invitation | None) -> str:
    """The address at which an invited person finds the same survey as a page; empty for others."""
    if invitation is None:
        return ""
    return f"{settings.BASE_URL}{reverse('feedback.invited', args=(invitation.token,))}"


@transaction.atomic
def open_talks(batch: Sequence[Opening], *, now: datetime) -> list[Step]:
    """Conversations at their first question, or at the first not answered elsewhere.

    Another that the same address held ends. They are written by `settle`.
    """
    sittings = open_sittings([one.sitting for one in batch], now=now)
    pairs = zip(batch, sittings, strict=True)
    return [_begun(given, sitting, now=now) for given, sitting in pairs]


def _begun(given: Opening, sitting: Sitting, *, now: datetime) -> Step:
    definition = definition_of(sitting.version)
    language = given.sitting.language or sitting.language or definition.language
    talk = first_turn(definition, mode=given.mode, language=language, values=sitting.values)
    if is_over(sitting):
        talk = replace(talk, at="", end="complete")
    elif definition.anonymity and given.mode != "page":
        talk = replace(talk, at="", end="elsewhere")
    elif not sitting.survey.is_open:
        talk = replace(talk, at="", end="closed")
    dialogue = Dialogue(
        key=given.key,
        sitting=sitting,
        channel=given.sitting.channel,
        address=given.address,
        mode=given.mode,
        heard_upto=given.heard_upto,
        began_at=now,
    )
    return Step(dialogue, sitting, definition, talk)


def find_dialogue(key: str, *, is_held: bool = False) -> Dialogue | None:
    """The conversation of a key, or None; `is_held` keeps others from it until the transaction ends."""
    related = ("sitting__version", "sitting__survey", "sitting__invitation")
    rows = Dialogue.objects.select_related(*related).filter(key=key)
    return (rows.select_for_update(of=("self",)) if is_held else rows).first()


def resume(dialogues: Iterable[Dialogue]) -> list[Step]:
    """Conversations where they stand, with the answers that their sittings hold by now."""
    steps = []
    for dialogue in dialogues:
        sitting = dialogue.sitting
        talk = Talk(
            mode=cast("Mode", dialogue.mode),
            language=dialogue.language,
            values=dict(sitting.values),
            asked=tuple(dialogue.asked),
            at=dialogue.at,
            tries=dialogue.tries,
            end=dialogue.end or _end_elsewhere(sitting),
        )
        steps.append(Step(dialogue, sitting, definition_of(sitting.version), talk))
    return steps


def _end_elsewhere(sitting: Sitting) -> str:
    """The end of a conversation whose survey was finished on a page, or closed, meanwhile."""
    if is_over(sitting):
        return "complete"
    return "" if sitting.survey.is_open else "closed"


@transaction.atomic
def settle(steps: Sequence[Step], *, now: datetime) -> None:
    """Write down where conversations stand, keep what was answered, and hand over what is complete.

    The number of statements does not depend on how many there are. Whoever stops before the first
    answer has refused; what others said is kept, and counts as partial when nobody comes back.
    """
    going = [step for step in steps if not is_over(step.sitting) and step.talk.end not in UNTOUCHED]
    for step, kept in zip(
        going, keep_answers_of([_keep(one) for one in going], now=now), strict=True
    ):
        _note(step, kept)
    complete = [step.sitting.pk for step in going if step.talk.end == "complete"]
    for done in finish_sittings(complete, now=now):
        _note_finish(going, done)
    refused = [one.sitting.pk for one in going if one.talk.end == "stopped" and not one.talk.values]
    end_sittings(refused, "refused", now=now)
    _write(steps, now=now)


def _keep(step: Step) -> Keep:
    """What was said since the sitting was read; a page may have kept other answers since."""
    before, after = step.sitting.values, step.talk.values
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    return Keep(
        sitting_id=step.sitting.pk,
        values={name: after.get(name) for name in changed},
        position=step.talk.at,
        channel=step.dialogue.channel,
        language=step.talk.language,
    )


def _note(step: Step, kept: Kept) -> None:
    step.sitting = kept.sitting
    if kept.full_quota:
        step.talk = replace(step.talk, at="", end="full", problem=None)
    elif kept.is_over:
        step.talk = replace(step.talk, at="", end="complete", problem=None)


def _note_finish(steps: Sequence[Step], done: Finished) -> None:
    """A full quota ends the conversation; what stands against the answer is asked for."""
    for step in steps:
        if step.sitting.pk != done.sitting.pk:
            continue
        if done.full_quota:
            step.talk = replace(step.talk, at="", end="full", problem=None)
        elif done.problems:
            mode, language, values = step.talk.mode, step.talk.language, done.sitting.values
            step.talk = first_turn(step.definition, mode=mode, language=language, values=values)


def _write(steps: Sequence[Step], *, now: datetime) -> None:
    for step in steps:
        row, talk = step.dialogue, step.talk
        if talk.end and step.definition.anonymity:
            talk = replace(talk, asked=(), at="")
        row.asked, row.at, row.tries = list(talk.asked), talk.at, talk.tries
        row.language, row.end, row.last_at = talk.language, talk.end, now
    new = [step.dialogue for step in steps if step.dialogue.pk is None]
    going_on = [step.dialogue for step in steps if step.dialogue.pk is not None]
    columns = ["asked", "at", "tries", "language", "end", "last_at", "heard_upto"]
    Dialogue.objects.bulk_update(going_on, columns)
    Dialogue.objects.bulk_create(new)
