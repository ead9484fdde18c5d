"""So many of a unit, in words: companies name their units, and names bend with numbers."""

from decimal import Decimal

_FORMS = {
    "points": ("point", "points"),
    "status points": ("status point", "status points"),
    "bonus points": ("bonus point", "bonus points"),
    "stamps": ("stamp", "stamps"),
    "stars": ("star", "stars"),
    "coins": ("coin", "coins"),
    "miles": ("mile", "miles"),
    "баллы": ("балл", "балла", "баллов"),
    "статусные баллы": ("статусный балл", "статусных балла", "статусных баллов"),
    "бонусные баллы": ("бонусный балл", "бонусных балла", "бонусных баллов"),
    "бонусы": ("бонус", "бонуса", "бонусов"),
    "отметки": ("отметка", "отметки", "отметок"),
    "звёзды": ("звезда", "звезды", "звёзд"),
    "монеты": ("монета", "монеты", "монет"),
    "мили": ("миля", "мили", "миль"),
}
"""Names that programs often have: English for one and many; Russian for one, a few and many."""


def so_many(number: int | Decimal, shown: str, name: str) -> str:
    """A number, as it is shown, with the name of its unit bent to it.

    A name whose forms are not known stands before the number, which is right in any language.

    >>> so_many(1, "1", "Points"), so_many(1_000, "1,000", "Points")
    ('1 point', '1,000 points')
    >>> so_many(22, "22", "Баллы"), so_many(Decimal("1.5"), "1,5", "Баллы")
    ('22 балла', '1,5 балла')
    >>> so_many(3, "3", "Coffee beans")
    'Coffee beans: 3'
    """
    forms = _FORMS.get(name.strip().lower())
    if forms is None:
        return f"{name}: {shown}"
    form = _english(number) if len(forms) == 2 else _russian(number)
    return f"{shown} {forms[form]}"


def _english(number: int | Decimal) -> int:
    return int(abs(number) != 1)


def _russian(number: int | Decimal) -> int:
    size = abs(Decimal(number))
    if size % 1:
        return 1
    if size % 10 == 1 and size % 100 != 11:
        return 0
    return 1 if size % 10 in (2, 3, 4) and size % 100 not in (12, 13, 14) else 2
