"""Sales: members against others by week, stores and categories."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from regulars.insight.shown.words import day_of, language, money_reader, money_scale, percent
from regulars.web.charts import Bar, Chart, Point, Series, bar_chart, column_chart, signed

Found = Mapping[str, Any]
BARS_MAX = 10


def sales_chart(found: Found, *, currency: str) -> Chart:
    """Sales by week, members' purchases and the others' on each other."""
    weeks = found["weeks"]
    totals = [week["members"]["money_minor"] + week["others"]["money_minor"] for week in weeks]
    scale = money_scale(totals, currency)
    labels = [day_of(date.fromisoformat(week["week"])) for week in weeks]

    def series(name: str, whose: str, tone: str) -> Series:
        values = [max(0.0, scale.of(week[whose]["money_minor"])) for week in weeks]
        return Series(name, [Point(*pair) for pair in zip(labels, values, strict=True)], tone)

    return column_chart(
        [series(_("Members"), "members", "c1"), series(_("Others"), "others", "c3")],
        title=_("Sales by week, %(unit)s") % {"unit": scale.unit},
        finding=_members_finding(weeks),
        show=scale.show,
        place=_("Week from"),
    )


def _members_finding(weeks: Sequence[Found]) -> str:
    members, others = (
        sum(week[whose]["money_minor"] for week in weeks) for whose in ("members", "others")
    )
    if members + others <= 0:
        return ""
    share = percent(members / (members + others))
    return _("Members of a program brought %(share)s of sales; the last week may not be over.") % {
        "share": share
    }


def store_label(store: Found) -> str:
    """A store's name in the reader's language."""
    if store["store_id"] is None:
        return _("No store")
    name = store["name_ru"] if language() == "ru" else store["name"]
    return str(name or store["code"])


def category_label(category: Found) -> str:
    """A branch of the product tree, or that there is none."""
    return category["category"] or _("No category")


def change_words(now: int, before: int) -> str:
    """How money stands to the time before, in per cent."""
    if before <= 0:
        return "–"
    return f"{signed(round(100 * (now / before - 1), 1))} %"


def top_bars(
    rows: Sequence[Found], *, label: Any, title: str, finding: str, currency: str
) -> Chart:
    """The largest of these rows by money, as bars."""
    read = money_reader(currency)
    bars = [
        Bar(label(row), row["money_minor"], "c1")
        for row in rows[:BARS_MAX]
        if row["money_minor"] > 0
    ]
    return bar_chart(bars, title=title, finding=finding, show=lambda value: read(int(value)))


def concentration(rows: Sequence[Found], words: str) -> str:
    """What share of all money the first tenth of these rows brings, in the sentence `words`."""
    total = sum(row["money_minor"] for row in rows)
    if total <= 0 or not rows:
        return ""
    first = max(1, len(rows) // 10)
    share = sum(row["money_minor"] for row in rows[:first]) / total
    return words % {"first": first, "all": len(rows), "share": percent(share)}
