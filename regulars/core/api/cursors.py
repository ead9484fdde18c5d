"""Pages of rows by an opaque cursor: no row twice and none left out while others are added."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet
from ninja import Schema
from pydantic import Field

from regulars.core.errors import Refused

Row = TypeVar("Row", bound=Model)
Item = TypeVar("Item")

_SALT = "regulars.core.api.cursors"


class PageAsk(Schema):
    """Which page is asked for."""

    limit: int = Field(50, ge=1, le=200, description="How many items a page has at most.")
    cursor: str = Field("", max_length=500, description="`next_cursor` of the page before.")


class Page(Schema, Generic[Item]):
    """One page of a list, and the cursor of the next one."""

    items: list[Item]
    next_cursor: str | None = Field(description="Null on the last page.")


def page_of(
    rows: QuerySet[Row], ask: PageAsk, *, shape: Callable[[Row], Item], order: str = "-id"
) -> Page[Item]:
    """The page of rows that is asked for, each in its shape.

    `order` is one field that is never null (with `-` for the newest first); ties go by id. The
    cursor is signed and good for the same order only.
    """
    field, sign = order.lstrip("-"), "-" if order.startswith("-") else ""
    if ask.cursor:
        rows = rows.filter(_after(rows.model, ask.cursor, order=order))
    ordering = [order] if field in ("id", "pk") else [order, f"{sign}id"]
    found = list(rows.order_by(*ordering)[: ask.limit + 1])
    page = found[: ask.limit]
    more = _cursor(page[-1], order) if len(found) > ask.limit else None
    return Page(items=[shape(row) for row in page], next_cursor=more)


def cursor_at(name: str, number: int) -> str:
    """The signed cursor of a list that is no query set, called `name`, after its entry `number`."""
    return signing.dumps([name, number], salt=_SALT)


def number_at(name: str, cursor: str) -> int | None:
    """After which entry a list goes on; None at its beginning. Refused where another made it."""
    if not cursor:
        return None
    try:
        made_for, number = signing.loads(cursor, salt=_SALT)
    except (signing.BadSignature, ValueError):
        made_for, number = None, 0
    if made_for != name:
        raise Refused("wrong_cursor", "this cursor was not made by this list", "cursor")
    return int(number)


def _cursor(row: Model, order: str) -> str:
    name = order.lstrip("-")
    field: Any = row._meta.get_field(name)
    value = field.value_to_string(row)
    return signing.dumps([order, value, row.pk], salt=_SALT)


def _after(model: type[Model], cursor: str, *, order: str) -> Q:
    try:
        made_for, text, last_id = signing.loads(cursor, salt=_SALT)
    except signing.BadSignature:
        made_for, text, last_id = None, "", 0
    if made_for != order:
        raise Refused("wrong_cursor", "this cursor was not made by this list", "cursor")
    name, ahead = order.lstrip("-"), "lt" if order.startswith("-") else "gt"
    value: Any = model._meta.get_field(name).to_python(text)  # type: ignore[union-attr]
    beyond = Q(**{f"{name}__{ahead}": value})
    return beyond | Q(**{name: value, f"id__{ahead}": last_id})
