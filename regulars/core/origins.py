"""Web origins: which sites may send to us, or show what is ours."""

import re

ORIGIN_MAX = 200
USUAL_PORTS = {"http": "80", "https": "443"}
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[^\s/:?#@]+)(?::(?P<port>[0-9]{1,5}))?/?")
_HOST = re.compile(r"[a-z0-9._-]+")


def normal_origin(site: str) -> str | None:
    """A web origin as browsers write it in the header `Origin` (RFC 6454); None where it is none.

    >>> normal_origin("https://Shop.example:443/"), normal_origin("http://localhost:8080")
    ('https://shop.example', 'http://localhost:8080')
    >>> normal_origin("https://чай.рф")
    'https://xn--80as4b.xn--p1ai'
    >>> normal_origin("https://shop.example; script-src *"), normal_origin("shop.example")
    (None, None)
    """
    found = _ORIGIN.fullmatch(site.lower())
    if found is None:
        return None
    try:
        host = found["host"].encode("idna").decode()
    except UnicodeError:
        return None
    scheme, port = found["scheme"], found["port"]
    origin = f"{scheme}://{host}" + (f":{port}" if port and port != USUAL_PORTS[scheme] else "")
    return origin if _HOST.fullmatch(host) and len(origin) <= ORIGIN_MAX else None
