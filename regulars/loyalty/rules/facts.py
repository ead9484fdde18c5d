"""What conditions of rules may speak of: a sale and the member who makes it."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from regulars.core.conditions.evaluation import holds
from regulars.core.conditions.fields import Choice, Field, catalogue
from regulars.core.conditions.tree import Condition, fields_of
from regulars.loyalty.rules.sales import Sale, Standing

SALE = catalogue("sale")
"""The catalogue that conditions of rules are checked against."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS_OF_WEEK = (
    Choice("mon", _("Monday")),
    Choice("tue", _("Tuesday")),
    Choice("wed", _("Wednesday")),
    Choice("thu", _("Thursday")),
    Choice("fri", _("Friday")),
    Choice("sat", _("Saturday")),
    Choice("sun", _("Sunday")),
)

SALE.add(
    Field("store", "text", _("Store")),
    Field("weekday", "text", _("Day of the week"), choices=DAYS_OF_WEEK),
    Field("hour", "integer", _("Hour of the day")),
    Field("day", "date", _("Day")),
    Field("total_minor", "integer", _("Total of the purchase")),
    Field("discount_minor", "integer", _("Discount")),
    Field("categories", "list of text", _("Categories")),
    Field("products", "list of text", _("Products")),
    Field("items", "integer", _("Number of items")),
    Field("tenders", "list of text", _("Means of payment")),
    Field("tier", "text", _("Tier")),
    Field("segments", "list of text", _("Segments")),
    Field("visits", "integer", _("Visits before")),
    Field("first_purchase", "boolean", _("First purchase")),
    Field("qualifying", "integer", _("Qualifying balance")),
    Field("days_from_birthday", "integer", _("Days from the birthday")),
)


def days_from(birthday: date | None, day: date) -> int | None:
    """How many days the nearest birthday is away, before or after; None where it is not known.

    Who was born on 29 February has a birthday on 28 February in other years.

    >>> days_from(date(1990, 12, 30), date(2026, 1, 2)), days_from(date(2000, 2, 29), date(2026, 3, 1))
    (3, 1)
    """
    if birthday is None:
        return None
    return min(abs((_in_year(birthday, day.year + shift) - day).days) for shift in (-1, 0, 1))


def _in_year(birthday: date, year: int) -> date:
    try:
        return birthday.replace(year=year)
    except ValueError:
        return birthday.replace(year=year, day=birthday.day - 1)


def branches(path: str) -> list[str]:
    """A category and all branches above it.

    >>> branches("Food/Dairy")
    ['Food', 'Food/Dairy']
    """
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


READ: dict[str, Callable[[Sale, Standing], Any]] = {
    "store": lambda sale, member: sale.store or None,
    "weekday": lambda sale, member: WEEKDAYS[member.local(sale.at).weekday()],
    "hour": lambda sale, member: member.local(sale.at).hour,
    "day": lambda sale, member: member.local(sale.at).date(),
    "total_minor": lambda sale, member: sale.total_minor,
    "discount_minor": lambda sale, member: sale.discount_minor,
    "categories": lambda sale, member: {
        branch for line in sale.lines if line.category for branch in branches(line.category)
    },
    "products": lambda sale, member: {line.sku for line in sale.lines if line.sku},
    "items": lambda sale, member: sum(line.quantity_milli // 1000 for line in sale.lines),
    "tenders": lambda sale, member: {one.kind for one in sale.tenders},
    "tier": lambda sale, member: member.tier or None,
    "segments": lambda sale, member: member.segments,
    "visits": lambda sale, member: member.visits,
    "first_purchase": lambda sale, member: member.visits == 0,
    "qualifying": lambda sale, member: member.qualifying,
    "days_from_birthday": lambda sale, member: days_from(
        member.birthday, member.local(sale.at).date()
    ),
}
"""How each field is read of a sale and a standing."""

OF_TODAY = frozenset({"categories", "tier", "segments", "qualifying", "days_from_birthday"})
"""Fields of which the books keep no more than what they are now."""

LINE_FIELDS = frozenset({"categories", "products", "items"})


def needs_of(condition: Condition) -> frozenset[str]:
    """What has to be loaded for a condition: `lines`, `segments`, `birthday`."""
    names = fields_of(condition)
    needs = {"segments"} & names
    if "days_from_birthday" in names:
        needs |= {"birthday"}
    if names & LINE_FIELDS:
        needs |= {"lines"}
    return frozenset(needs)


def meets(condition: Condition, sale: Sale, member: Standing) -> bool:
    """Whether a sale of a member meets a condition; what is unknown does not."""
    record: Mapping[str, Any] = {name: READ[name](sale, member) for name in fields_of(condition)}
    return holds(condition, record, now=member.local(sale.at))


def in_hours(hour: int, first: int | None, last: int | None) -> bool:
    """Whether an hour lies in a half-open window, which may pass midnight.

    >>> in_hours(23, 22, 2), in_hours(1, 22, 2), in_hours(2, 22, 2), in_hours(9, None, 10)
    (True, True, False, True)
    """
    start, end = first or 0, 24 if last is None else last
    return start <= hour < end if start < end else hour >= start or hour < end


def near_birthday(birthday: date | None, day: date, *, before: int, after: int) -> bool:
    """Whether a day lies from so many days before the birthday to so many after it.

    >>> near_birthday(date(1990, 12, 30), date(2026, 1, 2), before=0, after=3)
    True
    """
    if birthday is None:
        return False
    return any(
        -timedelta(before) <= day - _in_year(birthday, day.year + shift) <= timedelta(after)
        for shift in (-1, 0, 1)
    )
