"""Members and points: how many are active, what the points owed are worth."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from regulars.insight.shown.scores import Figure
from regulars.insight.shown.words import money_reader, money_scale, month_of, percent, whole
from regulars.web.charts import Chart, Point, Series, line_chart, signed, sparkline

Found = Mapping[str, Any]


def members_figure(found: Found, *, url: str) -> Figure:
    """Members who bought in the period, beside the period before."""
    now, before = found["now"], found["before"]
    note = _("%(before)s in the time before") % {"before": whole(before)}
    delta, tone = "", ""
    if before:
        share = now / before - 1
        arrow, tone = ("▲", "up") if share > 0 else ("▼", "down") if share < 0 else ("", "")
        delta = f"{arrow} {signed(round(100 * share, 1))} %".strip()
    spark = sparkline([week["members"] for week in found["weeks"][:-1]])
    value = whole(now) if now or before else None
    return Figure(_("Active members"), value, note if value else "", delta, tone, url, spark)


def liability_figure(found: Found, *, currency: str, url: str) -> Figure:
    """What members may still spend, in money."""
    months = found["months"]
    if not months:
        return Figure(_("Points owed, in money"), None, url=url)
    last, read = months[-1], money_reader(currency)
    note = _("%(open)s points, all stores") % {"open": whole(last["open"])}
    spark = sparkline([month["worth_minor"] for month in months])
    return Figure(_("Points owed, in money"), read(last["worth_minor"]), note, url=url, spark=spark)


def liability_chart(found: Found, *, currency: str) -> Chart:
    """What members might have spent at the end of each month."""
    months = found["months"]
    scale = money_scale([month["worth_minor"] for month in months], currency)
    drawn = [
        Point(month_of(date.fromisoformat(month["month"])), scale.of(month["worth_minor"]))
        for month in months
    ]
    title = _("Points owed at the end of each month, %(unit)s") % {"unit": scale.unit}
    return line_chart(
        [Series(title, drawn)] if drawn else [],
        title=title,
        finding=_liability_finding(found),
        show=scale.show,
        from_zero=True,
        place=_("Month"),
    )


def _liability_finding(found: Found) -> str:
    issued = sum(month["issued"] for month in found["months"])
    redeemed = sum(month["redeemed"] for month in found["months"])
    if not issued:
        return ""
    return _(
        "Of the points issued in these months, as many as %(share)s were redeemed in them."
    ) % {"share": percent(redeemed / issued)}
