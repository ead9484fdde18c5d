"""How long points live, as sentences."""

from calendar import monthrange
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from regulars.loyalty.rules.expiry import Expiry

ROUNDED = {
    "month": _("then to the end of the month"),
    "quarter": _("then to the end of the quarter"),
    "half_year": _("then to the end of the half-year"),
    "year": _("then to the end of the year"),
}


def expiry_told(expiry: Expiry) -> str:
    """How long points live, and up to when exactly."""
    if expiry.kind == "never":
        return gettext("Points never expire.")
    if expiry.kind == "year_end":
        return _year_end(expiry)
    if expiry.kind == "fixed_dates":
        return " ".join(_fixed(expiry))
    if expiry.kind == "rolling":
        told = ngettext(
            "Points live for %(months)s month after the latest purchase or spending",
            "Points live for %(months)s months after the latest purchase or spending",
            expiry.months,
        )
    else:
        told = ngettext(
            "Points live for %(months)s month",
            "Points live for %(months)s months",
            expiry.months,
        )
    said = told % {"months": expiry.months}
    return f"{said}, {ROUNDED[expiry.round_up]}." if expiry.round_up else f"{said}."


def _year_end(expiry: Expiry) -> str:
    if not expiry.years:
        return gettext("Points live to the end of the year in which they are earned.")
    told = ngettext(
        "Points live to the end of the year, and %(years)s year more.",
        "Points live to the end of the year, and %(years)s years more.",
        expiry.years,
    )
    return told % {"years": expiry.years}


def _fixed(expiry: Expiry) -> list[str]:
    told = gettext("Points earned from %(since)s to %(to)s are gone on %(gone)s.")
    return [
        told % {"since": _day(row.since), "to": _day(row.to), "gone": _day(row.expires)}
        for row in expiry.table
    ]


def _day(text: str) -> str:
    month, day = (int(part) for part in text.split("-"))
    last = monthrange(2024, month)[1]
    return date_format(date(2024, month, min(day, last)), "MONTH_DAY_FORMAT")
