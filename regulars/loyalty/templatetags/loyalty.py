"""Filters of loyalty's templates: names in the reader's language, and movements in words."""

from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.utils.timezone import localdate
from django.utils.translation import get_language, gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from regulars.company.models import in_language
from regulars.core.money import format_money
from regulars.loyalty.measures import amount_of_unit, measured, shown_of_unit, signed_of_unit
from regulars.loyalty.queries.explaining import adjusted_for
from regulars.loyalty.queries.history import Entry
from regulars.loyalty.queries.ledger import Line
from regulars.loyalty.queries.wallets import Holding
from regulars.loyalty.rules.cards import grouped
from regulars.loyalty.rules.codes import masked
from regulars.loyalty.rules.mechanic import mechanics
from regulars.web.charts import plain_number

register = template.Library()

REWARD_KINDS = {
    "gift": _("Gift"),
    "voucher": _("Voucher"),
    "gift_card": _("Gift card"),
    "discount": _("Discount by code"),
    "promo_code": _("Promo code"),
    "partner": _("Partner reward"),
}
ORDER_STATES = {
    "ordered": _("Ordered"),
    "ready": _("Ready to be fetched"),
    "delivered": _("Delivered"),
    "cancelled": _("Cancelled"),
}
POT_NAMES = {
    "issued": _("Earned"),
    "redeemed": _("Redeemed"),
    "expired": pgettext_lazy("points", "Expired"),
    "reversed": _("Taken back with returned goods"),
    "adjusted": _("Adjusted by hand"),
    "held": _("Set aside"),
    "partner": _("Partner"),
    "members": _("Between members"),
}
ADJUSTMENT_STATES = {
    "done": _("On the books"),
    "waiting": _("Waiting"),
    "declined": pgettext_lazy("adjustment", "Declined"),
}


@register.filter
def named(thing: Any) -> str:
    """The name of a program, unit, rule or tier in the reader's language."""
    return in_language(thing.name, thing.name_ru)


@register.filter
def person(customer: Any) -> str:
    """The name of a customer in the reader's language; empty where it is not known."""
    russian = (get_language() or "").startswith("ru")
    return str((russian and customer.name_ru) or customer.name)


@register.filter
def mechanic_title(kind: str) -> str:
    """How people call a kind of mechanic."""
    return gettext(mechanics.get(kind).title)


register.filter("so_many", amount_of_unit)
register.filter("counted_in", shown_of_unit)
register.filter("signed_in", signed_of_unit)


@register.filter
def card_number(number: str) -> str:
    """The card number in groups of four."""
    return grouped(number)


@register.filter
def figure(lines: Any, what: str) -> str:
    """The title of a figure by its name."""
    return str(lines.get(what, what))


@register.filter
def sized(line: Entry | Line, currency: str) -> str:
    """How much moved, as its unit is counted; which way is not told."""
    size = abs(line.amount)
    if line.is_money:
        return format_money(size, currency, get_language() or "en")
    return plain_number(size)


@register.filter
def moved(entry: Entry, currency: str) -> str:
    """How much came to an account, or left it, with its sign."""
    return f"{'+' if entry.amount >= 0 else '−'}{sized(entry, currency)}"


@register.filter
def parts(holding: Holding, currency: str) -> str:
    """What of a holding can be spent, what is pending or owed, and its worth: "20 available"."""
    said = []
    if holding.available != holding.balance:
        said.append((gettext("%(count)s available"), holding.available))
    if holding.pending:
        said.append((gettext("%(count)s pending"), holding.pending))
    if holding.held:
        said.append((gettext("%(count)s set aside"), holding.held))
    if holding.debt:
        said.append((gettext("%(count)s owed"), holding.debt))
    told = [words % {"count": shown_of_unit(amount, holding.unit)} for words, amount in said]
    if holding.worth_minor and holding.unit.kind != "money":
        told.append(format_money(holding.worth_minor, currency, get_language() or "en"))
    return " · ".join(told)


@register.filter
def last_day(end: datetime) -> date:
    """The last whole day before a moment at which something ends, in the zone of the page."""
    return localdate(end - timedelta(microseconds=1))


@register.filter
def on_ladder(amount: int, ahead: Any) -> str:
    """An amount in the measure of a ladder a member stands on: "250 points"."""
    return measured(ahead.basis, amount, ahead.currency)


@register.filter
def what_for(entry: Entry) -> str:
    """What a movement was for, in a few words."""
    if entry.cause == "accrual":
        return gettext("Purchase")
    if entry.rule:
        return in_language(entry.rule, entry.rule_ru)
    return {
        "redemption": gettext("Redeemed"),
        "redemption:undo": gettext("Redemption undone"),
        "reversal": gettext("Returned goods"),
        "hold": gettext("Set aside for a purchase"),
        "hold:back": gettext("No longer set aside"),
        "restoration": gettext("Given back with returned goods"),
        "reinstating": gettext("Expired points given back"),
        "expiry": pgettext("points", "Expired"),
        "merging": gettext("Between cards of one person"),
        "adjustment": gettext("Adjusted by hand"),
        "household": gettext("From the household")
        if entry.amount > 0
        else gettext("To the household"),
        "handover": gettext("From another member")
        if entry.amount > 0
        else gettext("Given to another member"),
    }.get(entry.cause, entry.cause)


@register.filter
def in_words(thing: Any) -> str:
    """What a reward is, in the reader's language."""
    return in_language(thing.words, thing.words_ru)


@register.filter
def reward_kind(kind: str) -> str:
    """How people call a kind of reward, voucher or gift card."""
    return str(REWARD_KINDS[kind])


@register.filter
def order_state(state: str) -> str:
    """How far an order of a reward is, in words."""
    return str(ORDER_STATES[state])


@register.filter
def masked_code(code: str) -> str:
    """The end of a code, enough to tell it from others."""
    return masked(code)


@register.filter
def takes_off(promotion: Any) -> str:
    """What a promotion takes off: "10 %", or an amount."""
    if promotion.percent_bp:
        return f"{promotion.percent_bp / 100:g} %"
    currency = promotion.program.currency
    return format_money(promotion.amount_minor, currency, get_language() or "en")


@register.filter
def adjustment_state(state: str) -> str:
    """How far an adjustment is, in words."""
    return str(ADJUSTMENT_STATES[state])


@register.filter
def asker(adjustment: Any) -> str:
    """Who asked for an adjustment: an employee, a program by the name of its key, or an import."""
    if adjustment.asked_by:
        return str(adjustment.asked_by)
    if adjustment.api_key:
        return str(adjustment.api_key.name)
    return gettext("Import")


register.filter("adjusted_for", adjusted_for)


@register.filter
def pot_name(pot: str) -> str:
    """How people call what a pot of the program is for."""
    return str(POT_NAMES.get(pot, pot))


@register.filter
def unit_named(line: Any) -> str:
    """The unit of a line of the ledger in the reader's language."""
    return in_language(line.unit_name, line.unit_name_ru)


@register.filter
def store_named(line: Any) -> str:
    """The store of a line of the ledger or of a history in the reader's language."""
    return in_language(line.store, line.store_ru)


@register.filter
def rule_named(line: Any) -> str:
    """The rule of a line of the ledger in the reader's language."""
    return in_language(line.rule, line.rule_ru)
