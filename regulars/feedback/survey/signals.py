"""What an answer says in signals: one for each measure, or one for the words alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from regulars.feedback.rules.signals import is_unhappy, share_of_scale
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.operators import Value, number_in
from regulars.feedback.survey.path import open_text


@dataclass(frozen=True, slots=True)
class SignalDraft:
    """A signal before it is written: measure, score and share of the scale, and the words."""

    measure: str
    native_score: float | None
    share: float | None
    text: str = ""
    is_unhappy: bool = False


def drafts_of(definition: Definition, values: Mapping[str, Value]) -> list[SignalDraft]:
    """The signals of an answer; the first one carries the text, and at most one is unhappy.

    An unhappy measure comes first, so that the words stand beside what they explain. An answer
    without measures leaves a signal when it has words, and none when it has not.
    """
    text = open_text(definition, values)
    scored = [
        _draft(measure, score)
        for name, measure in definition.measures.items()
        if (score := number_in(values.get(name))) is not None
    ]
    scored.sort(key=lambda draft: not draft.is_unhappy)
    if not scored:
        return [SignalDraft("", None, None, text)] if text else []
    first, *others = scored
    return [replace(first, text=text), *(replace(one, is_unhappy=False) for one in others)]


def _draft(measure: str, score: float) -> SignalDraft:
    share = share_of_scale(measure, score)
    return SignalDraft(measure, float(score), share, is_unhappy=is_unhappy(measure, score))
