"""Explanations of receipts, from what was kept with them and the versions of rules they name."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from typing import NamedTuple

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from regulars.core.conditions.words import Words
from regulars.core.money import format_money
from regulars.loyalty.models import Program, Rule, Unit
from regulars.loyalty.rules.explaining import Explained, explained, part_of
from regulars.loyalty.rules.mechanic import mechanics
from regulars.loyalty.rules.receipts import Awarded
from regulars.web.charts import plain_number


class Behind(NamedTuple):
    """The versions of rules that awards name, with their programs, and which units are money."""

    rules: Mapping[int, Rule]
    money: frozenset[tuple[int, str]]

    def show_amount(self, award: Awarded) -> Callable[[int], str]:
        """How an amount of an award's unit is shown."""
        program = self.rules[award.rule_id].program
        if (program.pk, award.unit) in self.money:
            return _show_money(program)
        return plain_number


def rules_behind(awards: Iterable[Awarded]) -> Behind:
    """What is behind awards, to explain them; 2 statements."""
    ids = {one.rule_id for one in awards}
    rules = {rule.pk: rule for rule in Rule.objects.filter(pk__in=ids).select_related("program")}
    programs = {rule.program_id for rule in rules.values()}
    money = Unit.objects.filter(program__in=programs, kind="money")
    return Behind(rules, frozenset(money.values_list("program_id", "code")))


def explanation_of(awards: Collection[Awarded], behind: Behind, *, unit: str = "") -> str:
    """How these awards came about, in the reader's language; of one unit where it is named."""
    shown = [one for one in awards if one.rule_id in behind.rules and unit in {"", one.unit}]
    if not shown:
        return ""
    words: Words = translation
    return explained(
        [explained_award(one, behind.rules[one.rule_id]) for one in shown],
        words=words,
        show_money=_show_money(behind.rules[shown[0].rule_id].program),
        show_amount=behind.show_amount(shown[0]),
        show_day=told_day,
    )


def part_in_words(award: Awarded, behind: Behind) -> str:
    """What one award was worked out from, in the reader's language."""
    rule = behind.rules[award.rule_id]
    words: Words = translation
    return part_of(
        explained_award(award, rule),
        words=words,
        show_money=_show_money(rule.program),
        show_amount=behind.show_amount(award),
    )


def _show_money(program: Program) -> Callable[[int], str]:
    language = get_language() or "en"
    return lambda minor: format_money(minor, program.currency, language)


def explained_award(award: Awarded, rule: Rule) -> Explained:
    """An award with the rule that gave it, as it is put into words."""
    mechanic = mechanics.get(rule.kind)
    russian = (get_language() or "").startswith("ru")
    return Explained(
        amount=award.amount,
        name=(russian and rule.name_ru) or rule.name,
        counts=mechanic.counts,
        basis=award.basis,
        is_base=mechanic.stage == "base",
        before=award.before,
        capped_by=award.capped_by,
        version=rule.version,
        since=(rule.in_force_from or rule.made_at).date(),
    )


ADJUSTED_FOR = {
    "goodwill": _("For your patience"),
    "correction": _("Correction of a mistake"),
    "missing": _("A purchase that had not been counted"),
    "misuse": _("Taken back after misuse"),
    "opening": _("Brought along from the former program"),
    "other": _("Adjusted by our staff"),
}
"""Reasons of adjustments as members and staff read them; the note beside it is for staff only."""


def adjusted_for(reason: str) -> str:
    """Why points were given or taken by hand, in the reader's language."""
    return str(ADJUSTED_FOR.get(reason, reason))


def told_day(day: date) -> str:
    """A day as sentences of the reader's language name it."""
    return date_format(day, "j E Y")
