"""Choices that one question takes over from another: `choicesFromQuestion`."""

from collections.abc import Iterator, Mapping, Sequence

from regulars.feedback.survey.choices import Choosing
from regulars.feedback.survey.problems import Problem
from regulars.feedback.survey.question import Question

TAKEN_FROM = "choicesFromQuestion"
"""The property that names the question whose choices are offered."""


def join_choices(questions: Sequence[Question]) -> Iterator[Problem]:
    """Let each question know the one whose choices it offers; what stands against it is told.

    The other one stands by itself, not in a row or panel, and has choices that are not its own in
    the end.
    """
    by_name = {question.name: question for question in questions}
    for question in questions:
        for one in (question, *question.inner()):
            if not isinstance(one, Choosing) or not one.choices_from_question:
                continue
            if reason := _against(one, by_name, is_inner=one is not question):
                name = one.name if one is question else f"{question.name}.{one.name}"
                yield Problem("bad_property", name, {"property": TAKEN_FROM, "reason": reason})
            else:
                source = by_name[one.choices_from_question]
                assert isinstance(source, Choosing), "looked at above"
                one.take_over(source)


def _against(one: Choosing, by_name: Mapping[str, Question], *, is_inner: bool) -> str:
    passed = set() if is_inner else {one.name}
    at: Question | None = one
    while isinstance(at, Choosing) and at.choices_from_question:
        at = by_name.get(at.choices_from_question)
        if at is not None and at.name in passed:
            return "the choices come from the question itself"
        if at is not None:
            passed.add(at.name)
    return "" if isinstance(at, Choosing) else "there is no question with choices of that name"
