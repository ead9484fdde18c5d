"""What the customers domain knows for conditions: profiles, and what people bought."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from regulars.company.models import Store
from regulars.core.conditions.fields import Catalogue, Choice, FactKind, Field
from regulars.customers.knowledge import (
    PERSON,
    FactSource,
    Lake,
    Persons,
    Source,
    know,
    know_facts,
)
from regulars.customers.rules.generations import GENERATIONS, generation_of

PROFILE = _("Profile")
TRADE = _("Purchases")
BUCKETS = 100
BUCKET_SQL = "(('x' || substr(md5('regulars:' || customer.id), 1, 8))::bit(32)::bigint %% 100)::int"
"""A lasting random number of a person from 0 to 99, for trials and hold-outs."""


def _stores() -> Sequence[Choice]:
    return [Choice(store.code, str(store)) for store in Store.objects.order_by("code")]


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
    Field("home_store", "text", _("Home store"), choices=_stores, group=PROFILE),
    Field("known_since", "datetime", _("Known since"), group=PROFILE),
    Field("bucket", "integer", _("Random number from 0 to 99"), group=PROFILE),
)

PROFILE_COLUMNS = f"""customer.name <> '' AS name_known, customer.email <> '' AS email_known,
    customer.phone <> '' AS phone_known, nullif(customer.gender, '') AS gender,
    coalesce(extract(year FROM customer.birthday)::int, customer.birth_year) AS birth_year,
    nullif(customer.language, '') AS language, nullif(customer.occupation, '') AS occupation,
    nullif(customer.traits ->> 'city', '') AS city, home.code AS home_store,
    customer.known_since, {BUCKET_SQL} AS bucket"""
"""The columns of a profile, for the database and the lake alike."""


def _profiles(persons: Persons, now: datetime) -> dict[int, dict[str, Any]]:
    del now
    found = _rows(
        f"""SELECT customer.id AS lead_id, {PROFILE_COLUMNS} FROM {PERSON}
        JOIN customers_customer customer ON customer.id = person.id AND person.id = person.lead_id
        LEFT JOIN company_store home ON home.id = customer.home_store_id""",
        persons.arrays,
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


know(Source(PROFILE_FIELDS, _profiles, _profiles_in_lake, ("profiles",)))

TRADE_FIELDS = (
    Field("purchase_count", "integer", _("Number of purchases"), group=TRADE),
    Field("spend_minor", "integer", _("Spent after returns"), group=TRADE),
    Field("average_minor", "integer", _("Average purchase"), group=TRADE),
    Field("first_purchase_at", "datetime", _("First purchase"), group=TRADE),
    Field("last_purchase_at", "datetime", _("Last purchase"), group=TRADE),
)


def _trade(persons: Persons, now: datetime) -> dict[int, dict[str, Any]]:
    del now
    found = _rows(
        f"""SELECT person.lead_id, count(*)::int AS purchase_count,
            (sum(bought.total_minor) - coalesce(sum(back.total_minor), 0))::bigint AS spend_minor,
            div(sum(bought.total_minor), count(*))::bigint AS average_minor,
            min(bought.bought_at) AS first_purchase_at, max(bought.bought_at) AS last_purchase_at
        FROM {PERSON}
        JOIN customers_purchase bought ON bought.customer_id = person.id AND bought.voided_at IS NULL
        LEFT JOIN LATERAL (SELECT sum(total_minor) AS total_minor FROM customers_return
            WHERE purchase_id = bought.id) back ON true
        GROUP BY person.lead_id""",
        persons.arrays,
    )
    return {row.pop("lead_id"): row for row in found}


def _trade_in_lake(lake: Lake) -> Any:
    sold = lake.by_person(lake["purchases"])
    bought = sold.group_by("person_id").agg(
        purchase_count=sold.count(),
        sold_minor=sold.total_minor.sum().cast("int64"),
        first_purchase_at=sold["at"].min(),
        last_purchase_at=sold["at"].max(),
    )
    back = lake.by_person(lake["returns"])
    returned = back.group_by(back_id="person_id").agg(
        back_minor=back.total_minor.sum().cast("int64")
    )
    joined = bought.left_join(returned, bought.person_id == returned.back_id)
    return joined.select(
        "person_id",
        "purchase_count",
        "first_purchase_at",
        "last_purchase_at",
        spend_minor=joined.sold_minor - joined.back_minor.fill_null(0),
        average_minor=joined.sold_minor // joined.purchase_count,
    )


know(
    Source(
        TRADE_FIELDS,
        _trade,
        _trade_in_lake,
        ("purchases", "returns", "persons"),
        {"purchase_count": 0, "spend_minor": 0},
    )
)

RECEIPTS = Catalogue("purchase")
RECEIPTS.add(
    Field("store", "text", _("Store"), choices=_stores),
    Field("source", "text", _("Source")),
    Field("total_minor", "integer", _("Total")),
    Field("discount_minor", "integer", _("Discount")),
)


def _receipts(persons: Persons, since: datetime | None) -> Mapping[int, list[dict[str, Any]]]:
    return _by_lead(
        f"""SELECT person.lead_id, bought.id, bought.bought_at AS at, store.code AS store,
            bought.source, bought.total_minor, bought.discount_minor
        FROM {PERSON}
        JOIN customers_purchase bought ON bought.customer_id = person.id AND bought.voided_at IS NULL
            AND bought.bought_at >= coalesce(%(since)s::timestamptz, '-infinity')
        LEFT JOIN company_store store ON store.id = bought.store_id""",
        persons.arrays | {"since": since},
    )


def _receipts_in_lake(lake: Lake) -> Any:
    return _with_store(lake, lake.by_person(lake["purchases"]))


know_facts(
    FactSource(
        FactKind("purchase", _("Purchases"), RECEIPTS),
        _receipts,
        _receipts_in_lake,
        ("purchases", "stores", "persons"),
    )
)

PRODUCTS = Catalogue("bought")
PRODUCTS.add(
    Field("product", "text", _("Product code")),
    Field("category", "path", _("Category")),
    Field("store", "text", _("Store"), choices=_stores),
    Field("quantity_milli", "integer", _("Quantity in thousandths")),
    Field("total_minor", "integer", _("Amount")),
)


def _lines(persons: Persons, since: datetime | None) -> Mapping[int, list[dict[str, Any]]]:
    return _by_lead(
        f"""SELECT person.lead_id, line.id, bought.bought_at AS at, bought.id AS purchase_id,
            product.sku AS product, branch.path AS category, store.code AS store,
            line.quantity_milli, line.total_minor
        FROM {PERSON}
        JOIN customers_purchase bought ON bought.customer_id = person.id AND bought.voided_at IS NULL
            AND bought.bought_at >= coalesce(%(since)s::timestamptz, '-infinity')
        JOIN customers_line line ON line.purchase_id = bought.id
        LEFT JOIN company_product product ON product.id = line.product_id
        LEFT JOIN company_category branch ON branch.id = product.category_id
        LEFT JOIN company_store store ON store.id = bought.store_id""",
        persons.arrays | {"since": since},
    )


def _lines_in_lake(lake: Lake) -> Any:
    lines = _with_store(lake, lake.by_person(lake["lines"]))
    sold = lake["products"].select(sold_id="id", product="sku", category="category")
    return lines.left_join(sold, lines.product_id == sold.sold_id)


know_facts(
    FactSource(
        FactKind("bought", _("Products bought"), PRODUCTS, counted_by="purchase_id"),
        _lines,
        _lines_in_lake,
        ("lines", "products", "stores", "persons"),
    )
)


def _with_store(lake: Lake, table: Any) -> Any:
    places = lake["stores"].select(place_id="id", store="code")
    return table.left_join(places, table.store_id == places.place_id).drop("place_id")


def _by_lead(sql: str, parameters: Mapping[str, Any]) -> Mapping[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in _rows(sql, parameters):
        found[row.pop("lead_id")].append(row)
    return found


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, map(_in_utc, row), strict=True)) for row in cursor.fetchall()]


def _in_utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
