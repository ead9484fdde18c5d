"""What happens around every page."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils import timezone, translation

from regulars.core.errors import Forbidden, NotFound, Refused
from regulars.web.brand import current_brand

Next = Callable[[HttpRequest], HttpResponseBase]
BARE = (
    "/api/",
    "/collect/",
    "/look/",
    "/brand.css",
    "/static/",
    "/media/",
    "/healthz",
    "/readyz",
    "/metrics",
)


class OwnSurroundings:
    """The language a person chose, on whichever device; days begin at the company's midnight."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(BARE):
            return self.get_response(request)
        language = getattr(request.user, "language", "")
        if language and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language() or language
        with timezone.override(ZoneInfo(current_brand().timezone)):
            return self.get_response(request)


class SignInAgain:
    """An expired session inside a fragment leads the whole page to sign-in."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        location = response.headers.get("Location", "")
        if request.headers.get("HX-Request") and "/accounts/login/" in location:
            return HttpResponse(status=204, headers={"HX-Redirect": location})
        return response


class RefusalsShown:
    """A refusal that no page caught becomes a page of its own, with the right status."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_template_response(
        self, request: HttpRequest, response: TemplateResponse
    ) -> TemplateResponse:
        """Sign-in's own forms answer 422 too when they were sent with errors."""
        form = (response.context_data or {}).get("form")
        if response.status_code == 200 and isinstance(form, BaseForm) and form.errors:
            response.status_code = 422
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        if not isinstance(exception, Refused):
            return None
        status = {NotFound: 404, Forbidden: 403}.get(type(exception), 422)
        fragment = request.headers.get("HX-Request") == "true"
        template = "web/_refused.html" if fragment else "web/refused.html"
        context = {"refused": exception, "status": status}
        return render(request, template, context, status=status)
