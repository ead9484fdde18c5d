"""Conditions that people choose from lists, and the expressions they are written as."""

import re
from dataclasses import dataclass

SIGNS = {
    "equal": "=",
    "notequal": "!=",
    "less": "<",
    "lessorequal": "<=",
    "greater": ">",
    "greaterorequal": ">=",
    "contains": "contains",
    "notcontains": "notcontains",
    "empty": "empty",
    "notempty": "notempty",
}
WITHOUT_VALUE = ("empty", "notempty")
_NAMES = {sign: name for name, sign in SIGNS.items()} | {"==": "equal", "<>": "notequal"}
_PART = re.compile(
    r"""\s*\{\s*(?P<name>[^{}]+?)\s*\}\s*
    (?:(?P<bare>notempty|empty)
      |(?P<sign><=|>=|<>|==|!=|=|<|>|notcontains\b|contains\b)\s*
       (?P<value>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|-?\d+(?:\.\d+)?|true|false))\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_JOINT = re.compile(r"(and|or|&&|\|\|)\b|(&&|\|\|)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of an answer; the value is text as people write it, "" where none is needed."""

    name: str
    operator: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Several comparisons of which all must hold, or any."""

    every: bool
    parts: tuple[Condition, ...]


def read_conditions(source: str) -> Conditions | None:
    """The comparisons that an expression consists of; None where it says more than that.

    >>> read_conditions("{nps} <= 6 and {why} notempty").parts
    (Condition(name='nps', operator='lessorequal', value='6'), Condition(name='why', operator='notempty', value=''))
    >>> read_conditions("{a} = 1 and ({b} = 2 or {c} = 3)") is None
    True
    """
    parts: list[Condition] = []
    joints: set[bool] = set()
    position = 0
    while match := _PART.match(source, position):
        parts.append(_condition(match))
        position = match.end()
        joint = _JOINT.match(source, position)
        if joint is None:
            break
        joints.add(joint.group().lower() in ("and", "&&"))
        position = joint.end()
    if position < len(source) or len(joints) > 1 or len(parts) != _awaited(parts, source):
        return None
    return Conditions(every=joints != {False}, parts=tuple(parts))


def write_conditions(told: Conditions) -> str:
    """The expression for comparisons; "" for none.

    >>> write_conditions(Conditions(False, (Condition("a", "equal", "it's"), Condition("b", "less", "3"))))
    "{a} = 'it\\\\'s' or {b} < 3"
    """
    joint = " and " if told.every else " or "
    return joint.join(_written(one) for one in told.parts)


def _condition(match: re.Match[str]) -> Condition:
    if match["bare"]:
        return Condition(match["name"], match["bare"].lower())
    return Condition(match["name"], _NAMES[match["sign"].lower()], _plain(match["value"]))


def _awaited(parts: list[Condition], source: str) -> int:
    """How many comparisons a whole expression has: one more than the words between them."""
    quoted = re.sub(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", "", source)
    return len(re.findall(r"\band\b|\bor\b|&&|\|\|", quoted, re.IGNORECASE)) + 1 if parts else 0


def _plain(literal: str) -> str:
    if literal[0] in "'\"":
        return re.sub(r"\\(['\"])", r"\1", literal[1:-1])
    return literal


def _written(one: Condition) -> str:
    sign = SIGNS[one.operator]
    if one.operator in WITHOUT_VALUE:
        return f"{{{one.name}}} {sign}"
    is_bare = re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?|true|false", one.value)
    escaped = one.value.replace("'", "\\'")
    literal = one.value if is_bare else f"'{escaped}'"
    return f"{{{one.name}}} {sign} {literal}"
