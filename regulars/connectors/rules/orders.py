"""Orders as Segment's e-commerce spec tells them, as purchases and returns of ours.

Source: Segment, "Spec: V2 Ecommerce Events" and, for the old names, "V1". Amounts arrive as JSON
numbers; their shortest decimal text is what the shop wrote, and that text is what counts here.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from regulars.core.errors import Refused
from regulars.customers.rules.purchases import (
    CustomerRef,
    LineInput,
    PurchaseInput,
    ReturnInput,
    ReturnLineInput,
)

COMPLETED = frozenset({"Order Completed", "Completed Order"})
REFUNDED = frozenset({"Order Refunded", "Refunded Order"})
_ONE = 1_000


class BoughtLine(NamedTuple):
    """A line on record as a refund sees it: its place, its product, and what is left of it."""

    position: int
    sku: str
    left_milli: int


def purchase_of_order(
    order: Mapping[str, Any],
    *,
    source: str,
    customer: CustomerRef | None,
    store_code: str,
    at: datetime,
    minor: int,
) -> PurchaseInput:
    """The purchase that an order tells; `minor` is how many minor units make one of its currency.

    What was paid for goods is `subtotal`, else `revenue`, else `total` without tax and shipping,
    else the sum of the products less `discount`. Where the products add up to more, the rest is a
    discount on the whole order; where to less, a line without a product.
    """
    lines = list(_lines(order.get("products"), minor))
    listed = sum(line.total_minor for line in lines)
    paid = _paid(order, minor)
    if paid is None:
        paid = max(listed - (_minor(order.get("discount"), minor, "discount") or 0), 0)
    if paid > listed:
        lines.append(LineInput("", _ONE, paid - listed))
    return PurchaseInput(
        source=source,
        number=_number(order),
        customer=customer,
        store_code=store_code or None,
        bought_at=at,
        lines=tuple(lines),
        discount_minor=max(listed - paid, 0),
    )


def return_of_refund(
    order: Mapping[str, Any],
    *,
    source: str,
    number: str,
    bought: list[BoughtLine],
    at: datetime,
) -> ReturnInput:
    """The return that a refund tells: its products, or without any all that is left of the order.

    >>> from datetime import UTC
    >>> back = return_of_refund({"order_id": "7"}, source="web", number="r", at=datetime.now(UTC),
    ...     bought=[BoughtLine(1, "milk", 2000), BoughtLine(2, "tea", 0)])
    >>> back.lines
    (ReturnLineInput(position=1, quantity_milli=2000, total_minor=None),)
    """
    products = order.get("products")
    if isinstance(products, list) and products:
        asked = list(_asked_back(products, bought))
    else:
        asked = [ReturnLineInput(one.position, one.left_milli) for one in bought if one.left_milli]
    if not asked:
        raise Refused("nothing_left", "nothing of this order is left to come back", "products")
    return ReturnInput(
        source=source,
        number=number,
        purchase_source=source,
        purchase_number=_number(order),
        returned_at=at,
        lines=tuple(asked),
    )


def _asked_back(products: list[Any], bought: list[BoughtLine]) -> Iterator[ReturnLineInput]:
    left = {one.position: one for one in bought}
    for product in products:
        said = product if isinstance(product, Mapping) else {}
        sku, quantity = _sku(said), _quantity(said)
        line = next((one for one in left.values() if one.sku == sku and one.left_milli), None)
        if line is None:
            raise Refused("unknown_line", f"the order has no {sku!r} left", "products")
        del left[line.position]
        yield ReturnLineInput(line.position, min(quantity, line.left_milli))


def _paid(order: Mapping[str, Any], minor: int) -> int | None:
    for name in ("subtotal", "revenue"):
        if (paid := _minor(order.get(name), minor, name)) is not None:
            return paid
    if (total := _minor(order.get("total"), minor, "total")) is None:
        return None
    more = [_minor(order.get(name), minor, name) or 0 for name in ("tax", "shipping")]
    return max(total - sum(more), 0)


def _lines(products: Any, minor: int) -> Iterator[LineInput]:
    for product in products if isinstance(products, list) else ():
        said = product if isinstance(product, Mapping) else {}
        quantity = _quantity(said)
        price = _decimal(said.get("price"), "price") or Decimal(0)
        total = int((price * minor * quantity / _ONE).to_integral_value())
        yield LineInput(_sku(said), quantity, total)


def _sku(product: Mapping[str, Any]) -> str:
    value = product.get("sku") or product.get("product_id") or product.get("id") or ""
    return str(value)[:50]


def _quantity(product: Mapping[str, Any]) -> int:
    quantity = _decimal(product.get("quantity"), "quantity")
    return _ONE if quantity is None else int((quantity * _ONE).to_integral_value())


def _number(order: Mapping[str, Any]) -> str:
    number = order.get("order_id") or order.get("orderId") or order.get("id")
    if number is None or isinstance(number, bool) or not isinstance(number, str | int):
        raise Refused("missing", "an order needs an order_id", "order_id")
    return str(number)[:100]


def _minor(value: Any, minor: int, name: str) -> int | None:
    amount = _decimal(value, name)
    return None if amount is None else int((amount * minor).to_integral_value())


def _decimal(value: Any, name: str) -> Decimal | None:
    """The number as its decimal text says; a float's shortest text is what was sent.

    >>> _decimal(19.99, "price")
    Decimal('19.99')
    """
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Refused("not_a_number", "this is not a number", name) from None
    if isinstance(value, bool) or not number.is_finite() or not 0 <= number < 10**12:
        raise Refused("out_of_range", "an amount is negative or too large", name)
    return number
