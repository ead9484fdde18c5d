"""Where a pop-up opens and whom the lot draws: patterns of pages, shares of visitors."""

import hashlib
from collections.abc import Sequence
from urllib.parse import urlsplit

PATTERN_MAX = 200
PATTERNS_MAX = 50


def is_page_meant(patterns: Sequence[str], address: str) -> bool:
    """Whether a page is one of those that patterns name; without patterns every page is.

    A pattern is a path, or a host and a path, in which `*` stands for anything; one that begins
    with `!` leaves pages out. The query counts only where the pattern has one. An address that
    cannot be read is none of them.

    >>> is_page_meant(["/tea*", "!/tea/old"], "https://shop.example/tea/green?x=1")
    True
    >>> is_page_meant(["/tea*", "!/tea/old"], "https://shop.example/tea/old")
    False
    >>> is_page_meant(["shop.example/*"], "https://blog.example/tea")
    False
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    path = parts.path or "/"
    wanted = [one for one in patterns if not one.startswith("!")]
    left_out = [one[1:] for one in patterns if one.startswith("!")]
    if any(_names(one, parts.netloc, path, parts.query) for one in left_out):
        return False
    return not wanted or any(_names(one, parts.netloc, path, parts.query) for one in wanted)


def _names(pattern: str, host: str, path: str, query: str) -> bool:
    told = path if pattern.startswith(("/", "*")) else host + path
    if "?" in pattern:
        told = f"{told}?{query}"
    first, *others = pattern.split("*")
    if not others:
        return told == pattern
    *between, last = others
    at, end = len(first), len(told) - len(last)
    if at > end or not told.startswith(first) or not told.endswith(last):
        return False
    for part in between:  # the first place is as good as any, so that nothing is tried twice
        found = told.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def is_visitor_drawn(popup_id: int, visitor: str, *, share_per_mille: int) -> bool:
    """Whether a visitor falls into the share that sees a pop-up: always the same one.

    >>> sum(is_visitor_drawn(1, str(one), share_per_mille=250) for one in range(1000))
    231
    """
    digest = hashlib.blake2b(f"popup:{popup_id}:{visitor}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") * 1000 < share_per_mille << 64
