"""Pages: one decorator says where a page is, who may see it, and where it stands in the frame."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Protocol

from django.contrib.auth.views import redirect_to_login
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext

from regulars.core.errors import Forbidden, NotFound, Refused

PUBLIC = "public"
"""What a page for everybody says it needs; such pages guard themselves by secret links."""

SIGNED_IN = "signed_in"
"""What a page for every employee, whatever the role, says it needs."""

Shown = HttpResponseBase


class View(Protocol):
    def __call__(self, request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase: ...


@dataclass(frozen=True)
class Nav:
    """A place in the sidebar: a label, its order, an icon of the sprite and the key after G.

    Orders below 100 are the daily work on top; from 100 on it is what stands below: stores, settings,
    help. `key` is a letter of the English layout. `roles` limits an entry to those roles.
    """

    label: Any
    order: int
    icon: str = "page"
    key: str = ""
    roles: frozenset[str] | None = None


@dataclass(frozen=True)
class Setting:
    """A place on the settings page: a label, a sentence below it, an icon, its order."""

    label: Any
    hint: Any
    icon: str = "settings"
    order: int = 100


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
    setting: Setting | None = None

    @property
    def has_parameters(self) -> bool:
        """Whether the route has a place for an id or a token."""
        return "<" in self.route


PAGES: dict[str, Page] = {}


def may_open(user: Any, needs: str) -> bool:
    """Whether a person may open what has this need; False for people who are not signed in."""
    if needs == PUBLIC:
        return True
    if user is None or not user.is_authenticated:
        return False
    return needs == SIGNED_IN or user.has_perm(needs)


def page(
    route: str,
    *,
    needs: str,
    nav: Nav | None = None,
    panel_of: str | None = None,
    title: Any = "",
    name: str = "",
    setting: Setting | None = None,
) -> Callable[[View], View]:
    """A decorator that puts a view at a route, behind a permission.

    The page's name is `<domain>.<function>` unless given. People who are not signed in are sent to
    sign in; people without the permission are refused. A page with a title and no parameters is
    found by the palette.
    """

    def register(view: View) -> View:
        domain = view.__module__.split(".")[1]
        known_as = name or f"{domain}.{view.__name__}"  # type: ignore[attr-defined]
        assert known_as not in PAGES, f"two pages are named {known_as}"

        @wraps(view)
        def guarded(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
            if not may_open(request.user, needs):
                if not request.user.is_authenticated:
                    return redirect_to_login(request.get_full_path())
                raise Forbidden("forbidden", "your role does not include this page")
            if "\0" in request.path:
                raise NotFound("not_found", "no address contains a NUL character")
            response = view(request, *arguments, **named)
            patch_vary_headers(response, ("HX-Request",))
            return response

        PAGES[known_as] = Page(route, known_as, needs, guarded, nav, panel_of, title, setting)
        return guarded

    return register


def show(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """The template with this context, as an answer."""
    return render(request, template, context, status=status)


def show_form(
    request: HttpRequest, template: str, *, form: BaseForm, **context: Any
) -> HttpResponse:
    """A page around a form: 422 when the form was sent and has errors, 200 otherwise."""
    status = 422 if form.is_bound and form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)


def spoken(refused: Refused) -> str:
    """What a refusal says, in the reader's language where the catalogue knows its words.

    Rules know no language: what they refuse is said in English, and found by that.
    """
    return gettext(str(refused.message))


def blame(form: BaseForm, refused: Refused) -> None:
    """Puts a refusal of an action beside the field of the form that it names."""
    field = refused.field if refused.field in form.fields else None
    form.add_error(field, spoken(refused))


def urlpatterns() -> list[URLPattern]:
    """The routes of all pages declared so far; names carry their domain, `company.stores`."""
    return [path(page.route, page.view, name=page.name) for page in PAGES.values()]


def panels_of(place: str, user: Any = None) -> list[Page]:
    """The panels that domains above registered for a page, for those who may see them."""
    return [
        page
        for page in PAGES.values()
        if page.panel_of == place and (user is None or may_open(user, page.needs))
    ]
