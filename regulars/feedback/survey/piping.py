"""Answers and calculated values inside the texts of a survey: `Why {nps}?`, `How old is {panel.name}?`."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import TypeVar, get_origin

from pydantic import BaseModel

from regulars.feedback.survey.operators import is_empty
from regulars.feedback.survey.question import Frame, Question
from regulars.feedback.survey.scalars import Value, text_of
from regulars.feedback.survey.scopes import MISSING, Framed, Scope
from regulars.feedback.survey.texts import LOCAL_TEXT, piped, text_in

Model = TypeVar("Model", bound=BaseModel)


class Shown(Mapping[str, str]):
    """Each answer as people read it, by name; a name that is no question's is looked up in a scope.

    The scope knows calculated values, and inside a row or panel its questions. Walking through it
    gives the answers alone.
    """

    def __init__(self, answers: Mapping[str, str], scope: Callable[[], Scope], language: str):
        self._answers, self._scope, self._language = answers, scope, language

    def inside(self, scope: Scope) -> "Shown":
        """The same as seen from a row or panel."""
        return Shown(self._answers, lambda: scope, self._language)

    def __getitem__(self, name: str) -> str:
        if name in self._answers:
            return self._answers[name]
        scope = self._scope()
        if isinstance(scope, Framed) and (said := self._in_frame(scope, name)):
            return said
        value = scope.find(name)
        if value is MISSING or is_empty(value):
            raise KeyError(name)
        return _read(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    def _in_frame(self, scope: Framed, name: str) -> str:
        """An answer beside the question, as people read it."""
        word, _dot, inner = name.partition(".")
        if word.lower() != scope.frame.word or not isinstance(scope.frame, Frame):
            return ""
        asked = next((one for one in scope.frame.questions if one.name == inner), None)
        value = scope.frame.values.get(inner)
        return asked.shown(value, self._language) if asked and not is_empty(value) else ""


def _read(value: Value) -> str:
    if isinstance(value, list):
        return ", ".join(_read(one) for one in value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    return "" if isinstance(value, dict) else text_of(value)


def text_for(text: str | dict[str, str], shown: Mapping[str, str], *, language: str) -> str:
    """A text of the definition in a language, with answers piped in."""
    return piped(text_in(text, language), shown)


def said(model: Model, shown: Mapping[str, str], *, language: str) -> Model:
    """A question with answers piped into all its texts, those of choices and rows too.

    Questions inside it stay as they are: they are said at their own places.
    """
    changes: dict[str, object] = {}
    for name in _fields_of(type(model)):
        value = getattr(model, name)
        if isinstance(value, tuple):
            made = tuple(_part(one, shown, language) for one in value)
            if any(one is not before for one, before in zip(made, value, strict=True)):
                changes[name] = made
        elif _has_names(value):
            changes[name] = text_for(value, shown, language=language)
    return model.model_copy(update=changes) if changes else model


def _part(one: object, shown: Mapping[str, str], language: str) -> object:
    if isinstance(one, BaseModel) and not isinstance(one, Question):
        return said(one, shown, language=language)
    return one


def _has_names(text: object) -> bool:
    if isinstance(text, dict):
        return any("{" in one for one in text.values())
    return isinstance(text, str) and "{" in text


@lru_cache(maxsize=200)
def _fields_of(kind: type[BaseModel]) -> tuple[str, ...]:
    """The fields of a model that are texts in languages, or several parts that may have some."""
    return tuple(
        name
        for name, told in kind.model_fields.items()
        if LOCAL_TEXT in told.metadata or get_origin(told.annotation) is tuple
    )
