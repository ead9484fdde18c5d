"""Names that people's programs gave to traits and to properties of events, to choose from."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Literal, TypeAlias

from django.db import connection

from regulars.core.conditions.fields import Seen
from regulars.core.conditions.reading import is_key

Kind: TypeAlias = Literal["properties", "traits"]

LOOKED_AT = 2_000
"""The latest rows whose names are offered; older names can still be typed."""

NAMES_MAX = 300

_told: dict[Kind, list[Callable[[], Iterable[Seen]]]] = {"properties": [], "traits": []}

_RECENT = {
    "properties": """SELECT properties AS told FROM customers_trackedevent
        WHERE type IN ('track', 'page', 'screen') ORDER BY id DESC LIMIT %s""",
    "traits": """SELECT traits AS told FROM customers_customer
        WHERE traits <> '{}' AND withdrawn_at IS NULL ORDER BY id DESC LIMIT %s""",
}
_IN_RECENT = """SELECT name, CASE jsonb_typeof(value)
        WHEN 'number' THEN 'number' WHEN 'boolean' THEN 'boolean'
        WHEN 'string' THEN CASE WHEN value #>> '{}' ~ '^[12]\\d{3}-\\d\\d-\\d\\d' THEN 'date'
            ELSE 'text' END
        ELSE '' END AS word
    FROM (RECENT) recent
    CROSS JOIN jsonb_each(CASE jsonb_typeof(told) WHEN 'object' THEN told END) AS one (name, value)
    WHERE jsonb_typeof(value) <> 'null'
    GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2 LIMIT %s"""


def tell_names(kind: Kind, names: Callable[[], Iterable[Seen]]) -> None:
    """Have more names offered: of a tracking plan, say. What is told goes before what is seen."""
    _told[kind].append(names)


def properties_seen() -> Sequence[Seen]:
    """Names of properties: those of plans, and those of the latest events."""
    return _seen("properties")


def traits_seen() -> Sequence[Seen]:
    """Names of traits: those of plans, and those of the latest customers."""
    return _seen("traits")


def _seen(kind: Kind) -> list[Seen]:
    """Each name once, by its first kind of value: that of the plan, else the most frequent one."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_RECENT.replace("RECENT", _RECENT[kind]), [LOOKED_AT, NAMES_MAX])
        recent = [Seen(name, word) for name, word in cursor.fetchall()]
    found: dict[str, Seen] = {}
    for one in chain(chain.from_iterable(tell() for tell in _told[kind]), recent):
        if is_key(one.key) and not (one.key in found and found[one.key].word):
            found[one.key] = one
    return sorted(found.values(), key=lambda one: one.key.casefold())[:NAMES_MAX]
