"""Reads of customers: finding them, what they are worth, what happened, why we think so."""

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

from regulars.core.sql import int_array
from regulars.customers.models import Claim, Customer, Identity, SourceRank, SourceRecord
from regulars.customers.queries.persons import leaders_of
from regulars.customers.rules.finding import name_query, phone_beginnings, phone_ending
from regulars.customers.rules.profiles import Said, sources_of_facts, speakers_of

IDENTITY_MATCHES_MAX = 200


PERSON = "(SELECT id FROM customers_customer WHERE id = %(id)s OR merged_into_id = %(id)s)"
"""All records of a person, by the leading one."""


def find_customers(text: str) -> QuerySet[Customer]:
    """People by beginnings of their name's words, of an e-mail or card, or by a phone's ending.

    Every way goes through an index. A text of digits is also our own id. Each person is found by
    any of their records and given as the leading one. Withdrawn customers are not found.
    """
    customers = Customer.objects.filter(withdrawn_at=None, merged_into=None)
    if not (text := text.replace("\x00", "").strip()[:100]):
        return customers
    found = _owners_of_identity(text)
    if query := name_query(text):
        found |= _named(query)
    if text.isascii() and text.isdigit() and len(text) < 19:
        found.add(int(text))
    return customers.filter(pk__in=set(leaders_of(found).values()))


def _named(query: str) -> set[int]:
    vector = SearchVector("name", "name_ru", config="simple")
    found = Customer.objects.annotate(words=vector).filter(
        words=SearchQuery(query, search_type="raw", config="simple")
    )
    return set(found.values_list("pk", flat=True)[:1000])


def _owners_of_identity(text: str) -> set[int]:
    spellings = {text, text.lower(), *phone_beginnings(text)}
    beginning = reduce(or_, [Q(value__startswith=one) for one in sorted(spellings)])
    owners = dict(Identity.objects.filter(beginning).values_list(*_OWNED)[:IDENTITY_MATCHES_MAX])
    if ending := phone_ending(text):
        endings = Identity.objects.filter(StartsWith(Reverse("value"), ending[::-1]))
        owners |= dict(endings.values_list(*_OWNED)[:IDENTITY_MATCHES_MAX])
    claims = Claim.objects.filter(identity__in=list(owners))
    claimants = claims.values_list("customer", flat=True)[:IDENTITY_MATCHES_MAX]
    return {*owners.values(), *claimants}


_OWNED = ("pk", "customer")


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
    """The summary of each person by the leading record, those without purchases included."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT given.id, count(purchase.id), coalesce(sum(purchase.total_minor), 0)::bigint,
                coalesce(sum(back.total_minor), 0)::bigint,
                min(purchase.bought_at), max(purchase.bought_at)
            FROM unnest(%s::bigint[]) AS given (id)
            CROSS JOIN LATERAL (SELECT given.id UNION ALL SELECT merged.id
                FROM customers_customer merged WHERE merged.merged_into_id = given.id) record (id)
            LEFT JOIN customers_purchase purchase
                ON purchase.customer_id = record.id AND purchase.voided_at IS NULL
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
        f"""SELECT split_part(category.path, '/', 1), count(DISTINCT purchase.id),
            coalesce(sum(line.total_minor)::float8
                / nullif(sum(sum(line.total_minor)) OVER (), 0)::float8, 0)
        FROM customers_purchase purchase
        JOIN customers_line line ON line.purchase_id = purchase.id
        JOIN company_product product ON product.id = line.product_id
        JOIN company_category category ON category.id = product.category_id
        WHERE purchase.customer_id IN {PERSON} AND purchase.voided_at IS NULL
        GROUP BY 1 ORDER BY sum(line.total_minor) DESC, 1 LIMIT %(limit)s""",
        {"id": customer_id, "limit": limit},
    )


def favourite_stores(customer_id: int, *, language: str, limit: int = 3) -> list[Favourite]:
    """The stores the customer buys in most often."""
    return _favourites(
        f"""SELECT CASE WHEN %(russian)s AND store.name_ru <> '' THEN store.name_ru ELSE store.name END,
            count(*), coalesce(sum(purchase.total_minor)::float8
                / nullif(sum(sum(purchase.total_minor)) OVER (), 0)::float8, 0)
        FROM customers_purchase purchase JOIN company_store store ON store.id = purchase.store_id
        WHERE purchase.customer_id IN {PERSON} AND purchase.voided_at IS NULL
        GROUP BY store.id ORDER BY 2 DESC, store.id LIMIT %(limit)s""",
        {"russian": language.startswith("ru"), "id": customer_id, "limit": limit},
    )


def _favourites(sql: str, parameters: dict[str, Any]) -> list[Favourite]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [Favourite(name, count, share * 100) for name, count, share in cursor.fetchall()]


class Reason(NamedTuple):
    """Why the profile says something: the fact, its value, and who said it last, and when."""

    fact: str
    value: Any
    source: str
    said_at: datetime


def why_profile(customer: Customer) -> list[Reason]:
    """For each fact of a person's profile the record that decided it; precedence is in the docs."""
    return [
        Reason(fact, record.facts[fact], record.source, record.said_at)
        for fact, record in sorted(sources_of_facts(said_of(customer.pk)).items())
    ]


class Believed(NamedTuple):
    """A fact of a profile: the record that is believed, those that agree, and those that lost."""

    reason: Reason
    agreeing: list[Reason]
    lost: list[Reason]


def why_believed(customer_id: int) -> list[Believed]:
    """For each fact of a person's profile why it is believed, and what others say of it."""
    said = said_of(customer_id)
    found = []
    for fact in sorted(sources_of_facts(said)):
        first, *others = [
            Reason(fact, one.facts[fact], one.source, one.said_at)
            for one in speakers_of(fact, said)
        ]
        agreeing = [one for one in others if one.value == first.value]
        lost = [one for one in others if one.value != first.value]
        found.append(Believed(first, agreeing, lost))
    return found


def who_says(customer_id: int, fact: str) -> list[Reason]:
    """Every record that speaks of one fact of a person's profile, the one that is believed first."""
    return [
        Reason(fact, record.facts[fact], record.source, record.said_at)
        for record in speakers_of(fact, said_of(customer_id))
    ]


def said_of(customer_id: int) -> list[Said]:
    """What the latest thousand source records of a person say, with the ranks of their sources."""
    ranks = dict(SourceRank.objects.values_list("source", "rank"))
    whose = Q(customer=customer_id) | Q(customer__merged_into=customer_id)
    records = SourceRecord.objects.filter(whose).order_by("-id")[:1_000]
    return [
        Said(one.source, one.said_at, one.pk, one.body, ranks.get(one.source, 0)) for one in records
    ]


def store_sales(store_id: int, *, from_at: datetime, until_at: datetime) -> tuple[int, int, int]:
    """Purchases, spend in minor units and known customers of a store within a period."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*), coalesce(sum(total_minor), 0)::bigint,
                count(DISTINCT coalesce(customer.merged_into_id, customer.id))
            FROM customers_purchase purchase
            LEFT JOIN customers_customer customer ON customer.id = purchase.customer_id
            WHERE store_id = %s AND voided_at IS NULL AND bought_at >= %s AND bought_at < %s""",
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
