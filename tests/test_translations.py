"""The Russian catalogues: complete, compiled, and of one voice, since Django merges them all."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.utils.translation import gettext, ngettext, npgettext, override, pgettext
from django.utils.translation.template import templatize

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "regulars"
CATALOGUES = sorted(PACKAGE.glob("*/locale/ru/LC_MESSAGES/django.po"))
DJANGO_HAS_IT = {("", "English"), ("", "Russian")}
TRANSLATES = re.compile(r"(?:_|n?p?gettext(?:_lazy|_noop)?)")
TEXT = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
TEMPLATE_CALL = re.compile(rf"\b(?:_|n?p?gettext)\({TEXT}(?:, ?{TEXT})*(?:, ?count)?\)")
A_NUMBER_OF_EACH_FORM = (1, 2, 5)

Text = tuple[str, str, str]
"""A context, a text in English, and its plural; what is not there is empty."""


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def sources() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if not {"migrations", "tests"} & set(path.relative_to(PACKAGE).parts):
            yield path


def texts_of(catalogue: Any) -> dict[Text, tuple[str, ...]]:
    """What a catalogue says for each text: one form, or all of a plural."""
    found = {}
    for message in catalogue:
        if not message.id:
            continue
        # Compiled catalogues give contexts as bytes.
        context = message.context or ""
        context = context.decode() if isinstance(context, bytes) else context
        english = (message.id, "") if isinstance(message.id, str) else message.id
        said = message.string
        found[context, *english] = (said,) if isinstance(said, str) else tuple(said)
    return found


@cache
def said_in(path: Path) -> dict[Text, tuple[str, ...]]:
    with path.open("rb") as file:
        return texts_of(read_po(file, locale="ru"))


def asked_by(path: Path) -> Iterator[tuple[str, str]]:
    """The texts that a Python file or a template hands to translation, with their contexts."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        # Template tags become calls, with each percent sign of a text doubled as catalogues have it.
        text = "\n".join(TEMPLATE_CALL.findall(templatize(text)))
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if not TRANSLATES.fullmatch(name):
            continue
        texts = [one.value if isinstance(one, ast.Constant) else None for one in node.args]
        context, english = texts[:2] if "pgettext" in name else ["", *texts[:1]]
        if isinstance(context, str) and isinstance(english, str) and english:
            yield context, english


def test_catalogues_have_no_hole() -> None:
    holes = []
    for path in CATALOGUES:
        with path.open("rb") as file:
            doubtful = {message.id for message in read_po(file, locale="ru") if message.fuzzy}
        holes += [f"{named(path)}: {one}" for one in doubtful if one]
        holes += [f"{named(path)}: {one}" for one, said in said_in(path).items() if not all(said)]
    assert not holes


def test_every_text_has_a_russian_one() -> None:
    known = {text[:2] for path in CATALOGUES for text in said_in(path)} | DJANGO_HAS_IT
    missing = [
        f"{named(path)}: {one}"
        for path in [*sources(), *sorted(PACKAGE.rglob("templates/**/*.html"))]
        for one in asked_by(path)
        if one not in known
    ]
    assert not missing


def test_texts_of_templates_are_found() -> None:
    asked = set(asked_by(PACKAGE / "loyalty/templates/loyalty/campaigns.html"))
    assert {("campaign", "Open"), ("", "Change %(name)s"), ("", "Spent")} <= asked


def test_no_two_catalogues_differ() -> None:
    """A word of two senses has a context at the rarer one, or one page shows the other's word."""
    voices: dict[Text, dict[tuple[str, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in CATALOGUES:
        for text, said in said_in(path).items():
            voices[text][said].append(named(path))
    assert not {text: dict(said) for text, said in voices.items() if len(said) > 1}


def shown(context: str, one: str, many: str) -> tuple[str, ...]:
    if not many:
        return (pgettext(context, one) if context else gettext(one),)
    return tuple(
        npgettext(context, one, many, n) if context else ngettext(one, many, n)
        for n in A_NUMBER_OF_EACH_FORM
    )


def test_pages_say_what_the_catalogues_say() -> None:
    """Catalogues of Django and of other packages have some of our texts too."""
    with override("ru"):
        other = [
            f"{named(path)}: {text}"
            for path in CATALOGUES
            for text, said in said_in(path).items()
            if (found := shown(*text)) != said[: len(found)]
        ]
    assert not other


def test_compiled_catalogues_are_current() -> None:
    stale = []
    for path in CATALOGUES:
        with path.with_suffix(".mo").open("rb") as file:
            if texts_of(read_mo(file)) != said_in(path):
                stale.append(named(path))
    assert not stale
