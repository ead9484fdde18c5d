"""What every page's frame needs to know: navigation, brand, look, status messages."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from regulars.web.brand import BrandLook, current_brand
from regulars.web.filters import carried_query
from regulars.web.pages import PAGES, Page, may_open

SECOND_GROUP = 100
THEMES = ("light", "dark")


@dataclass(frozen=True)
class Entry:
    """A line of the sidebar as this person sees it."""

    label: Any
    url: str
    icon: str
    key: str
    current: bool

    @property
    def code(self) -> str:
        """The physical key after G, as the browser names it."""
        return f"Key{self.key.upper()}" if self.key else ""


def visible_entries(user: Any) -> list[Page]:
    """The pages with a place in the sidebar that this person may open, in order."""
    role = getattr(user, "role", "")
    pages = [
        page
        for page in PAGES.values()
        if page.nav is not None
        and may_open(user, page.needs)
        and (page.nav.roles is None or role in page.nav.roles)
    ]
    return sorted(pages, key=lambda page: page.nav.order if page.nav else 0)


def first_page_of(user: Any) -> str:
    """The address a person lands on after signing in: their first entry, or their own settings."""
    entries = visible_entries(user)
    return reverse(entries[0].name) if entries else reverse("web.help_page")


class Frame:
    """The frame around one page; each part is worked out only when a template asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def brand(self) -> BrandLook:
        """The company's look."""
        return current_brand()

    @property
    def theme(self) -> str:
        """`light` or `dark` where the person chose one, else empty: as the system says."""
        chosen = self.request.COOKIES.get("theme", "")
        return chosen if chosen in THEMES else ""

    @property
    def single_keys(self) -> bool:
        """Whether single letters are shortcuts (people can switch them off, WCAG 2.1.4)."""
        return self.request.COOKIES.get("keys") != "off"

    @property
    def language(self) -> str:
        """The language of this page."""
        return (get_language() or "en").split("-")[0]

    @property
    def layout(self) -> str:
        """The template that pages for everybody extend: the frame, or the entrance to it."""
        signed_in = getattr(self.request, "user", None) and self.request.user.is_authenticated
        return "web/frame.html" if signed_in else "web/entrance.html"

    @cached_property
    def entries(self) -> list[Entry]:
        """All lines of the sidebar."""
        pages = visible_entries(self.request.user)
        addresses = {page.name: reverse(page.name) for page in pages}
        here = _nearest(self.request.path, list(addresses.values()))
        carried = carried_query(self.request)
        return [
            Entry(
                page.nav.label,
                addresses[page.name] + (carried if page.nav.order < SECOND_GROUP else ""),
                page.nav.icon,
                page.nav.key,
                addresses[page.name] == here,
            )
            for page in pages
            if page.nav is not None
        ]

    @property
    def daily(self) -> list[Entry]:
        """The lines of daily work."""
        return self.entries[: self._split]

    @property
    def rest(self) -> list[Entry]:
        """The lines below: stores, settings, help."""
        return self.entries[self._split :]

    @cached_property
    def _split(self) -> int:
        pages = visible_entries(self.request.user)
        return sum(1 for page in pages if page.nav and page.nav.order < SECOND_GROUP)


def _nearest(path: str, addresses: list[str]) -> str:
    """The address that is the longest beginning of a path; the home page only matches itself."""
    fitting = [
        address
        for address in addresses
        if path == address or (address != "/" and path.startswith(address.rstrip("/") + "/"))
    ]
    return max(fitting, key=len, default="")


def context(request: HttpRequest) -> dict[str, Any]:
    """The frame, for every template."""
    return {"frame": Frame(request)}


def say(request: HttpRequest, text: str, *, tone: str = "good", undo_url: str = "") -> None:
    """Shows a sentence on top of the next page, with an undo button where there is a way back."""
    messages.add_message(request, messages.INFO, text, extra_tags=f"{tone} {undo_url}".strip())
