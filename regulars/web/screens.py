"""The frame's own pages: finding, the filter's store list, settings, help, and choices of look."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST

from regulars.core.errors import Refused
from regulars.web.brand import current_brand
from regulars.web.filters import stores_matching
from regulars.web.finding import find
from regulars.web.frame import THEMES, first_page_of, visible_entries
from regulars.web.pages import (
    PAGES,
    PUBLIC,
    SIGNED_IN,
    Nav,
    Page,
    Setting,
    Shown,
    may_open,
    page,
    show,
)
from regulars.web.signin import signed_in_by

YEAR_S = 60 * 60 * 24 * 365


def _local(request: HttpRequest, address: str) -> str:
    """The address if it is one of ours, else the start."""
    is_ours = address.startswith("/") and url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}
    )
    return address if is_ours else "/start"


@page("start", needs=SIGNED_IN)
def start(request: HttpRequest) -> Shown:
    """Leads everybody to the first page that their role has."""
    return redirect(first_page_of(request.user))


@page("find", needs=SIGNED_IN)
def find_page(request: HttpRequest) -> Shown:
    """The palette's results: a fragment for the palette, a page for browsers without scripts."""
    query = request.GET.get("q", "").strip()[:100]
    fragment = request.headers.get("HX-Request") == "true"
    template = "web/_found.html" if fragment else "web/find.html"
    return show(request, template, groups=find(request, query), query=query)


@page("choose-store", needs=SIGNED_IN)
def choose_store(request: HttpRequest) -> Shown:
    """The stores a report can be narrowed to, each as a link back to it."""
    query = request.GET.get("q", "").strip()[:100]
    back = _local(request, request.GET.get("next", "/start"))
    path, _mark, rest = back.partition("?")
    options = [
        (store, f"{path}?{_with_store(rest, store.code)}")
        for store in stores_matching(request.user, query, 40)
    ]
    fragment = request.headers.get("HX-Request") == "true"
    if fragment and "list" in request.GET:
        template = "web/_store_options.html"
    else:
        template = "web/_stores.html" if fragment else "web/stores.html"
    every = f"{path}?{_with_store(rest, '')}".rstrip("?")
    return show(request, template, options=options, query=query, back=back, every=every)


def _with_store(query: str, code: str) -> str:
    changed = QueryDict(query, mutable=True)
    changed.pop("store", None)
    changed.pop("page", None)
    if code:
        changed["store"] = code
    return changed.urlencode()


@page("look/choose", needs=PUBLIC)
@require_POST
def choose_look(request: HttpRequest) -> Shown:
    """Keeps a choice of theme, language or single keys, and goes back to where it was made."""
    response = redirect(_local(request, request.POST.get("next", "/")))
    theme, keys = request.POST.get("theme"), request.POST.get("keys")
    language = request.POST.get("language")
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=YEAR_S, samesite="Lax")
    elif theme == "":
        response.delete_cookie("theme")
    if keys in {"on", "off"}:
        response.set_cookie("keys", keys, max_age=YEAR_S, samesite="Lax")
    if language in dict(settings.LANGUAGES):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR_S, samesite="Lax")
        if request.user.is_authenticated:
            get_user_model()._default_manager.filter(pk=request.user.pk).update(language=language)
    return response


@page(
    "settings",
    needs=SIGNED_IN,
    nav=Nav(_("Settings"), 120, "settings", "S"),
    title=_("Settings"),
)
def settings_page(request: HttpRequest) -> Shown:
    """Everything that can be set, by those who may."""
    entries = [
        (one.setting, reverse(one.name))
        for one in PAGES.values()
        if one.setting is not None and may_open(request.user, one.needs)
    ]
    entries.sort(key=lambda entry: entry[0].order)
    return show(request, "web/settings.html", entries=entries)


@page(
    "settings/look",
    needs=SIGNED_IN,
    title=_("Appearance and keyboard"),
    setting=Setting(
        _("Appearance and keyboard"), _("Language, light or dark, single-key shortcuts"), "look", 10
    ),
)
def look_page(request: HttpRequest) -> Shown:
    """Language, theme and shortcuts of the person who looks."""
    return show(request, "web/look.html", themes=["", *THEMES])


@page(
    "settings/sign-in",
    needs=SIGNED_IN,
    title=_("Sign-in and security"),
    setting=Setting(
        _("Sign-in and security"), _("Password, authenticator app, passkeys"), "key", 20
    ),
)
def security_page(request: HttpRequest) -> Shown:
    """How the person who looks signs in, and what else could protect them."""
    return show(request, "web/security.html")


@page("help", needs=SIGNED_IN, nav=Nav(_("Help"), 130, "help"), title=_("Help"))
def help_page(request: HttpRequest) -> Shown:
    """Shortcuts, answers to first questions, and where the documentation is."""
    return show(request, "web/help.html", shortcuts=shortcuts_for(request))


@page("keys", needs=SIGNED_IN)
def keys_page(request: HttpRequest) -> Shown:
    """All shortcuts on a page, for browsers without scripts."""
    return show(request, "web/keys.html", shortcuts=shortcuts_for(request))


def shortcuts_for(request: HttpRequest) -> list[tuple[Page, tuple[str, ...]]]:
    """The pages one can go to by keys, with those keys."""
    return [
        (entry, ("G", entry.nav.key.upper()))
        for entry in visible_entries(request.user)
        if entry.nav is not None and entry.nav.key
    ]


@page("sign-in/<str:token>", needs=PUBLIC)
def sign_in_link(request: HttpRequest, token: str) -> Shown:
    """A one-time sign-in: looking shows a button, only pressing it signs in."""
    if request.method != "POST":
        return show(request, "web/sign_in_link.html")
    try:
        return signed_in_by(token, request)
    except Refused as refused:
        return show(request, "web/sign_in_link.html", refused=refused, status=422)


@cache_control(max_age=300)
def brand_stylesheet(request: HttpRequest) -> HttpResponse:
    """The company's colour as a stylesheet."""
    return HttpResponse(current_brand().stylesheet, content_type="text/css; charset=utf-8")


def icon(request: HttpRequest) -> HttpResponse:
    """Our mark, for browsers that ask for it where a page names none."""
    return redirect(static("web/favicon.svg"), permanent=False)
