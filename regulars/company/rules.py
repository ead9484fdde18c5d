"""Who may do what, and what brands, stores and products may be."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple
from zoneinfo import available_timezones

from babel.numbers import is_currency
from django.utils.translation import gettext_lazy as _
from pydantic import Field, StringConstraints

STORE_ROLES = frozenset({"store_manager", "cashier"})
"""Roles of people who see only the stores they work for."""

ROLES: dict[str, frozenset[str]] = {
    "owner": frozenset({"*"}),
    "cx_manager": frozenset(
        {"insight.*", "feedback.*", "journey.*", "customers.*", "loyalty.view_*", "company.view_*"}
        | {"connectors.*", "channels.*", "personal.*"}
    ),
    "marketer": frozenset(
        {"insight.view_*", "customers.*", "loyalty.view_*", "feedback.view_*", "journey.view_*"}
        | {"company.view_*", "connectors.*", "channels.view_*", "personal.reveal_contacts"}
    ),
    "loyalty_manager": frozenset(
        {"insight.view_*", "loyalty.*", "customers.*", "company.view_*", "connectors.*"}
        | {"personal.reveal_contacts"}
    ),
    "agent": frozenset(
        {"customers.view_*", "feedback.view_*", "loyalty.view_account", "personal.view_contacts"}
        | {"feedback.make_call"}
    ),
    "support_lead": frozenset(
        {"customers.*", "feedback.*", "loyalty.view_*", "insight.view_*", "company.view_*"}
        | {"loyalty.adjust_account", "personal.*"}
    ),
    "mystery_coordinator": frozenset({"company.view_*", "journey.view_*", "feedback.view_*"}),
    "store_manager": frozenset(
        {"insight.view_*", "feedback.view_*", "feedback.resolve_signal", "company.view_store"}
        | {"journey.view_*", "loyalty.use_till", "personal.view_agent"}
    ),
    "cashier": frozenset({"loyalty.use_till"}),
}
"""Permissions are `<domain>.<verb>_<noun>`; a star ends a pattern.

Those of `personal` are about people's data: who sees contacts unmasked, may have one shown for a
reason, handles privacy requests, sees who looked, and sees which employee served.
"""


def role_allows(role: str, permission: str) -> bool:
    """Whether people of a role have a permission.

    >>> role_allows("marketer", "customers.view_customer")
    True
    >>> role_allows("cashier", "customers.view_customer")
    False
    """
    granted = ROLES.get(role, frozenset())
    if permission in granted or "*" in granted:
        return True
    domain, _, act = permission.partition(".")
    verb = act.partition("_")[0]
    return f"{domain}.*" in granted or f"{domain}.{verb}_*" in granted


class Problem(NamedTuple):
    """What is wrong with something a person said: a code, a sentence for them, the field."""

    code: str
    message: Any
    field: str


_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LOGOS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg", b"RIFF": "webp"}


def problem_of_brand(name: str, color: str, zone: str, currency: str) -> Problem | None:
    """What is wrong with a brand, or None. Zones are IANA names, currencies ISO 4217 codes."""
    if not name.strip() or len(name) > 100 or _CONTROL.search(name):
        return Problem("bad_name", _("A name of 1 to 100 characters"), "name")
    if not _COLOR.fullmatch(color):
        return Problem("bad_color", _("A colour such as #1f4fd8"), "color")
    if zone not in available_timezones():
        return Problem("bad_timezone", _("A time zone such as Europe/Moscow"), "timezone")
    if not is_currency(currency):
        return Problem("bad_currency", _("A currency code such as USD"), "currency")
    return None


def logo_kind(content: bytes) -> str | None:
    """The file extension of a picture by its first bytes, or None for what is not one we show.

    Drawings in SVG can carry scripts, so they are not among them.

    >>> logo_kind(b"RIFF....WEBPVP8 "), logo_kind(b"<svg>")
    ('webp', None)
    """
    for beginning, kind in _LOGOS.items():
        if content.startswith(beginning) and (kind != "webp" or content[8:12] == b"WEBP"):
            return kind
    return None


@dataclass(frozen=True, slots=True)
class StoreInput:
    """A store as a person or a file describes it; what is empty leaves a known store as it is."""

    code: str
    name: str = ""
    name_ru: str = ""
    kind: str = ""
    city: str = ""
    city_ru: str = ""
    address: str = ""
    timezone: str = ""


@dataclass(frozen=True, slots=True)
class ProductInput:
    """A product as a catalogue describes it; the category is a path such as `Food/Dairy`."""

    sku: str
    name: str = ""
    category: str = ""
    maker: str = ""
    size: str = ""


AGENT_CODE_MAX = 50

ServedBy = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=AGENT_CODE_MAX, pattern=r"^[^\x00-\x1f\x7f]*$"
    ),
    Field(
        description="The company's own code of the employee who served; empty where not known.",
        examples=["1042"],
    ),
]
"""Who served, in whatever other systems tell."""


@dataclass(frozen=True, slots=True)
class AgentInput:
    """Somebody who serves customers; what is empty leaves a known one as they are."""

    code: str
    name: str = ""
    name_ru: str = ""
    team: str = ""


STORE_LENGTHS = {"code": 50, "name": 100, "name_ru": 100, "kind": 10, "city": 100, "city_ru": 100}
STORE_LENGTHS |= {"address": 200, "timezone": 50}
AGENT_LENGTHS = {"code": AGENT_CODE_MAX, "name": 100, "name_ru": 100, "team": 100}
PRODUCT_LENGTHS = {"sku": 50, "name": 200, "category": 400, "maker": 100, "size": 50}


def problem_of_store(store: StoreInput) -> Problem | None:
    """What is wrong with the description of a store, or None."""
    if not store.code.strip():
        return Problem("missing", _("A store needs a code"), "code")
    if store.kind not in {"", "shop", "web"}:
        return Problem("bad_kind", _("A store is a shop or on the web"), "kind")
    if store.timezone and store.timezone not in available_timezones():
        return Problem("bad_timezone", _("A time zone such as Europe/Moscow"), "timezone")
    return _problem_of_texts(store, STORE_LENGTHS)


def problem_of_agent(agent: AgentInput) -> Problem | None:
    """What is wrong with the description of somebody who serves, or None."""
    if not agent.code.strip():
        return Problem("missing", _("Whoever serves needs a code"), "code")
    return _problem_of_texts(agent, AGENT_LENGTHS)


def problem_of_product(product: ProductInput) -> Problem | None:
    """What is wrong with the description of a product, or None."""
    if not product.sku.strip():
        return Problem("missing", _("A product needs a number"), "sku")
    if any(len(name) > 100 for name in path_of(product.category)):
        return Problem("too_long", _("A category's name has at most 100 characters"), "category")
    return _problem_of_texts(product, PRODUCT_LENGTHS)


def _problem_of_texts(told: object, lengths: dict[str, int]) -> Problem | None:
    for name, length in lengths.items():
        text = getattr(told, name)
        if len(text) > length or _CONTROL.search(text):
            return Problem("unreadable_text", _("Too long, or with control characters"), name)
    return None


def path_of(category: str) -> tuple[str, ...]:
    """The names on the way to a category, trimmed; empty names fall out.

    >>> path_of(" Food / Dairy//")
    ('Food', 'Dairy')
    """
    return tuple(name for part in category.split("/") if (name := part.strip()))
