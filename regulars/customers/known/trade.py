"""What people bought."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from regulars.core.conditions.fields import Catalogue, FactKind, Field
from regulars.customers.knowledge import (
    PERSON,
    FactSource,
    Lake,
    Persons,
    Source,
    know,
    know_facts,
)
from regulars.customers.known.rows import rows_by_lead, rows_of, stores

TRADE = _("Purchases")

TRADE_FIELDS = (
    Field("purchase_count", "integer", _("Number of purchases"), group=TRADE),
    Field("spend_minor", "integer", _("Spent after returns"), group=TRADE),
    Field("average_minor", "integer", _("Average purchase"), group=TRADE),
    Field("first_purchase_at", "datetime", _("First purchase"), group=TRADE),
    Field("last_purchase_at", "datetime", _("Last purchase"), group=TRADE),
)


def _trade(persons: Persons, now: datetime) -> dict[int, dict[str, Any]]:
    del now
    found = rows_of(
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
    Field("store", "text", _("Store"), choices=stores),
    Field("source", "text", _("Source")),
    Field("total_minor", "integer", _("Total")),
    Field("discount_minor", "integer", _("Discount")),
)


def _receipts(persons: Persons, since: datetime | None) -> Mapping[int, list[dict[str, Any]]]:
    return rows_by_lead(
        f"""SELECT person.lead_id, bought.id, bought.bought_at AS at, store.code AS store,
            bought.source, bought.total_minor, bought.discount_minor
        FROM {PERSON}
        JOIN customers_purchase bought ON bought.customer_id = person.id AND bought.voided_at IS NULL
            AND bought.bought_at >= coalesce(%(since)s::timestamptz, '-infinity')
        LEFT JOIN company_store store ON store.id = bought.store_id""",
        persons.arrays | {"since": since},
    )


def _receipts_in_lake(lake: Lake, wanted: frozenset[str]) -> Any:
    own = wanted & {"source", "total_minor", "discount_minor"}
    rows = lake.by_person(lake["purchases"], "id", "at", "store_id", *sorted(own))
    return _with_store(lake, rows) if "store" in wanted else rows


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
    Field("store", "text", _("Store"), choices=stores),
    Field("quantity_milli", "integer", _("Quantity in thousandths")),
    Field("total_minor", "integer", _("Amount")),
)


def _lines(persons: Persons, since: datetime | None) -> Mapping[int, list[dict[str, Any]]]:
    return rows_by_lead(
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


def _lines_in_lake(lake: Lake, wanted: frozenset[str]) -> Any:
    own = wanted & {"quantity_milli", "total_minor"}
    ids = ("id", "purchase_id", "product_id", "store_id")
    lines = lake.by_person(lake["lines"], "at", *ids, *sorted(own))
    if "store" in wanted:
        lines = _with_store(lake, lines)
    if not wanted & {"product", "category"}:
        return lines
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
