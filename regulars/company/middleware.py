"""What every request shares of the company."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from regulars.company.queries import remembered_brand

Next = Callable[[HttpRequest], HttpResponseBase]


class BrandOncePerRequest:
    """A request reads the brand at most once, however often its parts ask for it."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = remembered_brand.set({})
        try:
            return self.get_response(request)
        finally:
            remembered_brand.reset(token)
