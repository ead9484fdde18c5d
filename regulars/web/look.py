"""The stylesheets and scripts of the frame: many small files, served as one of each.

The address carries a digest of the content, so browsers keep it for ever and never show an old one.
"""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import brotli
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

FOLDER = Path(__file__).parent / "static" / "web"

SHARED = ("tokens", "reset", "base", "buttons", "forms")
FRAME = ("layout", "navigation", "tables", "cards", "figures", "charts", "palette", "pages")
BUNDLES: dict[str, tuple[str, ...]] = {
    "app.css": tuple(
        f"css/{name}.css" for name in (*SHARED, *FRAME, "phone", "till", "utilities", "print")
    ),
    "phone.css": tuple(f"css/{name}.css" for name in (*SHARED, "phone", "utilities")),
    "app.js": tuple(f"js/{name}.js" for name in ("look", "keys", "dialogs", "palette", "forms")),
}


@dataclass(frozen=True)
class Bundle:
    """One file made of many, ready to send in each encoding."""

    kind: str
    digest: str
    encodings: dict[str, bytes]


def tightened(css: str) -> str:
    """A stylesheet without its comments and idle white space.

    >>> tightened("a { color: red; /* why */ }  b > c {}")
    'a{color: red;}b > c{}'
    """
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    return re.sub(r" ?([{};,]) ?", r"\1", css).strip()


@cache
def bundle(name: str) -> Bundle:
    """The bundle of that name, put together once per process."""
    text = "\n".join((FOLDER / part).read_text(encoding="utf-8") for part in BUNDLES[name])
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    body = (tightened(text) if kind == "text/css" else text).encode()
    encodings = {"": body, "gzip": gzip.compress(body, 9), "br": brotli.compress(body)}
    return Bundle(kind, hashlib.sha256(body).hexdigest()[:12], encodings)


def bundle_url(name: str) -> str:
    """The address of a bundle, which changes with its content."""
    if settings.DEBUG:
        bundle.cache_clear()
    return f"/look/{bundle(name).digest}/{name}"


def send_bundle(request: HttpRequest, digest: str, name: str) -> HttpResponse:
    """A bundle in the best encoding the browser takes, to be kept for a year."""
    if name not in BUNDLES:
        raise Http404(name)
    made = bundle(name)
    accepted = request.headers.get("Accept-Encoding", "")
    encoding = next((one for one in ("br", "gzip") if one in accepted), "")
    response = HttpResponse(made.encodings[encoding], content_type=f"{made.kind}; charset=utf-8")
    if encoding:
        response["Content-Encoding"] = encoding
    response["Vary"] = "Accept-Encoding"
    fresh = digest == made.digest
    response["Cache-Control"] = "public, max-age=31536000, immutable" if fresh else "no-cache"
    return response
