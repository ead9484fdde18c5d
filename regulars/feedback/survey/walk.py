"""The way through a survey: on to the next page when all is right, back, and to the end."""

from regulars.feedback.survey.choices import OTHER, Choosing
from regulars.feedback.survey.consequences import run_question_triggers, run_triggers
from regulars.feedback.survey.faults import faults_in
from regulars.feedback.survey.operators import is_empty, unchanged
from regulars.feedback.survey.places import Place, deep
from regulars.feedback.survey.problems import Problem
from regulars.feedback.survey.scalars import Value, as_answer
from regulars.feedback.survey.sitting import Sitting


def go_on(sitting: Sitting) -> list[Problem]:
    """Leave the page for the next one, or finish on the last; stay where something is wrong."""
    pages, page = sitting.pages(), sitting.page
    if page is None or sitting.is_completed:
        return []
    problems = list(faults_in(sitting, page))
    if problems:
        return problems
    if page is pages[-1]:
        finish(sitting)
        return []
    if run_triggers(sitting, _answers_on(sitting), is_leaving=True):
        finish(sitting)
    elif sitting.page is page:
        pages = sitting.pages()
        if page in pages[:-1]:
            sitting.stand_on(pages[pages.index(page) + 1])
    return []


def go_back(sitting: Sitting) -> None:
    """Return to the page before, or to the one from which a trigger skipped to this one."""
    pages, page = sitting.pages(), sitting.page
    if page not in pages[1:]:
        return
    skip = next((one for one in sitting.skips if one[1] is page), None)
    if skip is not None:
        sitting.skips.remove(skip)
    came_from = skip[0] if skip is not None and skip[0] in pages else None
    sitting.stand_on(came_from or pages[pages.index(page) - 1])


def _answers_on(sitting: Sitting) -> dict[str, Value]:
    page = sitting.page
    names = [question.name for question in page.questions] if page else []
    answers: dict[str, Value] = {name: sitting.values.get(name) for name in names}
    return answers | sitting.variables


def finish(sitting: Sitting) -> None:
    """End the survey: what was hidden at this moment is forgotten, as SurveyJS forgets it."""
    sitting.is_completed = True
    places = list(deep(sitting.places()))
    hidden = [
        place
        for place in places
        if not place.is_held
        and _is_cleared(sitting, place)
        and (place.outer is None or place.outer.question.clears_inside)
    ]
    unused = [place for place in places if _has_unused_comment(place)]
    for place in unused:
        place.put_comment(None)
    for place in hidden:
        if place.outer is None or place.outer not in hidden:
            _empty_calculated(sitting, place.value)
            was_answered = not is_empty(place.value)
            place.put(None)
            place.put_comment(None)
            if was_answered:
                with sitting.being_given(place.path):
                    run_question_triggers(sitting, {place.path: None})
    _forget_taken_over(sitting)


def _forget_taken_over(sitting: Sitting) -> None:
    """Choices that came from an answer which is forgotten now are forgotten, too."""
    for place in deep(sitting.places()):
        if isinstance(place.question, Choosing) and place.question.choices_from_question:
            kept = place.question.visible_part(place.value, place.scope)
            if not unchanged(kept, place.value):
                place.put(kept)


def _empty_calculated(sitting: Sitting, value: Value) -> None:
    """A calculated value that is the very list that is forgotten is emptied with it."""
    for name, one in sitting.variables.items():
        if isinstance(value, list) and one is value:
            sitting.variables[name] = []


def _is_cleared(sitting: Sitting, place: Place) -> bool:
    own = place.question.clear_if_invisible
    return (sitting.definition.clear_invisible_values if own == "default" else own) != "none"


def _has_unused_comment(place: Place) -> bool:
    if not isinstance(place.question, Choosing) or place.question.show_comment_area:
        return False
    taken = place.value if isinstance(place.value, list) else [place.value]
    return OTHER not in taken and not is_empty(place.comment)


def result_of(sitting: Sitting) -> dict[str, Value]:
    """The answers, with the calculated values that belong to the result: all of it can be kept."""
    included = {
        one.name: sitting.variables.get(one.name.lower())
        for one in sitting.definition.calculated
        if one.include_into_result
    }
    known = [*sitting.values.items(), *included.items()]
    kept = [(name, as_answer(one)) for name, one in known]
    return {name: one for name, one in kept if one is not None}
