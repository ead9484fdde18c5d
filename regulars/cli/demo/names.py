"""Invented names for real but nameless stores and households, in English and Russian.

The published data know stores and households by number only. A name is chosen by that number, so
it is the same in every installation.
"""

from dataclasses import dataclass

FIRST = tuple(
    pair.split("/")
    for pair in (
        "Emma/Эмма Liam/Лиам Olivia/Оливия Noah/Ноа Ava/Ава James/Джеймс Sophia/София Lucas/Лукас "
        "Mia/Мия Henry/Генри Grace/Грейс Owen/Оуэн Chloe/Хлоя Jack/Джек Ruby/Руби Ethan/Итан "
        "Alice/Элис Daniel/Дэниел Clara/Клара Samuel/Сэмюэл Nora/Нора David/Дэвид Hannah/Ханна "
        "Leo/Лео Julia/Джулия Adam/Адам Lucy/Люси Martin/Мартин Stella/Стелла Victor/Виктор "
        "Diana/Диана Oscar/Оскар Laura/Лора Simon/Саймон Anna/Анна Peter/Питер Maria/Мария "
        "George/Джордж Helen/Хелен Robert/Роберт Irene/Айрин Thomas/Томас Vera/Вера Walter/Уолтер "
        "Edith/Эдит Frank/Фрэнк Rose/Роуз Arthur/Артур Sarah/Сара Philip/Филип"
    ).split()
)
LAST = tuple(
    pair.split("/")
    for pair in (
        "Carter/Картер Bennett/Беннетт Morgan/Морган Foster/Фостер Hughes/Хьюз Parker/Паркер "
        "Sullivan/Салливан Reed/Рид Cooper/Купер Ward/Уорд Brooks/Брукс Hayes/Хейс Porter/Портер "
        "Wells/Уэллс Fisher/Фишер Grant/Грант Spencer/Спенсер Palmer/Палмер Marsh/Марш Dean/Дин "
        "Lambert/Ламберт Walsh/Уолш Barker/Баркер Holt/Холт Fleming/Флеминг Stone/Стоун Boyd/Бойд "
        "Garrett/Гарретт Nolan/Нолан Pratt/Пратт Sharp/Шарп Tate/Тейт Vaughn/Вон Weaver/Уивер "
        "Abbott/Эбботт Bishop/Бишоп Chandler/Чандлер Dalton/Далтон Ellis/Эллис Finch/Финч "
        "Gibson/Гибсон Harper/Харпер Irwin/Ирвин Jenkins/Дженкинс Keller/Келлер Logan/Логан "
        "Mason/Мейсон Norton/Нортон Osborn/Осборн Perry/Перри Quinn/Куинн"
    ).split()
)
TOWNS = tuple(
    pair.split("/")
    for pair in (
        "Fairview/Фэрвью Riverside/Риверсайд Oakdale/Окдейл Milton/Милтон Brookfield/Брукфилд "
        "Ashland/Эшленд Clayton/Клейтон Franklin/Франклин Georgetown/Джорджтаун Greenville/Гринвилл "
        "Hudson/Хадсон Kingston/Кингстон Lebanon/Лебанон Madison/Мэдисон Newport/Ньюпорт "
        "Oxford/Оксфорд Salem/Сейлем Springfield/Спрингфилд Troy/Трой Vernon/Вернон "
        "Winchester/Уинчестер Burlington/Берлингтон Dover/Довер Milford/Милфорд Auburn/Оберн"
    ).split()
)
STREETS = tuple(
    pair.split("/")
    for pair in (
        "Oak/Оук Maple/Мейпл Cedar/Сидар Elm/Элм Walnut/Уолнат Chestnut/Честнат Church/Чёрч "
        "Market/Маркет Mill/Милл River/Ривер Park/Парк Hill/Хилл Lake/Лейк Bridge/Бридж "
        "Spring/Спринг Garden/Гарден Orchard/Орчард Prospect/Проспект Center/Сентер"
    ).split()
)


@dataclass(frozen=True)
class Name:
    """A name in the two languages of the interface."""

    en: str
    ru: str


def person_name(household: int) -> Name:
    """The name of a household's shopper; fifty by fifty names, spread by a prime step.

    >>> person_name(1)
    Name(en='Emma Hughes', ru='Эмма Хьюз')
    """
    first = FIRST[(household // len(LAST) * 7 + household - 1) % len(FIRST)]
    last = LAST[household * 4 % len(LAST)]
    return Name(f"{first[0]} {last[0]}", f"{first[1]} {last[1]}")


def town_name(index: int) -> Name:
    """The town of the n-th store."""
    town = TOWNS[index % len(TOWNS)]
    return Name(town[0], town[1])


def store_name(index: int) -> Name:
    """The name of the n-th store: its street and town, no two alike up to 475 stores.

    >>> store_name(0)
    Name(en='Oak Street, Fairview', ru='Оук-стрит, Фэрвью')
    """
    assert index < len(TOWNS) * len(STREETS), "more stores than names"
    street = STREETS[index // len(TOWNS)]
    town = town_name(index)
    return Name(f"{street[0]} Street, {town.en}", f"{street[1]}-стрит, {town.ru}")
