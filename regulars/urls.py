"""Every address: pages and operations of all domains, assembled."""

import importlib
import importlib.util
from collections.abc import Iterator
from types import ModuleType

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from regulars.core.api.application import make_api
from regulars.web.look import send_bundle
from regulars.web.pages import urlpatterns as pages
from regulars.web.screens import brand_stylesheet, icon


def modules(name: str) -> Iterator[ModuleType]:
    """The modules of that name in every domain that has one, in the order of the domains."""
    for domain in settings.DOMAINS:
        if importlib.util.find_spec(f"regulars.{domain}.{name}"):
            yield importlib.import_module(f"regulars.{domain}.{name}")


list(modules("pages"))
api = make_api(found.router for found in modules("api") if hasattr(found, "router"))

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path("look/<str:digest>/<str:name>", send_bundle),
    path("brand.css", brand_stylesheet),
    path("favicon.ico", icon),
    *[pattern for found in modules("health") for pattern in found.urlpatterns],
    *pages(),
]
