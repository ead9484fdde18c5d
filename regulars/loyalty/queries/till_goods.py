"""Goods that are named at the till: found by number or name, and told in few characters."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

from regulars.company.models import Category, Product
from regulars.company.queries import find_products
from regulars.loyalty.queries.promo import GoodsLine

LINES_MAX = 20
"""Named goods of one purchase: they travel in its address."""
CHOICES_MAX = 6
TOTAL_MAX = 10**12
MILLI_MAX = 10**9


class Goods(NamedTuple):
    """A product, or a category of products; `id` is that of its row."""

    is_product: bool
    id: int
    sku: str
    path: str
    name: str

    @property
    def names(self) -> set[str]:
        """What it is called as a whole, in small letters."""
        return {self.name.casefold()} | (set() if self.is_product else {self.path.casefold()})

    @property
    def told(self) -> str:
        """What names it in addresses and forms."""
        return f"{'p' if self.is_product else 'c'}{self.id}"


class TillLine(NamedTuple):
    """So many of some goods, for so much in all."""

    goods: Goods
    quantity_milli: int
    total_minor: int

    @property
    def told(self) -> str:
        """The line as an address tells it."""
        return f"{self.goods.told}.{self.quantity_milli}.{self.total_minor}"

    @property
    def quantity(self) -> float:
        """How many, in pieces or kilograms."""
        return self.quantity_milli / 1000

    @property
    def price_minor(self) -> int:
        """What one costs, to the nearest minor unit."""
        return round(self.total_minor * 1000 / self.quantity_milli)

    @property
    def line(self) -> GoodsLine:
        """The line as codes and the books see it."""
        goods = self.goods
        return GoodsLine(goods.sku, self.total_minor, self.quantity_milli, goods.path)

    @classmethod
    def all_told(cls, texts: Sequence[str]) -> tuple[Self, ...]:
        """The lines that an address tells, in its order; what cannot be is left out. 2 statements."""
        told = [one for text in texts[:LINES_MAX] if (one := _parts(text))]
        known = goods_told(name for name, *_ in told)
        return tuple(cls(known[name], *numbers) for name, *numbers in told if name in known)


def _parts(text: str) -> tuple[str, int, int] | None:
    name, *numbers = text.split(".")
    if len(numbers) != 2 or not all(_is_number(one) for one in numbers):
        return None
    milli, total = (int(one) for one in numbers)
    return (name, milli, total) if 0 < milli <= MILLI_MAX and total <= TOTAL_MAX else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 14


def goods_told(names: Iterable[str]) -> dict[str, Goods]:
    """By how they are told the goods that exist; 2 statements."""
    known = {one for one in names if one[:1] in {"p", "c"} and _is_number(one[1:])}
    ids = {kind: [int(one[1:]) for one in known if one[0] == kind] for kind in "pc"}
    products = Product.objects.select_related("category").filter(pk__in=ids["p"])
    categories = Category.objects.filter(pk__in=ids["c"])
    found = [*map(_product, products), *map(_category, categories)]
    return {one.told: one for one in found}


def find_goods(text: str) -> list[Goods]:
    """The goods that a text means: one where it is a number or a whole name, else some that hold it."""
    text = " ".join(text.split())
    if not text:
        return []
    by_number = Product.objects.select_related("category").filter(sku__iexact=text)
    if numbered := list(by_number[:2]):
        return [_product(one) for one in numbered]
    found = [_product(one) for one in find_products(text).order_by("name", "id")[:CHOICES_MAX]]
    named = Category.objects.filter(name__icontains=text) | Category.objects.filter(
        path__iexact=text
    )
    found = [*(_category(one) for one in named.order_by("path")[:CHOICES_MAX]), *found]
    exact = [one for one in found if text.casefold() in one.names]
    return exact if len(exact) == 1 else found


def _product(row: Product) -> Goods:
    path = row.category.path if row.category else ""
    return Goods(is_product=True, id=row.pk, sku=row.sku, path=path, name=row.name or row.sku)


def _category(row: Category) -> Goods:
    return Goods(is_product=False, id=row.pk, sku="", path=row.path, name=row.name)
