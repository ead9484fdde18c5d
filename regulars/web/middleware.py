"""What happens around every page."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from regulars.core.errors import Forbidden, NotFound, Refused

Next = Callable[[HttpRequest], HttpResponseBase]


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

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        if not isinstance(exception, Refused):
            return None
        status = {NotFound: 404, Forbidden: 403}.get(type(exception), 422)
        return render(request, "web/refused.html", {"refused": exception}, status=status)
