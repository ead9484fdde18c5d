"""Where each question of a running survey stands, with those in rows and panels."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from regulars.feedback.survey.elements import Group
from regulars.feedback.survey.expression import read_expression
from regulars.feedback.survey.operators import is_empty
from regulars.feedback.survey.question import Frame, Question
from regulars.feedback.survey.scalars import Value
from regulars.feedback.survey.scopes import Framed, Remembered, Scope

COMMENT = "-Comment"


def holds(source: str, scope: Scope, *, otherwise: bool) -> bool:
    """Whether a condition is true; what counts when there is none is said."""
    if not source.strip():
        return otherwise
    return _remembered(source, scope, lambda: read_expression(source).holds(scope))


def allows(source: str, scope: Scope, *, otherwise: bool) -> bool:
    """Whether a condition lets something be answered: it does unless it is false."""
    if not source.strip():
        return otherwise
    evaluate = read_expression(source).evaluate
    return _remembered(f"allows {source}", scope, lambda: evaluate(scope) is not False)


def _remembered(key: str, scope: Scope, find: Callable[[], bool]) -> bool:
    """What is found, looked for once until the answers change."""
    known = scope.truths
    if known is None:
        return find()
    if key not in known:
        known[key] = find()
    return known[key]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One question at one place: by itself, or in one row or panel of another."""

    question: Question
    path: str
    scope: Scope
    values: dict[str, Value]
    """The answers beside it, its own among them."""
    outer: "Place | None" = None
    frame: Frame | None = None
    is_shown_around: bool = True
    is_enabled_around: bool = True

    @property
    def value(self) -> Value:
        """Its answer, or None."""
        return self.values.get(self.question.name)

    @property
    def comment(self) -> Value:
        """The text beside its answer, or None."""
        return self.values.get(self.question.name + COMMENT)

    @property
    def is_visible(self) -> bool:
        """Whether it is asked with these answers."""
        return self.is_shown_around and self.is_shown_itself

    @property
    def is_held(self) -> bool:
        """Whether nothing that is hidden has its answer forgotten.

        Inside what repeats only its own condition counts, and that of a panel that repeats: where a
        page or panel around is hidden, all inside is emptied, or kept, as a whole.
        """
        if self.outer is None:
            return self.is_visible
        holder = self.outer
        return self.is_shown_itself and (
            holder.is_shown_itself or not holder.question.clears_inside
        )

    @property
    def is_shown_itself(self) -> bool:
        """Whether its own condition shows it, whatever is around it."""
        return holds(self.question.visible_if, self.scope, otherwise=self.question.visible)

    @property
    def is_required(self) -> bool:
        """Whether it must be answered with these answers."""
        return holds(self.question.required_if, self.scope, otherwise=self.question.is_required)

    @property
    def is_enabled(self) -> bool:
        """Whether it can be answered; what is read only is shown and not asked."""
        return self.is_enabled_around and self.is_enabled_itself

    @property
    def is_enabled_itself(self) -> bool:
        """Whether its own condition lets it be answered, whatever is around it."""
        return allows(self.question.enable_if, self.scope, otherwise=not self.question.read_only)

    def inside(self) -> "Iterator[Place]":
        """The places in its rows or panels, in their order."""
        frames = self.question.frames(self.value)
        shown, enabled = self.is_visible, self.is_enabled
        for frame in frames:
            scope = Framed(frame, frames, self.scope)
            for question in frame.questions:
                yield Place(
                    question, f"{self.path}{frame.key}{question.name}", scope, frame.values,
                    outer=self, frame=frame, is_shown_around=shown, is_enabled_around=enabled,
                )  # fmt: skip

    def put(self, value: Value) -> None:
        """Keep an answer, an empty one by forgetting it, also in what is around it."""
        _keep(self.values, self.question.name, value)
        self._pass_on()

    def put_comment(self, text: Value) -> None:
        """Keep the text beside the answer."""
        _keep(self.values, self.question.name + COMMENT, text)
        self._pass_on()

    def _pass_on(self) -> None:
        if self.outer is not None and self.frame is not None:
            self.outer.put(self.outer.question.framed(self.outer.value, self.frame))


def _keep(values: dict[str, Value], name: str, value: Value) -> None:
    if not is_empty(value):
        values[name] = value
    elif isinstance(values, Remembered):
        values.forget(name)
    else:
        values.pop(name, None)


def placed(
    group: Group,
    values: dict[str, Value],
    scope: Scope,
    *,
    shown: bool = True,
    enabled: bool = True,
) -> Iterator[Place]:
    """The questions of a page or panel at their places, with what is around them known."""
    shown = shown and is_shown(group, scope)
    enabled = enabled and is_enabled(group, scope)
    for element in group.elements:
        if isinstance(element, Group):
            yield from placed(element, values, scope, shown=shown, enabled=enabled)
        else:
            yield Place(
                element, element.name, scope, values,
                is_shown_around=shown, is_enabled_around=enabled,
            )  # fmt: skip


def is_shown(group: Group, scope: Scope) -> bool:
    """Whether the condition of a page or panel itself shows it."""
    return holds(group.about.visible_if, scope, otherwise=group.about.visible)


def is_enabled(group: Group, scope: Scope) -> bool:
    """Whether a page or panel can be answered."""
    return allows(group.about.enable_if, scope, otherwise=not group.about.read_only)


def deep(places: Iterator[Place] | Sequence[Place]) -> Iterator[Place]:
    """Places with everything inside them, outer ones first."""
    for place in places:
        yield place
        yield from deep(place.inside())
