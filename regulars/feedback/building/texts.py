"""Every text of a definition with its place, so that languages stand side by side."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Raw = dict[str, Any]
Step = str | int

TEXTS = (
    "title", "description", "completedHtml", "completeText", "pageNextText", "pagePrevText",
    "minRateDescription", "maxRateDescription", "requiredErrorText", "otherText", "noneText",
    "placeholder", "labelTrue", "labelFalse", "html", "templateTitle",
)  # fmt: skip
"""Properties that people read, wherever they stand."""
LISTS = ("choices", "rows", "columns", "items", "rateValues", "validators")
"""Lists of things with a text or a title; a bare text among them is value and text in one."""
MODES = ("page", "message", "voice")


@dataclass(frozen=True, slots=True)
class Spot:
    """One text: where it stands, of which element and property it is, what it says in each language."""

    path: tuple[Step, ...]
    element: str
    key: str
    text: str | dict[str, str]

    @property
    def field(self) -> str:
        """The path as the name of a form field."""
        return "/".join(str(step) for step in self.path)


def said_in(text: str | dict[str, str], language: str, own: str) -> str:
    """What a text says in exactly this language; its own one may stand as `default`.

    >>> said_in({"default": "Yes", "ru": "Да"}, "en", "en"), said_in("Yes", "ru", "en")
    ('Yes', '')
    """
    if isinstance(text, str):
        return text if language == own else ""
    found = text.get(language) or (text.get("default") if language == own else "")
    return found or ""


def with_text(
    text: str | dict[str, str], language: str, said: str, own: str
) -> str | dict[str, str]:
    """A text that says something else in one language; as short as it can be written.

    >>> with_text("Yes", "ru", "Да", "en")
    {'default': 'Yes', 'ru': 'Да'}
    """
    told = dict(text) if isinstance(text, dict) else {"default": text}
    if language == own:
        told.pop(own, None)
        told["default"] = said
    elif said:
        told[language] = said
    else:
        told.pop(language, None)
    told = {code: one for code, one in told.items() if one or code == "default"}
    return told if len(told) > 1 else told.get("default", "")


def spots(raw: Raw) -> Iterator[Spot]:
    """Every text of a definition, in the order of asking."""
    yield from _of(raw, (), "")
    for name, told in raw.get("regulars", {}).get("texts", {}).items():
        for mode in MODES:
            if told.get(mode):
                yield Spot(("regulars", "texts", name, mode), name, mode, told[mode])


def put_texts(raw: Raw, said: dict[str, str], *, language: str, own: str) -> Raw:
    """The definition with other texts in one language, by field of their spots."""
    made = deepcopy(raw)
    for spot in list(spots(made)):
        if spot.field in said:
            owner = _at(made, spot.path[:-1])
            words = said[spot.field].replace("\r\n", "\n").strip()
            text = with_text(spot.text, language, words, own)
            is_bare = isinstance(spot.path[-1], int)
            if not is_bare or text != spot.text:
                owner[spot.path[-1]] = {"value": spot.text, "text": text} if is_bare else text
    return made


def _of(node: Raw, path: tuple[Step, ...], element: str) -> Iterator[Spot]:
    name = str(node.get("name") or node.get("value") or element)
    for key in TEXTS:
        if isinstance(node.get(key), str | dict) and node[key]:
            yield Spot((*path, key), name, key, node[key])
    if ("value" in node or path[-2:-1] == ("validators",)) and node.get("text"):
        yield Spot((*path, "text"), element, "text", node["text"])
    for key in (*LISTS, "pages", "elements", "questions", "templateElements"):
        for index, one in enumerate(_list(node.get(key))):
            if isinstance(one, dict):
                yield from _of(one, (*path, key, index), name if key in LISTS else "")
            elif isinstance(one, str) and one and key in LISTS:
                yield Spot((*path, key, index), name, "text", one)


def _list(told: Any) -> Sequence[Any]:
    return told if isinstance(told, list) else ()


def _at(raw: Any, path: Sequence[Step]) -> Any:
    for step in path:
        raw = raw[step]
    return raw
