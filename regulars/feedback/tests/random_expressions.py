"""Random expressions and answers, from a seed, for comparison with the public engine."""

from random import Random
from typing import Any

NAMES = ("a", "b", "c", "list", "rows", "day")
SCALARS: tuple[Any, ...] = (
    0, 1, 2, 3, 5, 10, -1, 0.1, 0.2, 2.5, 1.005, True, False, "", "5", "05", "0,5", "1.5", "yes",
    "Yes ", "no", "true", "False", "item1", "item2", "2026-02-28", "2025-11-28", "'5'", " ", "0x10",
    "1e3", "12345678901234567", "a b", "Ann", None,
)  # fmt: skip
COMPARE = ("=", "==", "!=", "<", ">", "<=", ">=", "equal", "notequal", "less", "greater")
CONTAIN = ("contains", "notcontains", "anyof", "noneof", "allof", "*=")
ARITHMETIC = ("+", "-", "*", "/", "%", "^")
OVER_VALUES = ("sum", "min", "max", "avg", "count", "round", "trunc", "iif", "substring")
OVER_DATES = ("age", "year", "month", "day", "weekday", "getYear", "getDate")
UNITS = ("days", "months", "years", "hours", "minutes", "seconds")
OVER_ROWS = ("sumInArray", "avgInArray", "minInArray", "maxInArray", "countInArray")


def random_task(seed: str) -> dict[str, Any]:
    """A task for both engines: an expression, and answers for it."""
    random = Random(seed)
    return {"expression": random_expression(random), "values": random_values(random)}


def random_values(random: Random) -> dict[str, Any]:
    """Answers for the names, each there or not.

    An empty list is no answer, and equals `undefined` in survey-core but not `null`; we have one
    nothing only, so none is made.
    """
    values: dict[str, Any] = {name: random.choice(SCALARS) for name in ("a", "b", "c")}
    values["day"] = random.choice(("2026-01-31", "2024-02-29", "2026-11-28", None))
    values["list"] = [random.choice(SCALARS[1:-1]) for _ in range(random.randrange(1, 4))]
    values["rows"] = [
        {"n": random.choice(SCALARS), "m": random.choice((1, 2, 3))}
        for _ in range(random.randrange(1, 4))
    ]
    gone = random.sample(NAMES, random.randrange(3))
    return {name: value for name, value in values.items() if name not in gone}


def random_expression(random: Random, depth: int = 3) -> str:
    """One expression of the grammar."""
    if depth == 0:
        return _atom(random)
    make = random.choices(
        (_atom, _compared, _contained, _combined, _calculated, _called, _emptied, _negated),
        (2, 5, 3, 4, 3, 4, 1, 1),
    )[0]
    return make(random) if make is _atom else make(random, depth - 1)  # type: ignore[operator]


def _atom(random: Random) -> str:
    kind = random.randrange(8)
    if kind < 4:
        suffix = random.choice(("", "", "", "", "", "[0]", "[1].n", ".length", "[-1]"))
        return "{" + random.choice(("", "", "", "#")) + random.choice(NAMES) + suffix + "}"
    if kind == 4:
        return str(random.choice((0, 1, 2, 3, 5, 10, 0.1, 2.5, -1, "0x10")))
    if kind == 5:
        return random.choice(("true", "false", "null", "undefined", "item1", "yes", "orange"))
    if kind == 6:
        members = [_atom(random) for _ in range(random.randrange(1, 3))]
        return "[" + ", ".join(members) + "]"
    return repr(random.choice(("5", "yes", "item1", "2026-02-28", "", "A b", "true"))).replace(
        '"', "'"
    )


def _pair(random: Random, depth: int, sign: str) -> str:
    left, right = random_expression(random, depth), random_expression(random, depth)
    brackets = random.random() < 0.5
    return f"({left}) {sign} ({right})" if brackets else f"{left} {sign} {right}"


def _compared(random: Random, depth: int) -> str:
    return _pair(random, depth, random.choice(COMPARE))


def _contained(random: Random, depth: int) -> str:
    return _pair(random, depth, random.choice(CONTAIN))


def _combined(random: Random, depth: int) -> str:
    return _pair(random, depth, random.choice(("and", "or", "&&", "||", "AND")))


def _calculated(random: Random, depth: int) -> str:
    return _pair(random, depth, random.choice(ARITHMETIC))


def _emptied(random: Random, depth: int) -> str:
    return f"{{{random.choice(NAMES)}}} {random.choice(('empty', 'notempty'))}"


def _negated(random: Random, depth: int) -> str:
    return random.choice(("!", "negate ")) + f"({random_expression(random, depth)})"


def _called(random: Random, depth: int) -> str:
    kind = random.randrange(5)
    if kind < 2:
        parts = [random_expression(random, depth) for _ in range(random.randrange(1, 4))]
        return f"{random.choice(OVER_VALUES)}({', '.join(parts)})"
    if kind == 2:
        day = random.choice(("{day}", "{day}", "'2026-02-03'"))
        return f"{random.choice(OVER_DATES)}({day})"
    if kind == 3:
        unit, other = random.choice(UNITS), random.choice(("'2025-12-31'", "{day}"))
        call = random.choice(
            (f"dateDiff({{day}}, {other}, '{unit}')", f"diffDays({{day}}, {other})")
        )
        return random.choice((call, f"dateAdd({{day}}, {random.randrange(-3, 40)}, '{unit}')"))
    condition = random.choice(("", ", {m} > 1", ", '{m} = 2'", ", 'm'", ", m, {m} < 3"))
    return f"{random.choice(OVER_ROWS)}({{rows}}, 'n'{condition})"
