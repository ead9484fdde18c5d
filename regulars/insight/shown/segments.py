"""RFM segments: their names, what to do with each, and how many customers they hold."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from regulars.insight.shown.words import percent, whole
from regulars.web.charts import Bar, Chart, bar_chart

NAMES: dict[str, Promise] = {
    "champions": gettext_lazy("Champions"),
    "loyal": pgettext_lazy("segment", "Loyal"),
    "potential_loyalists": gettext_lazy("Potential loyalists"),
    "new": pgettext_lazy("segment", "New"),
    "promising": gettext_lazy("Promising"),
    "need_attention": gettext_lazy("Need attention"),
    "about_to_sleep": gettext_lazy("About to sleep"),
    "cannot_lose": gettext_lazy("Cannot lose them"),
    "at_risk": gettext_lazy("At risk"),
    "hibernating": gettext_lazy("Hibernating"),
}
HINTS: dict[str, Promise] = {
    "champions": gettext_lazy("Bought lately and most often"),
    "loyal": gettext_lazy("Buy often, not long ago"),
    "potential_loyalists": gettext_lazy("Bought lately, a few times"),
    "new": gettext_lazy("Bought lately for the first times"),
    "promising": gettext_lazy("Bought not long ago, seldom so far"),
    "need_attention": gettext_lazy("In the middle on both counts"),
    "about_to_sleep": gettext_lazy("Seldom, and some time ago"),
    "cannot_lose": gettext_lazy("Bought most often, but not for a while"),
    "at_risk": gettext_lazy("Used to buy often, not for a while"),
    "hibernating": gettext_lazy("Seldom, and long ago"),
}
TONES = {
    "champions": "good",
    "loyal": "good",
    "cannot_lose": "bad",
    "at_risk": "bad",
    "about_to_sleep": "warn",
    "need_attention": "warn",
}


def segments_chart(found: Mapping[str, Any], *, linked: bool) -> Chart:
    """How many customers each segment has; its name leads to them where they may be listed."""
    rows = [row for row in found["segments"] if row["customers"]]
    total = sum(row["customers"] for row in rows)
    bars = [
        Bar(
            str(NAMES[row["segment"]]),
            row["customers"],
            TONES.get(row["segment"], "c1"),
            percent(row["customers"] / total),
            f"{reverse('insight.segment')}?segment={row['segment']}" if linked else "",
        )
        for row in rows
    ]
    return bar_chart(
        bars,
        title=_("Customers by RFM segment"),
        finding=_finding(rows, total),
        show=whole,
        columns=(_("Segment"), _("Customers")),
    )


def _finding(rows: list[Mapping[str, Any]], total: int) -> str:
    money = sum(row["money_minor"] for row in rows)
    best = next((row for row in rows if row["segment"] == "champions"), None)
    if best is None or money <= 0:
        return ""
    return _("Champions are %(people)s of buyers and brought %(money)s of sales in two years.") % {
        "people": percent(best["customers"] / total),
        "money": percent(best["money_minor"] / money),
    }
