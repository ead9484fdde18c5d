"""One screen of a survey as its templates draw it: panels, questions, and rows inside questions."""

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regulars.feedback.survey.choices import Choosing
from regulars.feedback.survey.elements import Group
from regulars.feedback.survey.groups import Repeating, named
from regulars.feedback.survey.operators import is_empty
from regulars.feedback.survey.piping import Shown, said, text_for
from regulars.feedback.survey.places import Place, is_enabled
from regulars.feedback.survey.problems import Problem
from regulars.feedback.survey.question import Question
from regulars.feedback.survey.sitting import Sitting
from regulars.feedback.survey.texts import text_in
from regulars.feedback.wording import sentence_for

READ_ONLY = "feedback/questions/expression.html"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as one respondent sees it."""

    template: str
    field: str
    id: str
    title: str
    about: str
    is_required: bool
    problem: str
    described_by: str
    takes_comment: bool
    comment_field: str
    comment: str
    parts: dict[str, Any]
    comment_title: str = ""
    is_fresh: bool = False
    """Whether an answer on the same screen has just brought it."""
    rows: "list[Row]" = dataclasses.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """One row or panel of a question, with what it asks."""

    title: str
    questions: list[Asked]


@dataclass(frozen=True, slots=True)
class Section:
    """A panel with its title and what is in it."""

    id: str
    title: str
    about: str
    problem: str
    elements: "list[Asked | Section]"
    template: str = "feedback/questions/_panel.html"


@dataclass(frozen=True, slots=True)
class Drawer:
    """What drawing needs to know: the sitting, texts to pipe in, problems, and the language."""

    sitting: Sitting
    shown: Shown
    problems: Mapping[str, Problem]
    language: str
    fresh: Collection[str] = ()

    def elements(self, group: Group, *, enabled: bool = True) -> Iterator[Asked | Section]:
        """The visible panels and questions of a page or a panel, in order."""
        enabled = enabled and is_enabled(group, self.sitting.scope)
        for element in group.elements:
            if isinstance(element, Question):
                place = Place(
                    element, element.name, self.sitting.scope, self.sitting.values,
                    is_enabled_around=enabled,
                )  # fmt: skip
                if place.is_visible:
                    yield self.question(place)
            elif self.sitting.is_group_visible(element):
                yield self._section(element, enabled=enabled)

    def _section(self, group: Group, *, enabled: bool) -> Section:
        problem = self.problems.get(group.name)
        return Section(
            id=id_of(group.name),
            title=self._said(group.title),
            about=self._said(group.description),
            problem=sentence_for(problem) if problem else "",
            elements=list(self.elements(group, enabled=enabled)),
        )

    def question(self, place: Place) -> Asked:
        """One question at its place, with what is inside it."""
        question, required = self._in_words(place), place.is_required
        about, problem = text_in(question.description, self.language), self._problem(place)
        parts = self._parts(question, place)
        ends = parts.get("low") or parts.get("high") or parts.get("ends")
        described = {"about": about, "error": problem, "ends": ends}
        return Asked(
            template=question.template if place.is_enabled else READ_ONLY,
            field=question.field,
            id=id_of(place.path),
            title=text_in(question.title, self.language) or place.question.name,
            about=about,
            is_required=required or not question.takes_answers,
            problem=problem,
            described_by=" ".join(
                f"{id_of(place.path)}-{name}" for name, text in described.items() if text
            ),
            takes_comment=question.takes_comment,
            comment_field=question.comment_field,
            comment=str(place.comment or ""),
            comment_title=text_in(question.comment_text, self.language),
            is_fresh=place.path in self.fresh,
            parts=parts,
            rows=[self._row(place, key) for key in _keys(place)],
        )

    def _row(self, place: Place, key: str) -> Row:
        inside = [one for one in place.inside() if one.frame and one.frame.key == key]
        title = inside[0].frame.title if inside and inside[0].frame else ""
        shown = self.shown.inside(inside[0].scope) if inside else self.shown
        return Row(
            text_for(title, shown, language=self.language),
            [self.question(one) for one in inside if one.is_visible],
        )

    def _in_words(self, place: Place) -> Question:
        """The question under the name of its place, with what was answered before in its texts."""
        shown, question = self.shown.inside(place.scope), place.question
        if isinstance(question, Choosing) and question.choices_from_question:
            question = question.as_offered(place.scope)
        return said(named(question, place.path), shown, language=self.language)

    def _parts(self, question: Question, place: Place) -> dict[str, Any]:
        if not place.is_enabled:
            return {"value": question.shown(place.value, self.language)}
        parts = question.parts(place.value, self.language)
        if isinstance(question, Choosing):
            offered = {one.value for one in question.visible_choices(place.scope)} | {"all"}
            parts["options"] = [one for one in parts["options"] if one["value"] in offered]
        if isinstance(question, Repeating):
            low, high = question.bounds_of_count()
            count = question.count(place.value)
            parts |= {"count": count, "count_field": question.count_field}
            parts |= {"name": question.name, "add_text": text_in(question.add_text, self.language)}
            parts |= {"may_add": count < high, "may_cut": count > max(low, 1)}
        return parts

    def _problem(self, place: Place) -> str:
        """The sentence for what is wrong: the author's words if there are any."""
        problem = self.problems.get(place.path)
        if problem is None:
            return ""
        question = self._in_words(place)
        own = question.required_error_text if problem.code == "required" else ""
        at = problem.detail.get("validator", "")
        if at:
            own = question.validators[int(at)].text
        return text_in(own, self.language) or sentence_for(problem)

    def _said(self, text: str | dict[str, str]) -> str:
        return text_for(text, self.shown, language=self.language)


def _keys(place: Place) -> list[str]:
    return [frame.key for frame in place.question.frames(place.value)]


def id_of(path: str) -> str:
    """An id for a place: letters of its path that an id may have."""
    return "a-" + "".join(one if one.isalnum() or one in "-_." else "-" for one in path)


def carried(sitting: Sitting, *, without: set[str]) -> list[tuple[str, str]]:
    """Hidden fields that carry the answers of other screens, and of what is read only, along."""
    fields: list[tuple[str, str]] = []
    for place in sitting.places():
        question = place.question
        if question.name in without or not question.takes_answers or is_empty(place.value):
            continue
        fields += question.to_form(place.value)
        if place.comment:
            fields.append((question.comment_field, str(place.comment)))
    return fields
