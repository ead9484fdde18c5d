"""Purchases: a file with one row for each line of a receipt."""

from collections.abc import Sequence
from datetime import datetime
from itertools import repeat
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.connectors.fields import Field, moment_of
from regulars.connectors.staging.stage import Unit
from regulars.connectors.targets import (
    CREATED,
    KNOWN,
    Outcome,
    Target,
    Undone,
    Writing,
    customer_named,
    targets,
)
from regulars.connectors.targets.products import learn_product_names
from regulars.customers.actions import (
    LineInput,
    PurchaseInput,
    unlearn_work,
    void_purchases,
)
from regulars.loyalty.actions import Taken, reverse_purchases, take_purchases

ONE = 1_000
"""A line that tells no quantity is one piece."""


class Purchases(Target):
    """Receipts with their lines, posted to every program that the customer belongs to."""

    label = _("Purchases")
    hint = _("One row for each line of a receipt; rows of a receipt share its number.")
    group_by = "receipt"
    ordered_by = "bought_at"
    places = "position"
    fields = (
        Field(
            "receipt",
            _("Receipt number"),
            "key",
            required=True,
            length_max=100,
            of_group=True,
            synonyms=(
                "receipt no|receipt id|basket|basket id|check number|order|order id|"
                "order number|transaction id|invoice|чек|номер чека|№ чека|заказ|"
                "номер заказа|документ|номер документа"
            ),
        ),
        Field(
            "bought_at",
            _("Date and time"),
            "time",
            required=True,
            of_group=True,
            synonyms=(
                "date|time|datetime|timestamp|purchase date|order date|"
                "transaction timestamp|sold at|created at|дата|время|дата покупки|"
                "дата чека|дата продажи|дата заказа"
            ),
        ),
        Field(
            "customer",
            _("Customer number"),
            "key",
            length_max=100,
            of_group=True,
            synonyms=(
                "customer id|client|client id|household|household id|buyer|user id|"
                "member|member id|клиент|код клиента|номер клиента|покупатель|контрагент|"
                "id клиента"
            ),
        ),
        Field(
            "card",
            _("Card number"),
            "key",
            length_max=100,
            of_group=True,
            synonyms=(
                "card|card no|loyalty card|карта|номер карты|дисконтная карта|"
                "бонусная карта|штрихкод карты"
            ),
        ),
        Field(
            "phone",
            _("Phone"),
            "phone",
            of_group=True,
            synonyms="phone number|mobile|tel|телефон|номер телефона|мобильный",
        ),
        Field(
            "email",
            _("E-mail"),
            "email",
            of_group=True,
            synonyms="email|e-mail|mail|почта|электронная почта|эл почта",
        ),
        Field(
            "store",
            _("Store code"),
            "key",
            length_max=50,
            of_group=True,
            synonyms=(
                "store|store id|shop|shop id|outlet|магазин|код магазина|торговая точка|"
                "склад|подразделение"
            ),
        ),
        Field(
            "served_by",
            _("Who served"),
            "key",
            length_max=50,
            of_group=True,
            synonyms=(
                "served by|cashier|cashier id|employee|employee id|seller|agent|agent id|"
                "sales person|кассир|код кассира|продавец|код продавца|сотрудник|"
                "код сотрудника|табельный номер|кто обслужил"
            ),
            hint=_("The company's own code of the employee."),
        ),
        Field(
            "position",
            _("Line of the receipt"),
            "whole",
            synonyms=(
                "line|line no|line number|row|позиция|номер строки|номер позиции|строка|№ п/п"
            ),
        ),
        Field(
            "sku",
            _("Product code (SKU)"),
            "key",
            length_max=50,
            synonyms=(
                "product id|product code|article|item|item id|upc|ean|barcode|артикул|"
                "код товара|штрихкод|номенклатура код|код"
            ),
        ),
        Field(
            "product",
            _("Product name"),
            "text",
            synonyms=(
                "product|item name|description|товар|наименование|название|"
                "название товара|номенклатура|наименование товара"
            ),
        ),
        Field(
            "category",
            _("Category"),
            "text",
            length_max=300,
            synonyms=(
                "product category|department|group|категория|группа|группа товаров|"
                "товарная группа|отдел"
            ),
        ),
        Field(
            "quantity",
            _("Quantity"),
            "quantity",
            synonyms="qty|units|amount of items|кол-во|количество|кол во|шт",
        ),
        Field(
            "total",
            _("Paid for the line"),
            "money",
            required=True,
            synonyms=(
                "total|amount|sum|line total|sales value|paid|revenue|сумма|стоимость|"
                "итого|сумма со скидкой|сумма продажи|выручка"
            ),
            hint=_("After the discount, for the whole quantity."),
        ),
        Field(
            "discount",
            _("Discount on the line"),
            "signed_money",
            synonyms="discount|retail disc|discount amount|скидка|сумма скидки",
        ),
    )

    @override
    def write(self, units: Sequence[Unit], writing: Writing) -> list[Outcome]:
        learn_product_names(units)
        inputs = [_purchase(unit.values, writing.source) for unit in units]
        taken = take_purchases(inputs, now=writing.now, work_id=writing.work_id)
        return [_outcome(one) for one in taken]

    @override
    def undo(self, work_id: int, *, count: int, now: datetime) -> Undone:
        with connection.cursor() as cursor:
            # The latest first: whoever undoes climbs down the tiers the way they were climbed.
            cursor.execute(
                "SELECT id FROM customers_purchase WHERE work_id = %s AND voided_at IS NULL"
                " ORDER BY id DESC LIMIT %s",
                [work_id, count],
            )
            ids = [row[0] for row in cursor.fetchall()]
        if ids:
            void_purchases(ids, now=now)
            reverse_purchases(ids, f"import:{work_id}", now=now)
        if len(ids) < count:
            unlearn_work(work_id, now=now)
        return Undone(len(ids), 0, is_last=len(ids) < count)


targets.add("purchases")(Purchases())


def _purchase(values: dict[str, Any], source: str) -> PurchaseInput:
    totals: list[int] = values["total"]
    lines = tuple(
        map(
            LineInput,
            [sku or "" for sku in values["sku"]] if "sku" in values else repeat(""),
            [ONE if n is None else n for n in values["quantity"]]
            if "quantity" in values
            else repeat(ONE),
            totals,
            [off or 0 for off in values["discount"]] if "discount" in values else repeat(0),
        )
    )
    return PurchaseInput(
        source=source,
        number=values["receipt"],
        customer=customer_named(values, source),
        store_code=values.get("store"),
        bought_at=moment_of(values["bought_at"]),
        lines=lines,
        served_by=values.get("served_by"),
    )


def _outcome(taken: Taken) -> Outcome:
    if taken.refused is not None:
        return Outcome("refused", taken.refused.code, taken.refused.field or "")
    return CREATED if taken.created else KNOWN
