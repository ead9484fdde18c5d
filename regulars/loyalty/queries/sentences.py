"""Rules of a program in the reader's language, with the names behind their codes."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from babel.numbers import format_decimal
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import get_language

from regulars.company.models import Store
from regulars.core.conditions.words import Words
from regulars.core.money import format_money
from regulars.customers.models import Segment
from regulars.loyalty.models import Campaign, Program, Rule, Tier, Unit
from regulars.loyalty.rules.mechanic import mechanics
from regulars.loyalty.rules.sentences import Say, rule_in_words


def sentences_of(program: Program, rules: Sequence[Rule]) -> dict[int, str]:
    """What each of these rules says, by id; 5 statements, however many rules there are."""
    say = _say(program)
    return {
        rule.pk: rule_in_words(mechanics.get(rule.kind).model_validate(rule.settings), say)
        for rule in rules
    }


def in_force_at(rules: QuerySet[Rule], now: datetime) -> QuerySet[Rule]:
    """Those of these rules that are in force at a moment."""
    begun = Q(in_force_from__isnull=True) | Q(in_force_from__lte=now)
    return rules.filter(begun, Q(in_force_to__isnull=True) | Q(in_force_to__gt=now))


def _say(program: Program) -> Say:
    language = get_language() or "en"
    words: Words = translation
    units = list(Unit.objects.filter(program=program))
    names = {f"store:{one.code}": str(one) for one in Store.objects.all()}
    names |= {f"tier:{one.code}": _name(one) for one in Tier.objects.filter(program=program)}
    names |= {f"segment:{one.code}": _name(one) for one in Segment.objects.all()}
    campaigns = Campaign.objects.filter(program=program)
    names |= {f"campaign:{one.code}": _name(one) for one in campaigns}
    return Say(
        words=words,
        show_money=lambda minor: format_money(minor, program.currency, language),
        show_number=partial(format_decimal, locale=language, decimal_quantization=False),
        units={unit.code: _name(unit) for unit in units},
        names=names,
        money_units=frozenset(unit.code for unit in units if unit.kind == "money"),
    )


def _name(row: Any) -> str:
    russian = (get_language() or "").startswith("ru")
    return str((russian and row.name_ru) or row.name)
