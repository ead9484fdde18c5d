"""Every address: pages and operations of all domains, assembled."""

import importlib
import importlib.util

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from regulars.web.pages import urlpatterns as pages

for domain in settings.DOMAINS:
    if importlib.util.find_spec(f"regulars.{domain}.pages"):
        importlib.import_module(f"regulars.{domain}.pages")

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
    *pages(),
]
