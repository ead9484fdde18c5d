"""Pages: one decorator says where a page is, who may see it, and where it stands in the frame."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Protocol

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path

from regulars.core.errors import Forbidden

PUBLIC = "public"
"""What a page for everybody says it needs; such pages guard themselves by secret links."""

Shown = HttpResponseBase


class View(Protocol):
    def __call__(self, request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase: ...


@dataclass(frozen=True)
class Nav:
    """A place in the sidebar: a label, its order, an icon of the sprite and the key after G."""

    label: Any
    order: int
    icon: str = ""
    key: str = ""


@dataclass(frozen=True)
class Page:
    """A page as it was declared."""

    route: str
    name: str
    needs: str
    view: View
    nav: Nav | None = None
    panel_of: str | None = None
    title: Any = ""
    methods: tuple[str, ...] = field(default=("GET", "POST"))


PAGES: dict[str, Page] = {}


def page(
    route: str,
    *,
    needs: str,
    nav: Nav | None = None,
    panel_of: str | None = None,
    title: Any = "",
    name: str = "",
) -> Callable[[View], View]:
    """A decorator that puts a view at a route, behind a permission.

    The page's name is `<domain>.<function>` unless given. People who are not signed in are sent to
    sign in; people without the permission are refused.
    """

    def register(view: View) -> View:
        domain = view.__module__.split(".")[1]
        known_as = name or f"{domain}.{view.__name__}"  # type: ignore[attr-defined]
        assert known_as not in PAGES, f"two pages are named {known_as}"

        @wraps(view)
        def guarded(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
            if needs != PUBLIC:
                if not request.user.is_authenticated:
                    return redirect_to_login(request.get_full_path())
                if not request.user.has_perm(needs):
                    raise Forbidden("forbidden", "your role does not include this page")
            return view(request, *arguments, **named)

        PAGES[known_as] = Page(route, known_as, needs, guarded, nav, panel_of, title)
        return guarded

    return register


def show(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """The template with this context, as an answer."""
    return render(request, template, context, status=status)


def urlpatterns() -> list[URLPattern]:
    """The routes of all pages declared so far; names carry their domain, `company.stores`."""
    return [path(page.route, page.view, name=page.name) for page in PAGES.values()]


def panels_of(place: str) -> list[Page]:
    """The panels that domains above registered for a page, in the order of their routes."""
    return [page for page in PAGES.values() if page.panel_of == place]
