"""Rules as sentences that people read before they trust them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from regulars.core.conditions.sentences import sentence
from regulars.core.conditions.words import ENGLISH, Words, gettext_noop
from regulars.loyalty.rules.facts import DAYS_OF_WEEK
from regulars.loyalty.rules.quantities import so_many
from regulars.loyalty.rules.terms import Limits, Terms


@dataclass(frozen=True)
class Say:
    """How a reader is spoken to: the language, money, and the names of what settings only code."""

    words: Words = ENGLISH
    show_money: Callable[[int], str] = str
    show_number: Callable[[Decimal], str] = lambda number: f"{number.normalize():f}"
    units: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of tiers, stores, segments and campaigns by `<kind>:<code>`."""
    money_units: frozenset[str] = frozenset()
    """Units that are money, in minor units."""

    def amount(self, number: int | Decimal, unit: str) -> str:
        """So much of a unit: "10 points", or "$5 Cashback".

        >>> Say().amount(100, "Points"), Say().amount(Decimal("1.50"), "Points")
        ('100 points', '1.5 points')
        """
        name = self.units.get(unit, unit)
        if unit in self.money_units:
            return f"{self.show_money(int(number))} {name}"
        return so_many(number, self.show_number(Decimal(number)), name)

    def named(self, kind: str, codes: tuple[str, ...]) -> str:
        """Things of a kind by their names, separated by commas."""
        return ", ".join(self.names.get(f"{kind}:{code}", code) for code in codes)

    def percent(self, basis_points: int) -> str:
        """A share: 500 is "5 %".

        >>> Say().percent(250)
        '2.5 %'
        """
        return f"{basis_points / 100:g} %"


class ChoosesLines(Protocol):
    """Settings that choose lines of a receipt."""

    categories: tuple[str, ...]
    except_categories: tuple[str, ...]
    products: tuple[str, ...]
    except_products: tuple[str, ...]


class Rules(Protocol):
    """What a sentence is made of: the settings that all mechanics share, and a mechanic's own."""

    stores: tuple[str, ...]
    tiers: tuple[str, ...]
    terms: Terms
    limits: Limits
    campaign: str
    partner: str
    group: str
    unit: str

    def said(self, say: Say) -> str: ...


def rule_in_words(rule: Rules, say: Say) -> str:
    """What a rule gives, when it counts and how much at most, in the reader's language."""
    parts = [rule.said(say), *_where(rule, say), *_when(rule.terms, say), *_most(rule, say)]
    return "; ".join(part for part in parts if part)


def lines_in_words(lines: ChoosesLines, say: Say) -> str:
    """Which lines count, with a comma before it; empty where all do."""
    gettext = say.words.gettext
    chosen = ", ".join((*lines.categories, *lines.products))
    left_out = ", ".join((*lines.except_categories, *lines.except_products))
    told = gettext(", only for: %(what)s") % {"what": chosen} if chosen else ""
    return told + (gettext(", but not for: %(what)s") % {"what": left_out} if left_out else "")


def _where(rule: Rules, say: Say) -> Iterator[str]:
    gettext = say.words.gettext
    if rule.stores:
        yield gettext("only in %(stores)s") % {"stores": say.named("store", rule.stores)}
    if rule.tiers:
        yield gettext("only for %(tiers)s") % {"tiers": say.named("tier", rule.tiers)}


def _when(terms: Terms, say: Say) -> Iterator[str]:
    gettext = say.words.gettext
    if terms.weekdays:
        days = {str(day.value): str(day.label) for day in DAYS_OF_WEEK}
        yield gettext("on %(days)s") % {"days": ", ".join(days[one] for one in terms.weekdays)}
    if terms.hour_from is not None or terms.hour_to is not None:
        last = 24 if terms.hour_to is None else terms.hour_to
        hours = {"first": f"{terms.hour_from or 0:02}:00", "last": f"{last:02}:00"}
        yield gettext("from %(first)s to %(last)s") % hours
    if terms.spend_min_minor:
        money = say.show_money(terms.spend_min_minor)
        yield gettext("from a purchase of %(money)s") % {"money": money}
    if terms.segments:
        yield gettext("only for the segments %(segments)s") % {
            "segments": say.named("segment", terms.segments)
        }
    if terms.first_purchase:
        yield gettext("only for the first purchase")
    if terms.birthday:
        days_told = {"before": terms.days_before, "after": terms.days_after}
        yield (
            gettext("from %(before)s days before the birthday to %(after)s days after") % days_told
        )
    if terms.condition is not None:
        told = sentence(terms.condition, words=say.words)
        yield gettext("if %(condition)s") % {"condition": told}


LIMITS = {
    "purchase": gettext_noop("at most %(amount)s for one purchase"),
    "day": gettext_noop("at most %(amount)s in a day"),
    "month": gettext_noop("at most %(amount)s in a month"),
    "member": gettext_noop("at most %(amount)s for one member"),
}


def _most(rule: Rules, say: Say) -> Iterator[str]:
    gettext = say.words.gettext
    for name, phrase in LIMITS.items():
        most = getattr(rule.limits, name)
        if most is not None:
            yield gettext(phrase) % {"amount": say.amount(most, rule.unit)}
    if rule.group:
        yield gettext("instead of other rules of the group “%(group)s”") % {"group": rule.group}
    if rule.campaign:
        named = say.named("campaign", (rule.campaign,))
        yield gettext("from the budget of “%(campaign)s”") % {"campaign": named}
    if rule.partner:
        yield gettext("paid by %(partner)s") % {"partner": rule.partner}
