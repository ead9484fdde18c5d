"""What of a record can be compared with another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from regulars.customers.matching import normalise


@dataclass(frozen=True, slots=True)
class Traits:
    """The comparable fields of one record, normalised; None where the record does not say.

    `formal` is the full form of the first name, `names` all names in alphabetical order,
    `others` those that are neither first name nor surname; `birthday` has eight digits.
    """

    given: str | None = None
    formal: str | None = None
    surname: str | None = None
    others: str | None = None
    names: str | None = None
    birthday: str | None = None
    birth_year: str | None = None
    email: str | None = None
    phone: str | None = None
    card: str | None = None
    document: str | None = None
    street: str | None = None
    postcode: str | None = None
    city: str | None = None
    region: str | None = None
    birth_place: str | None = None
    gender: str | None = None
    occupation: str | None = None


FIELDS: dict[str, tuple[str, ...]] = {
    "given": ("given_name", "first_name", "firstname", "forename", "fname"),
    "surname": ("last_name", "lastname", "family_name", "lname", "second_name"),
    "name": ("full_name", "fullname", "customer_name", "first_and_surname", "name_ru"),
    "birthday": ("dob", "date_of_birth", "birth_date", "birthdate", "bday"),
    "birth_year": ("year_of_birth", "yob", "birthyear"),
    "email": ("e_mail", "mail", "email_address"),
    "phone": ("mobile", "tel", "telephone", "phone_number", "msisdn", "cell"),
    "card": ("loyalty_card", "card_number", "card_no"),
    "document": ("soc_sec_id", "ssn", "national_id", "passport", "inn", "snils", "tax_id"),
    "street": ("address", "address_1", "address1", "street_address", "address_line_1"),
    "house": ("street_number", "house_number", "building"),
    "address_2": ("address2", "address_line_2"),
    "postcode": ("postal_code", "postalcode", "zip", "zipcode", "zip_code", "postcode_fake", "plz"),
    "city": ("town", "suburb", "locality", "place"),
    "region": ("state", "county", "province"),
    "birth_place": ("place_of_birth", "birthplace"),
    "gender": ("sex",),
    "occupation": ("job", "profession", "job_title"),
}
"""Fields of ours with the other names that files and sources use for them."""

FIELD_OF = {alias: field for field, others in FIELDS.items() for alias in (field, *others)}

_RANK = {alias: rank for rank, alias in enumerate(FIELD_OF)}

NORMAL: dict[str, Callable[[str], str | None]] = {
    "given": normalise.word,
    "surname": normalise.word,
    "birthday": normalise.day,
    "birth_year": normalise.year,
    "email": normalise.email,
    "phone": normalise.phone,
    "card": normalise.code,
    "document": normalise.code,
    "street": normalise.word,
    "house": normalise.word,
    "address_2": normalise.word,
    "postcode": normalise.code,
    "city": normalise.word,
    "region": normalise.word,
    "birth_place": normalise.word,
    "gender": normalise.gender,
    "occupation": normalise.word,
}
"""How the value of each single field is normalised; whole names go through `name_parts`."""

_ADDRESS_PARTS = {"street": "street", "city": "city", "postalCode": "postcode", "state": "region"}


def traits_of(facts: Mapping[str, Any]) -> Traits:
    """The comparable fields of a record's facts, under our names or any of their usual others.

    >>> traits = traits_of({"name": "Tom Clifford", "dob": "31.12.1990", "phone": "8 916 1234567"})
    >>> traits.formal, traits.surname, traits.birthday, traits.phone
    ('thomas', 'clifford', '19901231', '+79161234567')
    """
    said = _texts_of(facts)
    normal = {
        field: value
        for field, text in said.items()
        if field in NORMAL and (value := NORMAL[field](text)) is not None
    }
    if birth_year := normalise.year(said.get("birthday", "")):
        normal["birth_year"] = birth_year
    parts = (normal.pop("house", None), normal.get("street"), normal.pop("address_2", None))
    if street := " ".join(part for part in parts if part):
        normal["street"] = street
    return Traits(**normal | names_of(normal, said.get("name")))


def _texts_of(facts: Mapping[str, Any]) -> dict[str, str]:
    said: dict[str, str] = {}
    for name in sorted(facts.keys() & FIELD_OF.keys(), key=_RANK.__getitem__):
        field, value = FIELD_OF[name], facts[name]
        if isinstance(value, Mapping):
            if field == "street":
                said |= {
                    ours: str(value[part])
                    for part, ours in _ADDRESS_PARTS.items()
                    if value.get(part)
                }
        elif value is not None and value != "" and field not in said:
            said[field] = str(value)
    return said


def names_of(normal: Mapping[str, str], whole: str | None) -> dict[str, str]:
    """The fields of names that follow from first name, surname and whole name."""
    given, surname = normal.get("given"), normal.get("surname")
    others: set[str] = set()
    if whole:
        first, last, more = normalise.name_parts(whole)
        if given is None and surname is None:
            given, surname = first, last
            others = set(more)
        else:
            others = {name for name in (first, last, *more) if name}
    others -= {*(given or "").split(), *(surname or "").split()}
    everything = {*(given or "").split(), *(surname or "").split(), *others}
    found = {
        "given": given,
        "formal": normalise.formal_name(given) if given else None,
        "surname": surname,
        "others": " ".join(sorted(others)),
        "names": " ".join(sorted(everything)),
    }
    return {field: value for field, value in found.items() if value}


TRAITS = tuple(field.name for field in fields(Traits))


def content_of(traits: Traits) -> str:
    """All that a record tells, as one text: orders records by what they say, not by when they came."""
    return "|".join(getattr(traits, field) or "" for field in TRAITS)


CONTENT_SQL = " || '|' || ".join(f"coalesce({field}, '')" for field in TRAITS)
"""The same as an SQL expression over the fields of one record."""
