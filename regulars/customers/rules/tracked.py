"""What one call of Segment's API says: who it is about, and which facts its traits hold.

The meaning of calls and reserved traits follows Segment's public specification ("Segment Spec",
docs.segment.com, read in 2026).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from regulars.core.errors import Refused
from regulars.customers.rules.identities import normal_value
from regulars.customers.rules.profiles import EMAIL, FACTS, JOINING, ProfileInput, clean_facts
from regulars.customers.rules.purchases import BY_ID, CustomerRef

ANONYMOUS = "anonymous"
"""The kind of identity that a browser or an app makes up for itself."""

ID_MAX = 100
NAME_MAX = 254
TRAITS_KEPT = 100

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_NAMES = (("firstName", "lastName"), ("firstname", "lastname"), ("first_name", "last_name"))
_ADDRESS = ("street", "city", "state", "postalCode", "country")
_RENAMED = {"title": "occupation"}
_NOT_FACTS = {"createdAt", "address", "name", "locale", *(one for pair in _NAMES for one in pair)}


@dataclass(frozen=True, slots=True)
class TrackedInput:
    """One call as a source sent it, with its times worked out.

    `name` is the name of the event, page or screen; of a group its id, of an alias the id that is
    given up. `properties` are the traits where the call carries traits.
    """

    source: str
    message_id: str
    type: str
    at: datetime
    received_at: datetime
    name: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    original_at: datetime | None = None
    sent_at: datetime | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    is_flawed: bool = False


def happened_at(
    received_at: datetime, *, original_at: datetime | None, sent_at: datetime | None
) -> datetime:
    """When it happened, by our clock: the sender's clock error cancels out; never in the future.

    >>> from datetime import UTC
    >>> arrived, said = datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2001, 1, 1, tzinfo=UTC)
    >>> happened_at(arrived, original_at=said, sent_at=said.replace(minute=5)).isoformat()
    '2026-03-02T11:55:00+00:00'
    """
    if original_at is None:
        return received_at
    try:
        at = original_at if sent_at is None else received_at - (sent_at - original_at)
    except OverflowError:
        return received_at
    return min(at, received_at)


def problem_of_tracked(entry: TrackedInput) -> Refused | None:
    """What is wrong with a call as such, naming the field; None where nothing is."""
    if not (entry.user_id or entry.anonymous_id):
        return Refused("nobody", "neither userId nor anonymousId", "userId")
    for name, value, longest in (
        ("userId", entry.user_id, ID_MAX),
        ("anonymousId", entry.anonymous_id, ID_MAX),
        ("messageId", entry.message_id, NAME_MAX),
        ("name", entry.name, NAME_MAX),
    ):
        if len(value) > longest or _CONTROL.search(value):
            return Refused("unreadable_text", "too long, or with control characters", name)
    return None


def owner_of_call(entry: TrackedInput) -> CustomerRef | None:
    """The identity whose record a call belongs to: the user's, or else the visitor's.

    >>> moment = datetime(2026, 3, 2)
    >>> owner_of_call(TrackedInput("web", "1", "page", moment, moment, anonymous_id="a7"))
    CustomerRef(kind='anonymous', value='a7')
    """
    if entry.user_id and normal_value("id", entry.user_id):
        return CustomerRef(f"id@{entry.source}", entry.user_id)
    if entry.anonymous_id and normal_value(ANONYMOUS, entry.anonymous_id):
        return CustomerRef(ANONYMOUS, entry.anonymous_id)
    return None


def identities_of_call(entry: TrackedInput) -> list[CustomerRef]:
    """Every identity that a call names beside its user's id, the surest first.

    Our own ids and ids in other sources are left out: a public write key cannot speak for them.
    """
    device = _mapping(entry.context.get("device"))
    loose = [
        (ANONYMOUS, entry.anonymous_id),
        ("device", _text(device.get("id"))),
        ("advertising", _text(device.get("advertisingId"))),
    ]
    if entry.type == "alias":
        loose.append((ANONYMOUS, entry.name))
    return _surely_named(entry) + list(_pointing(loose))


def profile_of_call(entry: TrackedInput, *, today: date) -> ProfileInput:
    """What an `identify` call says of a person; facts that cannot be are left out one by one.

    Browsers and devices are passed from hand to hand, so they find nobody where a user is named.
    """
    named = _surely_named(entry)
    if not entry.user_id:
        named = [*named, *_pointing([(ANONYMOUS, entry.anonymous_id)])]
    return ProfileInput(
        outside_id=entry.user_id,
        facts=facts_of_traits(entry.properties, context=entry.context, today=today),
        identities=tuple(named),
        known_since=min(_moment(entry.properties.get("createdAt")) or entry.at, entry.at),
    )


def _surely_named(entry: TrackedInput) -> list[CustomerRef]:
    """Identities that a person gave: of other systems, and e-mail addresses."""
    traits = [_mapping(entry.context.get("traits"))]
    if entry.type == "identify":
        traits.insert(0, entry.properties)
    emails = [("email", _text(said.get("email"))) for said in traits]
    return list(_pointing([*_external_ids(entry.context.get("externalIds")), *emails]))


def _pointing(pairs: Iterable[tuple[str, str]]) -> Iterator[CustomerRef]:
    """Those that can point to one person, each once, in their normal spelling."""
    for kind, value in dict.fromkeys(pairs):
        normal = normal_value(kind, value) if len(value) <= NAME_MAX else None
        if normal is not None and not _CONTROL.search(normal) and _is_sound(kind, normal):
            yield CustomerRef(kind, normal)


def _is_sound(kind: str, value: str) -> bool:
    return kind != "email" or bool(EMAIL.fullmatch(value))


def facts_of_traits(
    traits: Mapping[str, Any], *, context: Mapping[str, Any], today: date
) -> dict[str, Any]:
    """Segment's reserved traits as our facts, all others as traits, at most a hundred.

    >>> facts_of_traits({"firstName": "Ann", "lastName": "Lee", "email": "no"}, context={},
    ...                 today=date(2026, 1, 1))
    {'name': 'Ann Lee'}
    """
    said = {
        "name": _name(traits),
        "address": _address(traits.get("address")),
        "language": _text(traits.get("locale") or context.get("locale"))[:2].lower(),
    }
    said |= {_RENAMED.get(key, key): traits[key] for key in traits if key not in _NOT_FACTS}
    facts: dict[str, Any] = {}
    for name, value in said.items():
        if name not in FACTS and len(facts) >= TRAITS_KEPT:
            continue
        try:
            facts |= clean_facts({name: value}, today=today)
        except Refused:
            continue
    return facts


def storable(value: Any) -> Any:
    """The value without NUL characters, which no database text can hold.

    >>> storable({"a\\0": ["b\\0", 1]})
    {'a\ufffd': ['b\ufffd', 1]}
    """
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, Mapping):
        return {storable(key): storable(one) for key, one in value.items()}
    return [storable(one) for one in value] if isinstance(value, list) else value


def _name(traits: Mapping[str, Any]) -> str:
    if name := _text(traits.get("name")):
        return name
    pairs = (f"{_text(traits.get(one))} {_text(traits.get(two))}".strip() for one, two in _NAMES)
    return next(filter(None, pairs), "")


def _address(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(text for part in _ADDRESS if (text := _text(value.get(part))))
    return _text(value)


def _external_ids(value: Any) -> Iterator[tuple[str, str]]:
    for entry in value if isinstance(value, list) else ():
        said = _mapping(entry)
        kind, text = _text(said.get("type")).lower(), _text(said.get("id"))
        if kind and text and kind != BY_ID and "@" not in kind and len(kind) <= 40:
            yield (kind if kind in JOINING else f"external:{kind}", text)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
