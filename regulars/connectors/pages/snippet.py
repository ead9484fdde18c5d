"""The web snippet as browsers get it: one small file at an address that stays."""

import gzip
import hashlib
from functools import cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from regulars.web.pages import PUBLIC, Shown, page

FOLDER = Path(__file__).parent.parent / "static" / "connectors"
FRESH_S = 3600
"""How long browsers keep it unasked: a mend of it reaches every visitor within the hour."""


@cache
def served_snippet() -> bytes:
    """The snippet without what only people need; made by `make snippet`."""
    return (FOLDER / "regulars.min.js").read_bytes().rstrip()


@page("collect/regulars.js", needs=PUBLIC, name="connectors.snippet")
@require_safe
def snippet(request: HttpRequest) -> Shown:
    """The snippet, for pages of any site."""
    body = served_snippet()
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    elif "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(gzip.compress(body, 9, mtime=0))
        response["Content-Encoding"] = "gzip"
    else:
        response = HttpResponse(body)
    response["Content-Type"] = "text/javascript; charset=utf-8"
    response["ETag"] = tag
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = f"public, max-age={FRESH_S}"
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
