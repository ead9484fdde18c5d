"""The API as a whole: routers of all domains, one set of rules, one OpenAPI document."""

import json
from collections.abc import Callable, Iterable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI, Router
from ninja.errors import HttpError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import PathView
from ninja.parser import Parser
from ninja.router import BoundRouter

from regulars.core.api.idempotency import idempotent
from regulars.core.api.operations import ApiKeyBearer
from regulars.core.api.outline import completed
from regulars.core.api.problems import declare_problems, problem
from regulars.core.texts import storable

DESCRIPTION = """Everything that tills, shops and other systems tell Regulars and ask of it.

Send a key with every request: `Authorization: Bearer rk_…`. Money is whole minor units (cents) with
an ISO 4217 code; times are RFC 3339 with an offset; lists come in pages by `next_cursor`. Every write
takes an `Idempotency-Key`: the same key and body again give the same answer and no second effect.
Errors are problem documents (RFC 9457) that name the field."""

View = Callable[..., HttpResponseBase]


class Api(NinjaAPI):
    """A ninja API whose every answer, also beside its operations, follows our rules."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """The OpenAPI 3.1 document, completed by what all operations share."""
        document = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        completed(document)
        return document

    def _get_bound_routers(self) -> list[BoundRouter]:
        """The routers with each path in one place: domains may share a path, not a method on it.

        Without this the first router that knows a path would refuse the methods of the others.
        """
        if self._bound_routers_cache is None:
            homes: dict[str, PathView] = {}
            for router in super()._get_bound_routers():
                for path, view in list(router.path_operations.items()):
                    home = homes.setdefault(f"{router.prefix}{path}", view)
                    if home is not view:
                        home.operations.extend(view.operations)
                        del router.path_operations[path]
        return super()._get_bound_routers()

    def _get_urls(self) -> list[URLResolver | URLPattern]:
        urls = super()._get_urls()
        for pattern in urls:
            if isinstance(pattern, URLPattern):
                pattern.callback = _guarded(pattern.callback)
        return [*urls, re_path(r"^.*$", csrf_exempt(_nothing_here))]


def make_api(routers: Iterable[Router]) -> Api:
    """The API of these routers, to be mounted at `/api/v1/`; a key is needed for all of it."""
    api = Api(
        title="Regulars",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        urls_namespace="api",
        auth=ApiKeyBearer(),
        parser=_Parser(),
    )
    declare_problems(api)
    api.add_decorator(idempotent, mode="view")
    for router in routers:
        api.add_router("", router)
    return api


class _Parser(Parser):
    """Reads JSON bodies, and refuses what is none or cannot be stored."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            return storable(json.loads(request.body, parse_constant=_no_constant))
        except (ValueError, RecursionError) as error:
            raise HttpError(400, f"the body cannot be read: {error}") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _guarded(view: View) -> View:
    """A view with what comes before any operation: a sane address, and no bare answers."""

    @wraps(view)
    def guarded(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return problem(400, "malformed", detail="the address contains a NUL character")
        response = view(request, *arguments, **named)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = response.headers["Allow"]
            response = problem(405, "method_not_allowed", detail=f"allowed here: {allowed}")
            response["Allow"] = allowed
        return response

    return guarded


def _nothing_here(_request: HttpRequest) -> HttpResponse:
    return problem(404, "not_found", detail="there is no operation at this address")
