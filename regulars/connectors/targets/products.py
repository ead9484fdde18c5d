"""Products: one row for each, on a category tree that grows as needed."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from typing_extensions import override

from regulars.company.actions import ProductInput, add_products
from regulars.company.models import Product
from regulars.company.queries import products_by_sku
from regulars.connectors.fields import Field
from regulars.connectors.staging.stage import Unit
from regulars.connectors.targets import Outcome, Target, Undone, Writing, outcomes_of, targets
from regulars.connectors.targets.unused import remove_unused


class Products(Target):
    """The catalogue: numbers, names, categories, makers and sizes."""

    label = _("Products")
    hint = _("One row for each product, by its code.")
    unique = "sku"
    keeps_ids = True
    fields = (
        Field(
            "sku",
            _("Product code (SKU)"),
            "key",
            required=True,
            length_max=50,
            synonyms=(
                "product id|product code|article|item|item id|id|upc|ean|barcode|артикул|"
                "код товара|штрихкод|код"
            ),
        ),
        Field(
            "name",
            _("Product name"),
            "text",
            synonyms=(
                "product|title|item name|description|product type|товар|наименование|"
                "название|название товара|номенклатура"
            ),
        ),
        Field(
            "category",
            _("Category"),
            "text",
            length_max=400,
            synonyms=(
                "product category|department|group|категория|группа|группа товаров|"
                "товарная группа|отдел"
            ),
            hint=_("A path such as Food / Dairy makes a branch of the tree."),
        ),
        Field(
            "maker",
            _("Maker"),
            "text",
            length_max=100,
            synonyms="brand|manufacturer|vendor|бренд|производитель|марка",
        ),
        Field(
            "size",
            pgettext_lazy("product", "Size"),
            "text",
            length_max=50,
            synonyms="package size|volume|weight|размер|объём|вес|фасовка",
        ),
    )

    @override
    def write(self, units: Sequence[Unit], writing: Writing) -> list[Outcome]:
        return outcomes_of(add_products([_product(unit) for unit in units]))

    @override
    def undo(self, work_id: int, *, count: int, now: datetime) -> Undone:
        return remove_unused(Product, work_id, count=count)


targets.add("products")(Products())


def _product(unit: Unit) -> ProductInput:
    return ProductInput(**{name: value or "" for name, value in unit.values.items()})


def learn_product_names(units: Sequence[Unit]) -> None:
    """Products that receipts name and describe, and nobody knows yet, come with their description.

    What a catalogue says already is not touched: a till's abbreviations must not overwrite it.
    """
    described: dict[str, ProductInput] = {}
    for unit in units:
        if not unit.values.keys() & {"product", "category"} or "sku" not in unit.values:
            return
        skus = unit.values["sku"]
        nothing = [None] * len(skus)
        names = unit.values.get("product", nothing)
        categories = unit.values.get("category", nothing)
        for sku, name, category in zip(skus, names, categories, strict=True):
            if sku and (name or category):
                described[sku] = ProductInput(sku, name=name or "", category=category or "")
    unknown = described.keys() - products_by_sku(described).keys() if described else set()
    if unknown:
        add_products([described[sku] for sku in sorted(unknown)])
