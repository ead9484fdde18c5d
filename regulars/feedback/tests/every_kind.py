"""A survey with every kind of question, for tests of pages and engines."""

from typing import Any


def _said(english: str, russian: str) -> dict[str, str]:
    return {"default": english, "ru": russian}


CHOICES = [
    {"value": "range", "text": _said("Range of goods", "Ассортимент")},
    {"value": "prices", "text": _said("Prices", "Цены")},
    {"value": "staff", "text": _said("Staff", "Персонал")},
]
EVERY_KIND: dict[str, Any] = {
    "title": _said("Everything at once", "Всё сразу"),
    "locale": "en",
    "pages": [
        {
            "name": "one",
            "elements": [
                {"type": "html", "name": "hello", "html": "<p>Thank you for <b>your time</b>.</p>"},
                {"type": "rating", "name": "nps", "title": _said("Would you recommend us?", "Порекомендуете нас?"),
                 "rateMin": 0, "rateMax": 10},
                {"type": "dropdown", "name": "town", "title": _said("Your town", "Ваш город"),
                 "choices": ["Omsk", "Tomsk", "Perm"], "showOtherItem": True},
                {"type": "tagbox", "name": "liked", "title": _said("What did you like?", "Что понравилось?"),
                 "choices": CHOICES},
                {"type": "ranking", "name": "order", "title": _said("What matters most?", "Что важнее всего?"),
                 "choices": CHOICES},
                {"type": "slider", "name": "share", "title": _said("Share of purchases with us, %", "Доля покупок у нас, %")},
                {"type": "panel", "name": "person", "title": _said("About you", "О вас"), "elements": [
                    {"type": "text", "name": "born", "title": _said("Date of birth", "Дата рождения"),
                     "inputType": "date"},
                    {"type": "boolean", "name": "news", "title": _said("May we write to you?", "Можно вам писать?"),
                     "showCommentArea": True},
                ]},
                {"type": "file", "name": "photo", "title": _said("A photo of the shelf", "Фото полки"), "allowMultiple": True},
                {"type": "buttongroup", "name": "visit", "title": _said("How often?", "Как часто?"),
                 "choices": ["weekly", "monthly"]},
            ],
        },
        {
            "name": "two",
            "elements": [
                {"type": "matrix", "name": "agree", "title": _said("Do you agree?", "Согласны?"),
                 "columns": [{"value": 1, "text": _said("No", "Нет")}, {"value": 2, "text": _said("Partly", "Частично")},
                             {"value": 3, "text": _said("Yes", "Да")}],
                 "rows": [{"value": "clean", "text": _said("The store is clean", "В магазине чисто")},
                          {"value": "quick", "text": _said("The till is quick", "Касса быстрая")}]},
                {"type": "multipletext", "name": "reach", "title": _said("How to reach you", "Как с вами связаться"),
                 "items": [{"name": "mail", "title": _said("E-mail", "Эл. почта"), "inputType": "email"},
                           {"name": "phone", "title": _said("Phone", "Телефон"), "inputType": "tel"}]},
                {"type": "matrixdropdown", "name": "goods", "title": _said("Two goods", "Два товара"),
                 "rows": [{"value": "bread", "text": _said("Bread", "Хлеб")}, {"value": "milk", "text": _said("Milk", "Молоко")}],
                 "columns": [{"name": "taste", "title": _said("Taste", "Вкус"), "cellType": "rating"},
                             {"name": "why", "title": _said("Why so low?", "Почему так низко?"), "cellType": "comment",
                              "visibleIf": "{row.taste} < 3"}]},
                {"type": "paneldynamic", "name": "children", "title": _said("Your children", "Ваши дети"),
                 "templateTitle": _said("Child", "Ребёнок"), "panelCount": 1, "maxPanelCount": 3,
                 "templateElements": [
                     {"type": "text", "name": "age", "title": _said("Age", "Возраст"), "inputType": "number", "isRequired": True},
                     {"type": "radiogroup", "name": "school", "title": _said("Goes to school?", "Ходит в школу?"),
                      "choices": ["yes", "no"], "visibleIf": "{panel.age} > 5"}]},
                {"type": "matrixdynamic", "name": "visits", "title": _said("Latest visits", "Последние визиты"), "rowCount": 1,
                 "columns": [{"name": "day", "title": _said("Day", "День"), "cellType": "text", "inputType": "date"}]},
                {"type": "expression", "name": "count", "title": _said("Children in all", "Всего детей"),
                 "expression": "{children.length}"},
            ],
        },
    ],
    "regulars": {"measures": {"nps": "nps"}},
}  # fmt: skip
