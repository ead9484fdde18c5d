"""Programs to begin with, ready made."""

from dataclasses import replace
from datetime import datetime

from regulars.core.money import minor_per_unit
from regulars.loyalty.actions.programs import (
    ProgramInput,
    RuleInput,
    TierInput,
    UnitInput,
    open_program,
)
from regulars.loyalty.models import Program


def open_standard_program(
    *, currency: str, now: datetime, code: str = "club", name: str = "Club", name_ru: str = "Клуб"
) -> Program:
    """The standard program; opened before, it is given as it is."""
    entry = replace(standard_program(currency), code=code, name=name, name_ru=name_ru)
    return open_program(entry, now=now)


def standard_program(currency: str) -> ProgramInput:
    """A program most shops can start with.

    A point for every whole unit of money, a hundred points are worth one unit; status points
    for spending lead to three tiers, the higher ones earn more; every tenth visit brings a gift.
    """
    whole = minor_per_unit(currency)
    return ProgramInput(
        code="club",
        name="Club",
        name_ru="Клуб",
        currency=currency,
        units=_units(whole),
        tiers=(
            TierInput("bronze", "Bronze", 0, "Бронзовый"),
            TierInput("silver", "Silver", 1_000, "Серебряный"),
            TierInput("gold", "Gold", 4_000, "Золотой"),
        ),
        rules=_rules(whole),
    )


def _units(whole: int) -> tuple[UnitInput, ...]:
    return (
        UnitInput("points", "Points", "spendable", "Баллы", worth_minor=whole, worth_points=100),
        UnitInput("status", "Status points", "qualifying", "Статусные баллы"),
    )


def _rules(whole: int) -> tuple[RuleInput, ...]:
    return (*_rules_of_spending(whole), *_rules_of_tiers(), *_gifts())


def _rules_of_spending(whole: int) -> tuple[RuleInput, ...]:
    every_unit = {"per_minor": whole}
    return (
        RuleInput(
            "base",
            "One point for every unit of money",
            "share_of_purchase",
            every_unit,
            "Балл за каждую единицу денег",
            position=10,
        ),
        RuleInput(
            "status",
            "Status points for spending",
            "share_of_purchase",
            {**every_unit, "unit": "status"},
            "Статусные баллы за траты",
            position=20,
        ),
    )


def _rules_of_tiers() -> tuple[RuleInput, ...]:
    return (
        RuleInput(
            "silver",
            "Silver earns a quarter more",
            "multiplier",
            {"factor": "1.25", "tiers": ["silver"]},
            "Серебряный уровень: на четверть больше",
            position=30,
        ),
        RuleInput(
            "gold",
            "Gold earns half as much again",
            "multiplier",
            {"factor": "1.5", "tiers": ["gold"]},
            "Золотой уровень: в полтора раза больше",
            position=40,
        ),
    )


def _gifts() -> tuple[RuleInput, ...]:
    return (
        RuleInput(
            "tenth",
            "A gift at every tenth visit",
            "every_nth_visit",
            {"every": 10, "points": 50},
            "Подарок за каждый десятый визит",
            position=50,
        ),
        RuleInput(
            "welcome",
            "Welcome gift",
            "welcome_gift",
            {"points": 100},
            "Приветственный подарок",
            position=60,
        ),
    )
