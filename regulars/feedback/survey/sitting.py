"""One respondent going through one survey: the answers, what follows from them, and the path.

This is the model that SurveyJS keeps in a browser, without the browser: an answer changes
conditions, calculated values, defaults and triggers until nothing changes any more.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from regulars.feedback.survey.choices import Choosing
from regulars.feedback.survey.consequences import Changes, run_question_triggers, run_triggers
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.elements import Group, Page
from regulars.feedback.survey.expression import read_expression
from regulars.feedback.survey.looking import SittingScope
from regulars.feedback.survey.operators import is_empty, unchanged
from regulars.feedback.survey.places import COMMENT, Place, deep, is_shown, placed
from regulars.feedback.survey.scalars import Value, as_answer
from regulars.feedback.survey.scopes import Remembered

ROUNDS_MAX = 10
DEPTH_MAX = 30
"""How far one answer may lead to another, and that one to a third."""
SPREAD = 2
"""How often all questions and triggers may act upon one answer; together 100 times at least."""


class Sitting:
    """Answers and everything that follows from them."""

    def __init__(
        self,
        definition: Definition,
        *,
        now: datetime,
        values: Mapping[str, Value] | None = None,
    ) -> None:
        """A survey that begins; with the answers of an earlier moment it goes on from there."""
        self.definition, self.now = definition, now
        self.values = Remembered()
        self.variables: dict[str, Value] = {}
        self.scope = SittingScope(self)
        # What somebody has answered, and whose answers are just being given with all that follows.
        self.touched, self.answering = set[str](), set[str]()
        self.skips: list[tuple[Page, Page]] = []
        """From where to where triggers have skipped, for the way back."""
        self.is_completed = False
        self._page: Page | None = None
        self._seen: set[str] = set()
        self._withheld: dict[str, list[Value]] = {}
        self._hidden: set[str] = set()
        self._shown: dict[str, tuple[bool, bool]] = {}
        self._watches_groups = self._has_defaults_or_containers()
        asked = sum(1 for _ in definition.questions())
        self._depth = self._follows = 0
        self._follows_max = max(100, SPREAD * (asked + len(definition.triggers)))
        if values is None:
            with self._deeper():
                self._begin()
        else:
            self._seen.update(place.path for place in self.places())
            self.load(values)

    # What there is now

    def places(self) -> Iterator[Place]:
        """Every question at its place, hidden ones too, without those in rows and panels."""
        for page in self.definition.pages:
            yield from placed(page, self.values, self.scope)

    def places_on(self, page: Page) -> list[Place]:
        """The visible questions of a page."""
        return [one for one in placed(page, self.values, self.scope) if one.is_visible]

    def pages(self) -> list[Page]:
        """The pages that are asked with these answers, in order."""
        return [page for page in self.definition.pages if self.is_group_visible(page)]

    def is_group_visible(self, group: Group) -> bool:
        """Whether a page or panel is shown: by its condition, and with something in it."""
        if not is_shown(group, self.scope):
            return False
        return any(
            self.is_group_visible(one)
            if isinstance(one, Group)
            else Place(one, one.name, self.scope, self.values).is_visible
            for one in group.elements
        )

    def find_place(self, name: str) -> Place | None:
        """The place of a question by its name."""
        return next((one for one in self.places() if one.question.name == name), None)

    def shown(self, place: Place, value: Value = None) -> str:
        """An answer as people read it in the survey's own language."""
        taken = place.value if is_empty(value) else value
        return place.question.shown(taken, self.definition.language)

    @property
    def page(self) -> Page | None:
        """The page that the respondent stands on; the first one if theirs is asked no more."""
        pages = self.pages()
        if self._page not in pages:
            self._page = next(iter(pages), None)
        return self._page

    def stand_on(self, page: Page) -> None:
        """Put the respondent on a page."""
        self._page = page

    # What changes

    def load(self, values: Mapping[str, Value]) -> None:
        """Take the answers of an earlier moment in place of all that is known."""
        with self._deeper():
            self._load(values)

    def _load(self, values: Mapping[str, Value]) -> None:
        self.values.replace({name: one for name, one in values.items() if not is_empty(one)})
        self._withheld.clear()
        for place in self.places():
            if place.question.default_value_expression and not is_empty(place.value):
                default = self.default_of(place)
                self._touch(place.path, is_touched=not unchanged(place.value, default))
        self._settle()

    def answer(self, name: str, value: Value) -> None:
        """Answer a question, and work out what follows."""
        if unchanged(self.values.get(name), value):
            return
        place = self.find_place(name)
        self._withheld.pop(name, None)
        self.touched.add(name)
        before: Changes = {name: self.values.get(name)}
        with self.being_given(name):
            self._write(name, value, place)
            self.follow({name: value}, before)

    def remark(self, name: str, text: str) -> None:
        """Write the text beside the answer to a question."""
        key = name + COMMENT
        if unchanged(self.values.get(key), text):
            return
        self._write(key, text, None)
        self.follow({key: text, name: self.values.get(name)})

    def _begin(self) -> None:
        """Take the defaults, and what other questions make of them."""
        for place in list(self.places()):
            self._seen.add(place.path)
            if self._put_default(place):
                changes = {place.path: place.value}
                with self.being_given(place.path):
                    run_question_triggers(self, changes)
                    run_triggers(self, changes, before={})
        self._settle()

    def _write(self, name: str, value: Value, place: Place | None) -> None:
        if is_empty(value):
            self.values.forget(name)
        else:
            self.values[name] = value
        if place is not None and isinstance(place.question, Choosing):
            self._forget_other(place)

    def _forget_other(self, place: Place) -> None:
        """The text beside "other" goes with it."""
        taken = place.value if isinstance(place.value, list) else [place.value]
        if not place.question.show_comment_area and "other" not in taken and place.comment:
            place.put_comment(None)

    def follow(self, changes: Changes, before: Changes | None = None) -> None:
        """Work out what follows from changed answers, unless one leads to another without end."""
        with self._deeper() as may_go_on:
            if may_go_on:
                worked_out = self._settle()
                run_question_triggers(self, changes | worked_out)
                run_triggers(self, changes, before=before)

    @contextmanager
    def being_given(self, path: str) -> Iterator[None]:
        """While an answer is given, nothing that it leads to sets or resets its question."""
        self.answering.add(path)
        try:
            yield
        finally:
            self.answering.discard(path)

    @contextmanager
    def _deeper(self) -> Iterator[bool]:
        """One consequence within another; whether there were not too many of them yet."""
        self._follows = self._follows + 1 if self._depth else 0
        self._depth += 1
        try:
            yield self._depth <= DEPTH_MAX and self._follows <= self._follows_max
        finally:
            self._depth -= 1

    # Conditions

    def _settle(self) -> Changes:
        """Work out everything until nothing changes; the answers that changed by it."""
        if self.is_completed:
            return {}
        before = dict(self.values)
        for _ in range(ROUNDS_MAX):
            if not self._settle_once():
                break
        names = before.keys() | self.values.keys()
        changes = {
            one: self.values.get(one) for one in names if before.get(one) != self.values.get(one)
        }
        if changes:
            run_triggers(self, changes, before=before)
        return changes

    def _settle_once(self) -> bool:
        changed = self._calculate()
        for place in deep(self.places()):
            changed = self._settle_place(place) or changed
        if self._watches_groups:
            for page in self.definition.pages:
                for group in (page, *page.panels()):
                    changed = self._settle_group(group) or changed
        return changed

    def _has_defaults_or_containers(self) -> bool:
        """Whether a page or panel that comes or goes changes answers by itself."""
        return self.definition.clear_invisible_values == "onHiddenContainer" or any(
            question.clear_if_invisible == "onHiddenContainer"
            or not is_empty(question.default_value)
            or not is_empty(question.initial())
            for question in self.definition.questions()
        )

    def _settle_group(self, group: Group) -> bool:
        """When a group is shown, its empty questions begin anew."""
        before = self._shown.get(group.name)
        now = self._shown[group.name] = (
            is_shown(group, self.scope),
            self.is_group_visible(group),
        )
        if before is None or before == now:
            return False
        names = {question.name for question in group.questions}
        inside = [place for place in self.places() if place.path in names]
        if self.is_group_visible(group):
            changed = [self._put_default(place) for place in inside]
        else:
            emptied = [one for one in inside if self._clear_when(one) == "onHiddenContainer"]
            changed = [self._put(place, None) for place in emptied]
        return any(changed)

    def _calculate(self) -> bool:
        changed = False
        for one in self.definition.calculated:
            if one.expression.strip():
                value = read_expression(one.expression).evaluate(self.scope)
                name = one.name.lower()
                changed = changed or not unchanged(self.variables.get(name), value)
                self.variables[name] = value
                self.values.truths.clear()
        return changed

    def _settle_place(self, place: Place) -> bool:
        changed = self._hide_or_show(place)
        changed = self._take_default(place) or changed
        return self._follow_choices(place) or self._work_out(place) or changed

    def _work_out(self, place: Place) -> bool:
        """The value of a calculation, and of a default that follows other answers."""
        question = place.question
        if question.calculation.strip():
            if not place.is_enabled_itself:
                return False
            value = question.calculated(read_expression(question.calculation).evaluate(place.scope))
            return self._put(place, value)
        if not question.default_value_expression.strip() or place.path in self.touched:
            return False
        if self._clears_on_hidden(place) and not place.is_visible:
            return False
        return self._put(place, self.default_of(place))

    def default_of(self, place: Place) -> Value:
        """What a question begins with: its default, or what the default's expression gives."""
        source = place.question.default_value_expression
        value = read_expression(source).evaluate(place.scope) if source.strip() else None
        return as_answer(place.question.default_value if value is None else value)

    def _take_default(self, place: Place) -> bool:
        """A default the first time that a question is there."""
        if place.path in self._seen:
            return False
        self._seen.add(place.path)
        return self._put_default(place)

    def _put_default(self, place: Place) -> bool:
        default = place.question.default_value
        default = place.question.initial() if is_empty(default) else default
        if is_empty(default) or not is_empty(place.value):
            return False
        if self._clears_on_hidden(place) and not place.is_shown_itself:
            return False
        return self._put(place, default)

    def _follow_choices(self, place: Place) -> bool:
        """Choices that went away are taken back; they return when they are offered again."""
        if not isinstance(place.question, Choosing):
            return False
        value = place.value
        kept = place.question.visible_part(value, place.scope)
        if not isinstance(value, list) and not self._withheld.get(place.path):
            return self._put(place, kept) if not unchanged(kept, value) else False
        return self._follow_several(place, value or [], kept or [])

    def _follow_several(self, place: Place, value: list[Value], kept: list[Value]) -> bool:
        withheld = self._withheld.get(place.path, []) + [one for one in value if one not in kept]
        back = place.question.visible_part(withheld, place.scope) or []
        self._withheld[place.path] = [one for one in withheld if one not in back]
        wanted = kept + [one for one in back if one not in kept]
        return self._put(place, wanted) if wanted != value else False

    def _hide_or_show(self, place: Place) -> bool:
        """What the survey forgets at once when it is hidden, and begins anew when it is shown."""
        if not self._clears_on_hidden(place):
            return False
        was_hidden, is_visible = place.path in self._hidden, self._is_there(place)
        if is_visible and was_hidden:
            self._hidden.discard(place.path)
            return self._put_default(place)
        if is_visible or was_hidden:
            return False
        self._hidden.add(place.path)
        return self._put(place, None)

    def _is_there(self, place: Place) -> bool:
        if self._clear_when(place) == "onHiddenContainer":
            return place.is_held
        return place.is_visible or place.is_shown_itself

    def _clear_when(self, place: Place) -> str:
        own = place.question.clear_if_invisible
        return self.definition.clear_invisible_values if own == "default" else own

    def _clears_on_hidden(self, place: Place) -> bool:
        return self._clear_when(place).startswith("onHidden")

    def _put(self, place: Place, value: Value) -> bool:
        value = None if is_empty(value) else as_answer(value)
        if unchanged(place.value, value):
            return False
        place.put(value)
        return True

    def _touch(self, path: str, *, is_touched: bool) -> None:
        (self.touched.add if is_touched else self.touched.discard)(path)
