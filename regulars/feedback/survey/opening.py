"""The question that an invitation carries in itself, and the answers that its links preselect."""

from regulars.feedback.survey.choices import Choosing
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.question import Question

WAYS_MAX = 11
"""A letter shows at most so many answers, as many as a scale from 0 to 10 has."""

ONE_OF = frozenset({"radiogroup", "dropdown", "buttongroup"})


def opening_question(definition: Definition) -> Question | None:
    """The first question, where one press can answer it; else the first rating, if there is one.

    One press answers a rating, one choice of few, and yes or no.
    """
    asked = [one for one in definition.questions() if one.takes_answers]
    if asked and ways_to_answer(asked[0], "en"):
        return asked[0]
    return next((one for one in asked if one.scale and ways_to_answer(one, "en")), None)


def ways_to_answer(question: Question, language: str) -> list[tuple[str, str]]:
    """The answers one press can give: what a link says, and what is written on it.

    Empty where there are too many, or the question needs words. The labels of yes and no are empty
    where the survey gives none.
    """
    if question.visible_if:
        return []
    parts = question.parts(None, language)
    if question.type == "boolean":
        return [("true", parts["label_true"]), ("false", parts["label_false"])]
    if steps := parts.get("steps") if question.type == "rating" else None:
        return [(str(step), str(step)) for step, _taken in steps] if len(steps) <= WAYS_MAX else []
    if not isinstance(question, Choosing) or question.type not in ONE_OF:
        return []
    options = [one for one in question.options([], language) if not one["is_other"]]
    if len(options) > WAYS_MAX:
        return []
    return [(str(one["value"]), one["text"] or str(one["value"])) for one in options]
