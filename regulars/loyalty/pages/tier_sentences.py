"""What a ladder asks of members, as sentences."""

from collections.abc import Iterator

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.loyalty.rules.tiers.settings import LadderRules

WHAT = {
    "unit": _("qualifying points"),
    "spend": _("money spent"),
    "visits": _("visits"),
    "acts": _("acts that are not purchases"),
    "balance": _("points in hand"),
}
CALENDAR = {
    "month": _("in the calendar month"),
    "quarter": _("in the calendar quarter"),
    "half_year": _("in the calendar half-year"),
    "year": _("in the calendar year"),
}


def ladder_told(rules: LadderRules) -> str:
    """What counts on a ladder, when a tier begins, and how it is lost."""
    return " ".join(_sentences(rules))


def _sentences(rules: LadderRules) -> Iterator[str]:
    if rules.is_plain:
        yield gettext(
            "A tier follows from all status points a member ever earned, less those of returned"
            " goods."
        )
        return
    what = {"what": WHAT[rules.basis], "when": _period(rules)}
    yield gettext("What counts: %(what)s %(when)s.") % what
    if rules.upgrade == "at_period_end":
        yield gettext("A higher tier begins when the period ends.")
    yield from _falls(rules)


def _period(rules: LadderRules) -> str:
    if rules.basis == "balance":
        return gettext("now")
    if rules.period == "calendar":
        return str(CALENDAR[rules.calendar])
    number = {"number": rules.length or rules.months}
    return {
        "lifetime": gettext("over the whole membership"),
        "rolling_days": gettext("of the last %(number)s days") % number,
        "rolling_months": gettext("of the last %(number)s months") % number,
        "membership_anniversary": gettext("of the year of membership"),
        "tier_anniversary": gettext("of %(number)s months from the day of the tier") % number,
        "fixed_term": gettext("of %(number)s days from the day of the tier") % number,
    }[rules.period]


def _falls(rules: LadderRules) -> Iterator[str]:
    if rules.downgrade == "never":
        yield gettext("Nobody falls.")
        return
    if rules.falls == "at_once":
        yield gettext("A tier is lost as soon as that no longer suffices.")
    else:
        yield gettext("A tier is lost when the period ends.")
    if rules.downgrade == "one_down":
        yield gettext("Whoever falls goes down one tier.")
    if rules.grace_days:
        yield gettext("Days of grace: %(days)s.") % {"days": rules.grace_days}
    if rules.minimum_months:
        yield gettext("A tier lasts so many months at least: %(months)s.") % {
            "months": rules.minimum_months
        }
