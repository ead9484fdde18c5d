"""What is known of a profile, without the contacts themselves."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from regulars.company.queries import get_brand
from regulars.core.conditions.fields import Choice, Field, OpenField
from regulars.customers.knowledge import PERSON, Lake, Persons, Source, know
from regulars.customers.known.named import traits_seen
from regulars.customers.known.rows import rows_of, stores
from regulars.customers.queries.notes import notes_of
from regulars.customers.rules.generations import GENERATIONS, generation_of

PROFILE = _("Profile")
BUCKETS = 100
BUCKET_SQL = "(('x' || substr(md5('regulars:' || customer.id), 1, 8))::bit(32)::bigint %% 100)::int"
"""A lasting random number of a person from 0 to 99, for trials and hold-outs."""

PROFILE_FIELDS = (
    Field("name_known", "boolean", _("Name is known"), group=PROFILE),
    Field("email_known", "boolean", _("E-mail is known"), group=PROFILE),
    Field("phone_known", "boolean", _("Phone is known"), group=PROFILE),
    Field("gender", "text", _("Gender"), group=PROFILE),
    Field("birth_year", "integer", _("Year of birth"), group=PROFILE),
    Field(
        "generation",
        "text",
        _("Generation"),
        operators=("equals", "not_equals", "in", "not_in", "is_known", "is_unknown"),
        choices=tuple(Choice(one.code, one.label) for one in GENERATIONS),
        group=PROFILE,
    ),
    Field("language", "text", _("Language"), group=PROFILE),
    Field("occupation", "text", _("Occupation"), group=PROFILE),
    Field("city", "text", _("City"), group=PROFILE),
    Field("home_store", "text", _("Home store"), choices=stores, group=PROFILE),
    Field("known_since", "datetime", _("Known since"), group=PROFILE),
    Field("bucket", "integer", _("Random number from 0 to 99"), group=PROFILE),
)

PROFILE_COLUMNS = f"""customer.name <> '' AS name_known, customer.email <> '' AS email_known,
    customer.phone <> '' AS phone_known, nullif(customer.gender, '') AS gender,
    coalesce(extract(year FROM customer.birthday)::int, customer.birth_year) AS birth_year,
    nullif(customer.language, '') AS language, nullif(customer.occupation, '') AS occupation,
    nullif(customer.traits ->> 'city', '') AS city, home.code AS home_store,
    customer.known_since, {BUCKET_SQL} AS bucket, {notes_of("customer.traits")} AS traits"""
"""The columns of a profile, for the database and the lake alike."""


def _profiles(persons: Persons, now: datetime) -> dict[int, dict[str, Any]]:
    del now
    found = rows_of(
        f"""SELECT customer.id AS lead_id, {PROFILE_COLUMNS} FROM {PERSON}
        JOIN customers_customer customer ON customer.id = person.id AND person.id = person.lead_id
        LEFT JOIN company_store home ON home.id = customer.home_store_id""",
        persons.arrays | {"zone": get_brand().timezone},
    )
    return {
        row.pop("lead_id"): row | {"generation": generation_of(row["birth_year"])} for row in found
    }


def _profiles_in_lake(lake: Lake) -> Any:
    import ibis  # slow to import

    people = lake["profiles"]
    year = people.birth_year
    cells = [(year.between(one.from_year, one.until_year), one.code) for one in GENERATIONS]
    generation = ibis.cases(*cells, else_=ibis.null("string"))
    return people.mutate(person_id=people.id, generation=generation).drop("id")


TRAITS = OpenField(
    "traits", _("A trait of your own"), _("Trait “%(key)s”"), traits_seen, group=PROFILE
)

know(Source(PROFILE_FIELDS, _profiles, _profiles_in_lake, ("profiles",), opened=(TRAITS,)))
