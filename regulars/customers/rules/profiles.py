"""What sources say of a person, made clean; and the profile that follows from all they said."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from regulars.core.errors import Refused
from regulars.customers.rules.identities import normal_phone, normal_value
from regulars.customers.rules.purchases import CustomerRef

SAMPLE = "sample"
"""The source of generated facts; anything a real source says goes before it."""

TEXT_FACTS: dict[str, int] = {
    "name": 200,
    "name_ru": 200,
    "email": 254,
    "phone": 30,
    "gender": 10,
    "address": 300,
    "occupation": 100,
    "language": 10,
    "home_store": 50,
}
"""Facts with a column of their own, and the longest text each may hold."""

CORRECTED = "corrected"
"""The source of corrections that people asked for; they go before anything a system says."""

RECORD = "record"
"""Kind, before `@` and a source, of what stands for a record without an id of its own."""

FACTS = (*TEXT_FACTS, "birth_year", "birthday", "interests")
JOINING = ("card", "email", "phone")
"""Kinds of identity that find a known person, the surest first."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TRAITS_MAX = 100
_INTERESTS_MAX = 50


@dataclass(frozen=True, slots=True)
class ProfileInput:
    """What a source says of one person. `outside_id` is the person's id in that source.

    Facts outside `FACTS` are kept as traits. `home_store` is the code of a store. A fact left out
    or empty says nothing; it does not erase what another record said.
    """

    outside_id: str
    facts: Mapping[str, Any]
    identities: tuple[CustomerRef, ...] = ()
    known_since: datetime | None = None


class Said(NamedTuple):
    """One source record as far as the profile depends on it; `rank` is that of its source."""

    source: str
    said_at: datetime
    id: int
    facts: Mapping[str, Any]
    rank: int = 0


def clean_facts(facts: Mapping[str, Any], *, today: date) -> dict[str, Any]:
    """The facts that say something, each in its own form; `Refused` names the one that cannot be.

    >>> clean_facts({"email": " Ann@Example.COM ", "name": ""}, today=date(2026, 1, 1))
    {'email': 'ann@example.com'}
    """
    clean: dict[str, Any] = {}
    for name, value in facts.items():
        if value is None or value in ("", [], {}):
            continue
        if name in TEXT_FACTS:
            clean[name] = _clean_text(name, value)
        elif name in _CLEANERS:
            clean[name] = _CLEANERS[name](value, today)
        else:
            clean[_clean_text_of("traits", name, length=100)] = _clean_trait(name, value)
    clean = {name: value for name, value in clean.items() if value != ""}
    if len(clean) > len(FACTS) + _TRAITS_MAX:
        raise Refused("too_many_traits", f"at most {_TRAITS_MAX} traits are kept", "traits")
    return clean


def _clean_text(name: str, value: Any) -> str:
    text = _clean_text_of(name, value, length=TEXT_FACTS[name])
    if name == "email" and text:
        text = text.lower()
        if not EMAIL.fullmatch(text):
            raise Refused("bad_email", "this is not an e-mail address", "email")
    if name == "phone" and text:
        phone = normal_phone(text)
        if phone is None:
            raise Refused("bad_phone", "a phone has 7 to 15 digits", "phone")
        text = phone
    return text


def _clean_text_of(name: str, value: Any, *, length: int) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise Refused("not_a_text", f"{name} is a text", name)
    text = str(value).strip()
    if len(text) > length or _CONTROL.search(text):
        raise Refused("unreadable_text", "too long, or with control characters", name)
    return text


def _clean_birth_year(value: Any, today: date) -> int:
    text = str(value).strip().removesuffix(".0")
    if not text.isascii() or not text.isdigit() or not 1900 <= int(text[:9]) <= today.year:
        raise Refused("bad_birth_year", f"a year from 1900 to {today.year}", "birth_year")
    return int(text)


def _clean_birthday(value: Any, today: date) -> str:
    try:
        day = date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        raise Refused("bad_birthday", "a day such as 1990-12-31", "birthday") from None
    if not date(1900, 1, 1) <= day <= today:
        raise Refused("bad_birthday", "between 1900 and today", "birthday")
    return day.isoformat()


def _clean_interests(value: Any, today: date) -> list[str]:
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, Sequence) or len(given) > _INTERESTS_MAX:
        raise Refused("bad_interests", f"a list of at most {_INTERESTS_MAX} words", "interests")
    words = (_clean_text_of("interests", word, length=50) for word in given)
    return list(dict.fromkeys(word for word in words if word))


_CLEANERS = {
    "birth_year": _clean_birth_year,
    "birthday": _clean_birthday,
    "interests": _clean_interests,
}


def _clean_trait(name: str, value: Any) -> Any:
    """A trait is any plain value of at most a thousand characters; texts without control codes."""
    if isinstance(value, str):
        return _clean_text_of(name[:100], value, length=1_000)
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        raise Refused("not_a_plain_value", "a trait is a plain value", "traits") from None
    if len(text) > 1_000 or "\\u0000" in text or _CONTROL.search(text):
        raise Refused("unreadable_text", "too long, or with control characters", "traits")
    return value


def identities_in(
    entry: ProfileInput, facts: Mapping[str, Any], *, source: str
) -> list[CustomerRef]:
    """Every identity that a record names, the surest first, in their normal spelling.

    The first is the person's id in the source itself, where it has one. `Refused` where the record
    names nobody, or an identity cannot be one.
    """
    if len(entry.outside_id) > 100 or _CONTROL.search(entry.outside_id):
        raise Refused("unreadable_text", "too long, or with control characters", "outside_id")
    if any(len(ref.value) > 254 or _CONTROL.search(ref.value) for ref in entry.identities):
        raise Refused("unreadable_text", "too long, or with control characters", "identities")
    named = [CustomerRef(f"id@{source}", entry.outside_id)] if entry.outside_id else []
    named += entry.identities
    named += [CustomerRef(kind, str(facts[kind])) for kind in JOINING if facts.get(kind)]
    normal = (
        CustomerRef(reference.kind, value)
        for reference in named
        if (value := normal_value(reference.kind, reference.value)) is not None
    )
    if not (found := list(dict.fromkeys(normal))):
        raise Refused("nobody", "neither an id nor a card, e-mail or phone", "outside_id")
    return found


def told_by_identities(
    facts: Mapping[str, Any], identities: Iterable[CustomerRef], *, today: date
) -> dict[str, Any]:
    """The facts, with the first e-mail and phone among the identities where no fact says one.

    Who names a person by a phone says that it is theirs: it is shown, reached and compared.

    >>> ann = [CustomerRef("phone", "8 916 123-45-67"), CustomerRef("email", "test@test")]
    >>> told_by_identities({"name": "Ann"}, ann, today=date(2026, 1, 1))
    {'name': 'Ann', 'phone': '+79161234567'}
    """
    whole = dict(facts)
    for kind, value in identities:
        if kind in {"email", "phone"} and kind not in whole and normal_value(kind, value):
            # What finds a person need not be an address: a phone of three digits is an extension.
            with suppress(Refused):
                whole |= clean_facts({kind: value}, today=today)
    return whole


def joins(reference: CustomerRef, *, has_own_id: bool) -> bool:
    """Whether an identity alone says that two records are one person.

    A family shares a phone: where the source tells people apart by ids of its own, the same
    phone does not make them one.

    >>> joins(CustomerRef("phone", "+79161234567"), has_own_id=True)
    False
    """
    return not (reference.kind == "phone" and has_own_id)


def fingerprint_of_facts(facts: Mapping[str, Any], identities: Iterable[CustomerRef]) -> str:
    """64 hexadecimal digits that differ where a record says something else (SHA-256)."""
    text = json.dumps([facts, sorted(map(list, identities))], sort_keys=True, ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


def projected_profile(said: Iterable[Said]) -> dict[str, Any]:
    """The profile that follows from source records.

    For each fact the source of the highest rank is believed, and of equal ranks who said it last.
    Generated records come before all others, whenever they were said, so a real source always
    wins over them; corrections come last, so nothing wins over what a person had corrected.
    Traits follow the same rule one by one. A birthday tells its year.
    """
    profile: dict[str, Any] = {}
    for record in sorted(said, key=_weight):
        profile.update(record.facts)
    if "birthday" in profile:
        profile["birth_year"] = int(profile["birthday"][:4])
    return profile


def sources_of_facts(said: Iterable[Said]) -> dict[str, Said]:
    """For each fact of the profile the record that decided it: why the profile says so."""
    deciding: dict[str, Said] = {}
    for record in sorted(said, key=_weight):
        deciding.update(dict.fromkeys(record.facts, record))
    return deciding


def speakers_of(fact: str, said: Iterable[Said]) -> list[Said]:
    """The records that speak of a fact, the one that is believed first."""
    speaking = [record for record in said if fact in record.facts]
    return sorted(speaking, key=_weight, reverse=True)


def _weight(record: Said) -> tuple[int, int, datetime, int]:
    place = {SAMPLE: 0, CORRECTED: 2}.get(record.source, 1)
    return place, record.rank, record.said_at, record.id
