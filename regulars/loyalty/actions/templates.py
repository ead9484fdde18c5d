"""Programs from templates: whole, with rules one can change afterwards."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from regulars.core.errors import Refused
from regulars.core.money import minor_per_unit
from regulars.loyalty.actions.programs import (
    ProgramInput,
    RuleInput,
    TierInput,
    UnitInput,
    open_program,
)
from regulars.loyalty.actions.rewards import RewardInput, set_reward
from regulars.loyalty.actions.standards import standard_program
from regulars.loyalty.models import Program
from regulars.loyalty.rules.expiry import Expiry


def gettext_noop(text: str) -> str:
    """The text itself; the name marks it for the translation catalogue."""
    return text


@dataclass(frozen=True)
class Template:
    """A kind of program: what it is called and says, and how it is made for a currency."""

    title: str
    words: str
    make: Callable[[str], ProgramInput]
    rewards: tuple[RewardInput, ...] = ()


def _points(currency: str) -> ProgramInput:
    """A point for every unit of money, a hundred are worth one; they end a year after they came."""
    whole = minor_per_unit(currency)
    return ProgramInput(
        code="points",
        name="Points",
        name_ru="Баллы",
        currency=currency,
        units=(
            UnitInput(
                "points",
                "Points",
                "spendable",
                "Баллы",
                worth_minor=whole,
                worth_points=100,
                expiry=Expiry(kind="months", months=12),
            ),
        ),
        rules=(
            RuleInput(
                "base",
                "One point for every unit of money",
                "share_of_purchase",
                {"per_minor": whole},
                "Балл за каждую единицу денег",
            ),
        ),
    )


def _cashback(currency: str) -> ProgramInput:
    """Three percent come back as money, five and seven from tiers on that follow from spending."""
    whole = minor_per_unit(currency)
    return ProgramInput(
        code="cashback",
        name="Cashback",
        name_ru="Кешбэк",
        currency=currency,
        units=(
            UnitInput("cashback", "Cashback", "money", "Кешбэк", worth_minor=1),
            UnitInput("spent", "Spent", "qualifying", "Потрачено"),
        ),
        tiers=(
            TierInput("silver", "Silver", 500, "Серебряный"),
            TierInput("gold", "Gold", 2_000, "Золотой"),
        ),
        rules=(
            _percentage("base", 300, "3 % back", "3 % назад", tiers=()),
            _percentage("silver", 200, "2 % more", "Ещё 2 %", tiers=("silver",)),
            _percentage("gold", 400, "4 % more", "Ещё 4 %", tiers=("gold",)),
            RuleInput(
                "spent",
                "What was spent counts for the tier",
                "share_of_purchase",
                {"per_minor": whole, "unit": "spent"},
                "Траты считаются для уровня",
                position=50,
            ),
        ),
    )


def _percentage(
    code: str, basis_points: int, name: str, name_ru: str, *, tiers: tuple[str, ...]
) -> RuleInput:
    settings = {"basis_points": basis_points, "tiers": list(tiers)}
    return RuleInput(code, name, "percentage_cashback", settings, name_ru)


def _stamps(currency: str) -> ProgramInput:
    """A stamp for every visit; nine of them are a free cup."""
    return ProgramInput(
        code="stamps",
        name="Coffee card",
        name_ru="Кофейная карта",
        currency=currency,
        units=(UnitInput("stamps", "Stamps", "spendable", "Отметки"),),
        rules=(
            RuleInput(
                "visit",
                "A stamp for every visit",
                "points_per_visit",
                {"unit": "stamps"},
                "Отметка за каждый визит",
            ),
        ),
    )


TEMPLATES: dict[str, Template] = {
    "club": Template(
        gettext_noop("Points and tiers"),
        gettext_noop("A point for every unit of money; three tiers, the higher ones earn more."),
        standard_program,
    ),
    "points": Template(
        gettext_noop("Points"),
        gettext_noop("A point for every unit of money, a hundred are worth one; for a year."),
        _points,
    ),
    "cashback": Template(
        gettext_noop("Cashback"),
        gettext_noop("3 % of every purchase back as money, 5 % and 7 % for those who spend more."),
        _cashback,
    ),
    "stamps": Template(
        gettext_noop("Coffee stamps"),
        gettext_noop("A stamp for every visit; nine stamps are a free cup."),
        _stamps,
        (RewardInput("cup", "gift", "A free cup", 9, "Чашка в подарок", unit="stamps"),),
    ),
}


@transaction.atomic
def open_from_template(template: str, *, currency: str, now: datetime) -> Program:
    """A new program from a template; a second one of the same gets a number after its code.

    `Refused` where no template has that name.
    """
    chosen = TEMPLATES.get(template)
    if chosen is None:
        raise Refused("unknown_template", f"no template is called {template!r}", "template")
    entry = chosen.make(currency)
    taken = set(Program.objects.filter(code__startswith=entry.code).values_list("code", flat=True))
    codes = [entry.code, *(f"{entry.code}-{number}" for number in range(2, len(taken) + 2))]
    code = next(code for code in codes if code not in taken)
    program = open_program(replace(entry, code=code), now=now)
    for reward in chosen.rewards:
        set_reward(program, reward, now=now)
    return program
