"""Random questions that hold other questions, and answers to them."""

from random import Random
from typing import Any

Json = dict[str, Any]
ROWS = ("r1", "r2", "r3")


def _column(random: Random, name: str, before: list[str], word: str) -> Json:
    """One column or inner question; its conditions speak of those before it in the same row."""
    kind = random.choice(("text", "radiogroup", "checkbox", "boolean", "rating", "comment"))
    made: Json = {"name": name, "type": kind}
    if kind in ("radiogroup", "checkbox"):
        made["choices"] = ["a", "b", "c"]
    if kind == "rating":
        made["rateMax"] = 5
    if random.random() < 0.3:
        made["isRequired"] = True
    if before and random.random() < 0.5:
        other = f"{{{word}.{random.choice(before)}}}"
        sign = random.choice(("notempty", "empty", "= 'a'", "= 2", "= true"))
        made["visibleIf"] = f"{other} {sign}"
    elif before and random.random() < 0.2:
        made["requiredIf"] = f"{{{word}.{random.choice(before)}}} notempty"
    if word == "panel" and random.random() < 0.1 and before:
        made = {"name": name, "type": "expression", "expression": f"{{panel.{before[0]}}} + 1"}
    return made


def _columns(random: Random, word: str) -> list[Json]:
    made: list[Json] = []
    for name in ("x", "y", "z")[: random.randint(1, 3)]:
        before = [one["name"] for one in made if one["type"] != "expression"]
        made.append(_column(random, name, before, word))
    return made


def _as_columns(columns: list[Json]) -> list[Json]:
    return [{**one, "cellType": one["type"]} | {"type": None} for one in columns]


def _without_none(columns: list[Json]) -> list[Json]:
    return [{key: one for key, one in column.items() if one is not None} for column in columns]


def paneldynamic(maker: Any) -> Json:
    """Panels that repeat."""
    return {"type": "paneldynamic", "templateElements": _columns(maker.random, "panel")}


def matrixdynamic(maker: Any) -> Json:
    """Rows that repeat."""
    columns = _without_none(_as_columns(_columns(maker.random, "row")))
    return {"type": "matrixdynamic", "columns": columns, "rowCount": maker.random.randint(0, 2)}


def matrixdropdown(maker: Any) -> Json:
    """Rows by name."""
    columns = _without_none(_as_columns(_columns(maker.random, "row")))
    return {"type": "matrixdropdown", "columns": columns, "rows": list(ROWS[:2])}


def matrix(maker: Any) -> Json:
    """The same choices in every row."""
    made: Json = {"type": "matrix", "columns": [1, 2, 3], "rows": list(ROWS)}
    for key in ("eachRowRequired", "eachRowUnique"):
        if maker.chance(0.2):
            made[key] = True
    return made


def multipletext(maker: Any) -> Json:
    """Texts that belong together."""
    items: list[Json] = [{"name": "i1"}, {"name": "i2", "inputType": "number"}]
    if maker.chance(0.3):
        items[0]["isRequired"] = True
    return {"type": "multipletext", "items": items}


def columns_of(question: Json) -> list[Json]:
    """The inner questions, however they are written."""
    found: list[Json] = question.get("columns") or question.get("templateElements") or []
    return [{**one, "type": one.get("cellType", one.get("type"))} for one in found]


def _cell(random: Random, column: Json) -> Any:
    values: dict[str, tuple[Any, ...]] = {
        "text": ("a", "words"), "comment": ("b",), "radiogroup": ("a", "b"), "boolean": (True, False),
        "checkbox": (["a"], ["b", "c"]), "rating": (1, 2, 5),
    }  # fmt: skip
    return random.choice(values[column["type"]])


def row_for(random: Random, question: Json) -> Json:
    """One row with some of its answers."""
    return {
        one["name"]: _cell(random, one)
        for one in columns_of(question)
        if one["type"] != "expression" and random.random() < 0.7
    }


def rows_for(random: Random, question: Json) -> Any:
    """Two rows, or one; at least one of them says something."""
    rows = [row_for(random, question) for _ in range(random.randint(1, 2))]
    return rows if any(rows) else None


def named_rows_for(random: Random, question: Json) -> Any:
    """Some of the rows by name, without empty ones."""
    given = {name: row_for(random, question) for name in question["rows"] if random.random() < 0.7}
    return {name: row for name, row in given.items() if row} or None


def condition_on(maker: Any, question: Json) -> str:
    """A condition about a part of the answer."""
    name, kind, random = question["name"], question["type"], maker.random
    if kind == "matrix":
        return (
            f"{{{name}.{random.choice(ROWS)}}} {random.choice(('= 2', '> 1', 'notempty', 'empty'))}"
        )
    if kind == "multipletext":
        return (
            f"{{{name}.{random.choice(('i1', 'i2'))}}} {random.choice(('= 5', 'notempty', '> 2'))}"
        )
    column = random.choice(columns_of(question))["name"]
    if kind == "matrixdropdown":
        return f"{{{name}.r1.{column}}} {random.choice(('notempty', '= 2', 'empty'))}"
    return random.choice(
        (
            f"{{{name}[0].{column}}} notempty",
            f"{{{name}[1].{column}}} = 'a'",
            f"{{{name}.length}} > 1",
            f"countInArray({{{name}}}, '{column}') >= 1",
            f"sumInArray({{{name}}}, '{column}', {{{column}}} > 1) > 2",
        )
    )


MAKERS = {
    "paneldynamic": paneldynamic, "matrixdynamic": matrixdynamic, "matrixdropdown": matrixdropdown,
    "matrix": matrix, "multipletext": multipletext,
}  # fmt: skip
VALUES = {
    "paneldynamic": rows_for, "matrixdynamic": rows_for, "matrixdropdown": named_rows_for,
    "matrix": lambda random, one: {
        row: random.randint(1, 3) for row in one["rows"] if random.random() < 0.8
    } or None,
    "multipletext": lambda random, one: random.choice(({"i1": "a"}, {"i1": "b", "i2": 5}, {"i2": 1})),
}  # fmt: skip
