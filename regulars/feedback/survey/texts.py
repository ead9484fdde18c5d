"""Texts of a definition: one string, or one for each language."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator

TEXT_MAX = 5000


def _checked(text: "str | dict[str, str]") -> "str | dict[str, str]":
    parts = [text] if isinstance(text, str) else [*text, *text.values()]
    if any(len(part) > TEXT_MAX for part in parts):
        raise ValueError(f"a text is longer than {TEXT_MAX} characters")
    if isinstance(text, dict) and not all(_is_language(language) for language in text):
        raise ValueError("languages are written like en, ru or pt-br, besides default")
    return text


def _is_language(code: str) -> bool:
    return re.fullmatch(r"default|[a-z]{2,3}(-[a-z0-9]{2,8})*", code, re.IGNORECASE) is not None


LOCAL_TEXT = AfterValidator(_checked)
"""What a field that people read has in its annotation."""
LocalText = Annotated[str | dict[str, str], LOCAL_TEXT]


def text_in(text: str | dict[str, str], language: str) -> str:
    """The text in a language, or else the default one, or else any there is.

    >>> text_in({"default": "Yes", "ru": "Да"}, "ru"), text_in({"default": "Yes"}, "de")
    ('Да', 'Yes')
    """
    if isinstance(text, str):
        return text
    for code in (language, language.split("-", maxsplit=1)[0], "default"):
        if text.get(code):
            return text[code]
    return next((one for one in text.values() if one), "")


def languages_in(raw: object) -> Iterator[str]:
    """Every language that a definition has a text in, without `default`, repeats included."""
    if isinstance(raw, Mapping):
        if raw and all(isinstance(one, str) for one in raw.values()) and _names_languages(raw):
            yield from (code for code in raw if code != "default")
        for one in raw.values():
            yield from languages_in(one)
    elif isinstance(raw, list):
        for one in raw:
            yield from languages_in(one)


def _names_languages(raw: Mapping[str, object]) -> bool:
    return "default" in raw or all(len(code) == 2 for code in raw)


def piped(text: str, shown: Mapping[str, str]) -> str:
    """The text with each `{name}` replaced by what that answer reads as; unknown names vanish.

    >>> piped("Why {nps}?", {"nps": "9"})
    'Why 9?'
    """
    return re.sub(r"\{([^{}]+)\}", lambda match: shown.get(match[1].strip(), ""), text)


def names_in(text: str | dict[str, str]) -> set[str]:
    """The names that a text pipes in."""
    parts = [text] if isinstance(text, str) else text.values()
    return {name.strip() for part in parts for name in re.findall(r"\{([^{}]+)\}", part)}
