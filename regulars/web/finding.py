"""What the palette finds: pages, commands, and whatever domains let it search."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from regulars.web.pages import PAGES, Page, may_open

MOST_PER_GROUP = 6

LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
CYRILLIC = "йцукенгшщзхъфывапролджэячсмитьбюё"
OTHER_LAYOUT = str.maketrans(LATIN + CYRILLIC, CYRILLIC + LATIN)


@dataclass(frozen=True)
class Found:
    """A line of the palette: what it is, where it leads, and which keys lead there too."""

    label: Any
    url: str
    icon: str = "page"
    hint: Any = ""
    keys: tuple[str, ...] = ()
    press: str = ""


@dataclass(frozen=True)
class Group:
    """Lines of one kind under their heading."""

    label: Any
    found: Sequence[Found]


@dataclass(frozen=True)
class Command:
    """Something to do, found by its label or further words. `page` names where it is done."""

    label: Any
    page: str
    icon: str = "plus"
    words: str = ""
    keys: tuple[str, ...] = field(default=())


Search = Callable[[HttpRequest, str], Iterable[Found]]


@dataclass(frozen=True)
class Searcher:
    """A kind of thing that a domain finds by a text."""

    label: Any
    needs: str
    search: Search
    least: int = 2


COMMANDS: list[Command] = []
SEARCHERS: list[Searcher] = []


def add_command(command: Command) -> None:
    """Puts a command into the palette, for those who may open its page."""
    COMMANDS.append(command)


def searcher(label: Any, *, needs: str, least: int = 2) -> Callable[[Search], Search]:
    """A decorator for a function that finds things by a text of at least so many letters."""

    def register(search: Search) -> Search:
        SEARCHERS.append(Searcher(label, needs, search, least))
        return search

    return register


def other_layout(text: str) -> str:
    """The same keys on the other layout, for those who forgot to switch.

    >>> other_layout("jghjc")
    'опрос'
    """
    return text.lower().translate(OTHER_LAYOUT)


def matches(query: str, words: str) -> bool:
    """Whether each word of a query begins a word of a text.

    >>> matches("new sur", "New survey"), matches("vey", "New survey")
    (True, False)
    """
    heads = words.casefold().replace("-", " ").split()
    return all(any(head.startswith(part) for head in heads) for part in query.casefold().split())


def _spoken(label: Any) -> str:
    """A label in the reader's language and in English."""
    with override("en"):
        english = str(label)
    return f"{label} {english}"


def _answers(query: str, words: str) -> bool:
    return matches(query, words) or matches(other_layout(query), words)


def _pages(user: Any, query: str) -> Iterable[Found]:
    for page in PAGES.values():
        label = page.nav.label if page.nav else page.title
        if not label or page.has_parameters or page.panel_of or not may_open(user, page.needs):
            continue
        if _answers(query, _spoken(label)):
            yield Found(label, reverse(page.name), _icon_of(page), keys=_keys_of(page))


def _icon_of(page: Page) -> str:
    if page.nav:
        return page.nav.icon
    return page.setting.icon if page.setting else "page"


def _keys_of(page: Page) -> tuple[str, ...]:
    return ("G", page.nav.key.upper()) if page.nav and page.nav.key else ()


def _commands(user: Any, query: str) -> Iterable[Found]:
    for command in COMMANDS:
        declared = PAGES.get(command.page)
        if declared is None or not may_open(user, declared.needs):
            continue
        if _answers(query, f"{_spoken(command.label)} {command.words}"):
            yield Found(command.label, reverse(command.page), command.icon, keys=command.keys)


def find(request: HttpRequest, query: str) -> list[Group]:
    """What this person finds by a text; with an empty one, what can be done and where one can go."""
    user = request.user
    groups: list[Group] = []
    if query:
        groups.extend(
            Group(one.label, list(islice(one.search(request, query), MOST_PER_GROUP)))
            for one in SEARCHERS
            if len(query) >= one.least and may_open(user, one.needs)
        )
    commands = list(islice(_commands(user, query), MOST_PER_GROUP))
    pages = list(islice(_pages(user, query), MOST_PER_GROUP if query else 12))
    if query:
        groups = [Group(_("Go to"), pages), Group(_("Do"), commands), *groups]
    else:
        groups = [Group(_("Do"), commands), Group(_("Go to"), pages)]
    return [group for group in groups if group.found]
