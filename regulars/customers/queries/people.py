"""Reads of customers: finding them, what they are worth, what happened, why we think so."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Reverse
from django.db.models.lookups import StartsWith

from regulars.core.sql import int_array, text_array
from regulars.customers.models import Customer, Identity, SourceRecord
from regulars.customers.rules.finding import name_query, phone_beginnings, phone_ending
from regulars.customers.rules.profiles import Said, sources_of_facts

PURCHASE = "purchase"
"""The kind under which the timeline shows purchases."""

IDENTITY_MATCHES_MAX = 200


def find_customers(text: str) -> QuerySet[Customer]:
    """Customers by beginnings of their name's words, of an e-mail or card, or by a phone's ending.

    Every way goes through an index. A text of digits is also our own id. Withdrawn customers are
    not found.
    """
    customers = Customer.objects.filter(withdrawn_at=None)
    if not (text := text.replace("\x00", "").strip()[:100]):
        return customers
    matches = Q(pk__in=_owners_of_identity(text))
    if query := name_query(text):
        matches |= Q(pk__in=_named(query))
    if text.isascii() and text.isdigit() and len(text) < 19:
        matches |= Q(pk=int(text))
    return customers.filter(matches)


def _named(query: str) -> list[int]:

    vector = SearchVector("name", "name_ru", config="simple")
    found = Customer.objects.annotate(words=vector).filter(
        words=SearchQuery(query, search_type="raw", config="simple")
    )
    return list(found.values_list("pk", flat=True)[:1000])


def _owners_of_identity(text: str) -> list[int]:
    spellings = {text, text.lower(), *phone_beginnings(text)}
    beginning = reduce(or_, [Q(value__startswith=one) for one in sorted(spellings)])
    beginnings = Identity.objects.filter(beginning)
    owners = list(beginnings.values_list("customer", flat=True)[:IDENTITY_MATCHES_MAX])
    if ending := phone_ending(text):
        endings = Identity.objects.filter(StartsWith(Reverse("value"), ending[::-1]))
        owners += endings.values_list("customer", flat=True)[:IDENTITY_MATCHES_MAX]
    return owners


@dataclass(frozen=True)
class Summary:
    """What a customer has bought so far. Money in minor units, returns taken off the spend."""

    purchases: int
    spend_minor: int
    returned_minor: int
    first_at: datetime | None
    last_at: datetime | None

    @property
    def average_minor(self) -> int | None:
        """The average receipt before returns, rounded down; None without purchases."""
        return (
            (self.spend_minor + self.returned_minor) // self.purchases if self.purchases else None
        )


def summaries_of(customer_ids: Collection[int]) -> dict[int, Summary]:
    """The summary of each customer, those without purchases included. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT given.id, count(purchase.id), coalesce(sum(purchase.total_minor), 0)::bigint,
                coalesce(sum(back.total_minor), 0)::bigint,
                min(purchase.bought_at), max(purchase.bought_at)
            FROM unnest(%s::bigint[]) AS given (id)
            LEFT JOIN customers_purchase purchase
                ON purchase.customer_id = given.id AND purchase.voided_at IS NULL
            LEFT JOIN LATERAL (SELECT sum(total_minor) AS total_minor FROM customers_return
                WHERE purchase_id = purchase.id) back ON true
            GROUP BY given.id""",
            [int_array(customer_ids)],
        )
        return {
            id_: Summary(count, spend - back, back, first_at, last_at)
            for id_, count, spend, back, first_at, last_at in cursor.fetchall()
        }


class Favourite(NamedTuple):
    """What a customer likes: its name, how many receipts show it, the share of spend in per cent."""

    name: str
    purchases: int
    share: float


def favourite_categories(customer_id: int, *, limit: int = 5) -> list[Favourite]:
    """The top-level categories that most of the customer's money went to."""
    return _favourites(
        """SELECT split_part(category.path, '/', 1), count(DISTINCT purchase.id),
            coalesce(sum(line.total_minor)::float8
                / nullif(sum(sum(line.total_minor)) OVER (), 0)::float8, 0)
        FROM customers_purchase purchase
        JOIN customers_line line ON line.purchase_id = purchase.id
        JOIN company_product product ON product.id = line.product_id
        JOIN company_category category ON category.id = product.category_id
        WHERE purchase.customer_id = %s AND purchase.voided_at IS NULL
        GROUP BY 1 ORDER BY sum(line.total_minor) DESC, 1 LIMIT %s""",
        [customer_id, limit],
    )


def favourite_stores(customer_id: int, *, language: str, limit: int = 3) -> list[Favourite]:
    """The stores the customer buys in most often."""
    return _favourites(
        """SELECT CASE WHEN %s AND store.name_ru <> '' THEN store.name_ru ELSE store.name END,
            count(*), coalesce(sum(purchase.total_minor)::float8
                / nullif(sum(sum(purchase.total_minor)) OVER (), 0)::float8, 0)
        FROM customers_purchase purchase JOIN company_store store ON store.id = purchase.store_id
        WHERE purchase.customer_id = %s AND purchase.voided_at IS NULL
        GROUP BY store.id ORDER BY 2 DESC, store.id LIMIT %s""",
        [language.startswith("ru"), customer_id, limit],
    )


def _favourites(sql: str, parameters: list[Any]) -> list[Favourite]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [Favourite(name, count, share * 100) for name, count, share in cursor.fetchall()]


class Happening(NamedTuple):
    """One entry of a timeline: a purchase (with its total), or what another domain noted."""

    at: datetime
    kind: str
    id: int
    store_id: int | None
    body: dict[str, Any]
    sample: bool


class Cursor(NamedTuple):
    """The place after which a timeline goes on."""

    at: datetime
    kind: str
    id: int


def history_of(
    customer_id: int,
    *,
    kinds: Collection[str] = (),
    after: Cursor | None = None,
    limit: int = 30,
) -> list[Happening]:
    """What happened with a customer, the latest first: purchases and notes of all domains.

    With `kinds` only those; `after` is the last entry of the page before. One statement, and each
    half of it reads at most `limit` rows from its index.
    """
    at, kind, id_ = after or (None, None, None)
    parameters: dict[str, Any] = {
        "customer": customer_id,
        "kinds": text_array(kinds) if kinds else None,
        "purchases": not kinds or PURCHASE in kinds,
        "at": at,
        "kind": kind,
        "id": id_,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, parameters)
        return [
            Happening(at, kind, id_, store_id, json.loads(body), sample)
            for at, kind, id_, store_id, body, sample in cursor.fetchall()
        ]


_HISTORY = """SELECT at, kind, id, store_id, body::text, sample FROM (
    (SELECT bought_at AS at, 'purchase' AS kind, id, store_id,
        jsonb_build_object('total_minor', total_minor, 'discount_minor', discount_minor,
            'number', number) AS body, false AS sample
    FROM customers_purchase
    WHERE customer_id = %(customer)s AND voided_at IS NULL AND %(purchases)s
        AND (%(at)s::timestamptz IS NULL OR bought_at <= %(at)s::timestamptz)
        AND (%(at)s::timestamptz IS NULL
            OR (bought_at, 'purchase', id) < (%(at)s::timestamptz, %(kind)s, %(id)s::bigint))
    ORDER BY bought_at DESC, id DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT at, kind, id, store_id, body, sample FROM customers_timelineentry
    WHERE customer_id = %(customer)s
        AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s::text[]))
        AND (%(at)s::timestamptz IS NULL OR at <= %(at)s::timestamptz)
        AND (%(at)s::timestamptz IS NULL
            OR (at, kind, id) < (%(at)s::timestamptz, %(kind)s, %(id)s::bigint))
    ORDER BY at DESC, kind DESC, id DESC LIMIT %(limit)s)
) AS happening ORDER BY at DESC, kind DESC, id DESC LIMIT %(limit)s"""


def kinds_on_timeline(customer_id: int) -> list[str]:
    """The kinds of notes that a customer's timeline holds, by name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT kind FROM customers_timelineentry WHERE customer_id = %s ORDER BY 1",
            [customer_id],
        )
        return [row[0] for row in cursor.fetchall()]


class Reason(NamedTuple):
    """Why the profile says something: the fact, its value, and who said it last, and when."""

    fact: str
    value: Any
    source: str
    said_at: datetime


def why_profile(customer: Customer) -> list[Reason]:
    """For each fact of a profile the source record that decided it; the precedence is in the docs."""
    records = SourceRecord.objects.filter(customer=customer).order_by("id")[:500]
    said = [Said(one.source, one.said_at, one.pk, one.body) for one in records]
    return [
        Reason(fact, record.facts[fact], record.source, record.said_at)
        for fact, record in sorted(sources_of_facts(said).items())
    ]


def store_sales(store_id: int, *, from_at: datetime, until_at: datetime) -> tuple[int, int, int]:
    """Purchases, spend in minor units and known customers of a store within a period."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*), coalesce(sum(total_minor), 0)::bigint, count(DISTINCT customer_id)
            FROM customers_purchase WHERE store_id = %s AND voided_at IS NULL
            AND bought_at >= %s AND bought_at < %s""",
            [store_id, from_at, until_at],
        )
        purchases, spend, customers = cursor.fetchone()
        return purchases, spend, customers


def lines_without_receipt() -> int:
    """How many lines name a receipt or a product that does not exist; 0 in a sound database."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM customers_line line
            LEFT JOIN customers_purchase purchase ON purchase.id = line.purchase_id
            LEFT JOIN company_product product ON product.id = line.product_id
            WHERE purchase.id IS NULL OR (product.id IS NULL AND line.product_id IS NOT NULL)"""
        )
        return int(cursor.fetchone()[0])
