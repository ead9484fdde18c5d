"""Reads of the company: brand, stores, products, employees."""

from collections.abc import Collection, Mapping, Sequence
from contextvars import ContextVar
from typing import NamedTuple

from django.db import connection
from django.db.models import F, Q, QuerySet, Value
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import get_language

from regulars.company.models import Agent, Brand, Category, Employee, Product, Store
from regulars.core.access import Viewer, seen
from regulars.core.sql import cursor_for, text_array

THE_BRAND = 1
IN_TWO_LANGUAGES = {"name", "city"}
remembered_brand: ContextVar[dict[str, Brand] | None] = ContextVar("brand", default=None)
"""Where a request remembers the brand it has read; None outside requests."""


class KnownProduct(NamedTuple):
    """What rules need to know of a product; the category is its path, empty where unknown."""

    id: int
    sku: str
    category: str
    maker: str


def get_brand() -> Brand:
    """The company's brand; before anybody set it up, one with the product's own defaults.

    A request reads it once; outside requests every call reads it, so no process works with what
    another has changed.
    """
    memory = remembered_brand.get()
    if memory is not None and "brand" in memory:
        return memory["brand"]
    brand = Brand.objects.filter(pk=THE_BRAND).first() or Brand(pk=THE_BRAND, name="Regulars")
    if memory is not None:
        memory["brand"] = brand
    return brand


def products_by_sku(skus: Collection[str]) -> dict[str, KnownProduct]:
    """The known products among these numbers, in one statement."""
    with cursor_for(len(skus)) as cursor:
        cursor.execute(
            """SELECT product.id, product.sku, coalesce(category.path, ''), product.maker
            FROM unnest(%s::text[]) AS given (sku)
            JOIN company_product product ON product.sku = given.sku
            LEFT JOIN company_category category ON category.id = product.category_id""",
            [text_array(skus)],
        )
        return {row[1]: KnownProduct._make(row) for row in cursor.fetchall()}


def stores_by_code(codes: Collection[str]) -> dict[str, int]:
    """Ids of the known stores among these codes, in one statement."""
    with cursor_for(len(codes)) as cursor:
        cursor.execute(
            "SELECT code, id FROM company_store WHERE code = ANY(%s::text[])", [text_array(codes)]
        )
        return dict(cursor.fetchall())


def agents_by_code(codes: Collection[str]) -> dict[str, int]:
    """Ids of the known ones who serve among these codes, in one statement."""
    return dict(Agent.objects.filter(code__in=codes).values_list("code", "pk"))


def in_order(sort: str, orders: Mapping[str, Sequence[str]]) -> list[OrderBy]:
    """The order that an address asks for, `-` first for the other way; texts as the reader sees them."""
    fields = orders.get(sort.lstrip("-"), orders["name"])
    return [OrderBy(_as_read(one), descending=sort.startswith("-")) for one in fields]


def _as_read(field: str) -> F | Coalesce:
    if field in IN_TWO_LANGUAGES and (get_language() or "").startswith("ru"):
        return Coalesce(NullIf(F(f"{field}_ru"), Value("")), F(field))
    return F(field)


def find_agents(text: str) -> QuerySet[Agent]:
    """Those who serve whose code begins with a text, or whose name or team holds it."""
    if not (text := text.strip()):
        return Agent.objects.all()
    return Agent.objects.filter(
        Q(code__istartswith=text)
        | Q(name__icontains=text)
        | Q(name_ru__icontains=text)
        | Q(team__icontains=text)
    )


def find_stores(text: str, *, seen_by: Viewer) -> QuerySet[Store]:
    """The stores whose code begins with a text, or whose name or city holds it, in either language."""
    stores = seen(Store, seen_by)
    if not (text := text.strip()):
        return stores
    return stores.filter(
        Q(code__istartswith=text)
        | Q(name__icontains=text)
        | Q(name_ru__icontains=text)
        | Q(city__icontains=text)
        | Q(city_ru__icontains=text)
    )


def find_products(text: str, *, branch: Category | None = None) -> QuerySet[Product]:
    """The products whose number begins with a text or whose name or maker holds it, on a branch."""
    products = Product.objects.select_related("category")
    if branch is not None:
        below = Q(category__path__startswith=f"{branch.path}/")
        products = products.filter(Q(category=branch) | below)
    if not (text := text.strip()):
        return products
    return products.filter(
        Q(sku__istartswith=text) | Q(name__icontains=text) | Q(maker__icontains=text)
    )


def find_employees(text: str) -> QuerySet[Employee]:
    """The employees whose name or e-mail holds a text."""
    text = text.strip()
    matches = Q(name__icontains=text) | Q(name_ru__icontains=text) | Q(email__icontains=text)
    return Employee.objects.filter(matches) if text else Employee.objects.all()


class Branch(NamedTuple):
    """A category among its siblings: how many products are on it and below."""

    category: Category
    products: int


def branches_of(parent: Category | None) -> list[Branch]:
    """The categories right below one, or the trunk's, each with its number of products."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT top.id, count(product.id) FROM company_category top
            JOIN company_category below
                ON below.id = top.id OR starts_with(below.path, top.path || '/')
            LEFT JOIN company_product product ON product.category_id = below.id
            WHERE top.parent_id IS NOT DISTINCT FROM %s::bigint GROUP BY top.id""",
            [parent.pk if parent else None],
        )
        counts = dict(cursor.fetchall())
    categories = Category.objects.filter(pk__in=counts).order_by("name")
    return [Branch(category, counts[category.pk]) for category in categories]


def way_to(category: Category | None) -> Sequence[Category]:
    """The categories from the trunk to one, itself included."""
    if category is None:
        return ()
    names = category.path.split("/")
    paths = ["/".join(names[:depth]) for depth in range(1, len(names) + 1)]
    found = {one.path: one for one in Category.objects.filter(path__in=paths)}
    return [found[path] for path in paths if path in found]
