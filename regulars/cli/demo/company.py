"""The demo company's own decisions: its brand, its people, its program, its surveys."""

from datetime import datetime

from regulars.company.models import Brand, Employee
from regulars.feedback.actions.surveys import create_survey
from regulars.feedback.models import Survey
from regulars.feedback.starters import starter
from regulars.journey.actions import ensure_defaults
from regulars.loyalty.actions.programs import (
    ProgramInput,
    RuleInput,
    TierInput,
    UnitInput,
    open_program,
)
from regulars.loyalty.models import Program
from regulars.loyalty.rules.expiry import Expiry

OWNER = "owner@example.com"
BRAND = "Maple & Main"
NOTE = (
    "Purchases are those of a US grocer in 2017 (The Complete Journey, CC0), with all dates moved "
    "forward by {weeks} weeks. Names of stores and people are invented. Answers to surveys are "
    "generated, in step with how each household shops; so are visits to the web site."
)
NOTE_RU = (
    "Покупки настоящие: это чеки продуктовой сети из США за 2017 год (The Complete Journey, CC0), "
    "все даты сдвинуты вперёд на {weeks} нед. Имена магазинов и людей вымышлены. Ответы на опросы "
    "сгенерированы с учётом того, как покупает каждая семья; так же и визиты на сайт."
)

PEOPLE = (
    (OWNER, "owner", "Olivia Hart", "Оливия Харт"),
    ("cx@example.com", "cx_manager", "Daniel Frost", "Дэниел Фрост"),
    ("marketing@example.com", "marketer", "Nina Bell", "Нина Белл"),
    ("loyalty@example.com", "loyalty_manager", "Victor Lane", "Виктор Лейн"),
    ("support@example.com", "agent", "Grace Kim", "Грейс Ким"),
    ("store@example.com", "store_manager", "Martin Cole", "Мартин Коул"),
    ("till@example.com", "cashier", "Rosa Diaz", "Роза Диас"),
)

PROGRAM = ProgramInput(
    code="club",
    name="Maple Club",
    name_ru="Клуб «Мейпл»",
    currency="USD",
    enrols="on_request",
    units=(
        UnitInput(
            "points",
            "Points",
            "spendable",
            "Баллы",
            worth_minor=1,
            expiry=Expiry(kind="months", months=12),
        ),
        UnitInput("status", "Status points", "qualifying", "Статусные баллы"),
        UnitInput("cashback", "Cashback", "money", "Кешбэк", worth_minor=1),
    ),
    tiers=(
        TierInput("green", "Green", 0, "Зелёный"),
        TierInput("silver", "Silver", 600, "Серебряный"),
        TierInput("gold", "Gold", 2_000, "Золотой"),
        TierInput("platinum", "Platinum", 4_000, "Платиновый"),
    ),
    rules=(
        RuleInput(
            "welcome", "Welcome gift", "welcome_gift", {"points": 100}, "Подарок за вступление"
        ),
        RuleInput(
            "spend",
            "A point for each dollar",
            "share_of_purchase",
            {"points": "1", "per_minor": 100},
            "Балл за каждый доллар",
            position=10,
        ),
        RuleInput(
            "produce",
            "Double points on fruit and vegetables",
            "share_of_purchase",
            {"points": "1", "per_minor": 100, "lines": {"categories": ["Produce"]}},
            "Двойные баллы за овощи и фрукты",
            position=20,
        ),
        RuleInput(
            "tenth",
            "Every tenth visit",
            "every_nth_visit",
            {"every": 10, "points": 50},
            "Каждый десятый визит",
            position=30,
        ),
        RuleInput(
            "bakery",
            "5 % of the bakery back",
            "percentage_cashback",
            {"basis_points": 500, "cap_minor": 200, "lines": {"categories": ["Bakery"]}},
            "5 % за выпечку деньгами",
            position=40,
        ),
        RuleInput(
            "status",
            "Status for each dollar",
            "share_of_purchase",
            {"unit": "status", "points": "1", "per_minor": 100},
            "Статус за каждый доллар",
            position=50,
        ),
    ),
)


def set_up_company(*, weeks: int) -> None:
    """The brand, and a person for each role."""
    Brand.objects.update_or_create(
        pk=1,
        defaults={
            "name": BRAND,
            "color": "#1c5d3f",
            "currency": "USD",
            "timezone": "America/New_York",
            "is_set_up": True,
            "has_sample": True,
            "sample_note": NOTE.format(weeks=weeks),
            "sample_note_ru": NOTE_RU.format(weeks=weeks),
        },
    )
    for email, role, name, name_ru in PEOPLE:
        Employee.objects.get_or_create(
            email=email, defaults={"role": role, "name": name, "name_ru": name_ru}
        )


def set_up_program(*, began_at: datetime) -> Program:
    """The loyalty program, opened when its first purchases were made."""
    return open_program(PROGRAM, now=began_at)


def set_up_surveys(*, now: datetime) -> dict[str, Survey]:
    """Surveys by the starter they were made from; made once."""
    ensure_defaults(now=now)
    names = {"after_purchase": "After a purchase", "after_service": "After a service contact"}
    return {
        key: Survey.objects.filter(name=name).first()
        or create_survey(name=name, definition=starter(key).definition, now=now)
        for key, name in names.items()
    }
