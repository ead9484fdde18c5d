"""Survey expressions such as `{nps} <= 6 and {reasons} contains 'staff'`, read and evaluated.

The grammar is that of SurveyJS: or, and, comparisons, + -, * / %, ^, containment, then single
values with `empty` and `notempty`. Words are read whole, so a choice called `orange` is a text and
never an `or`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from regulars.feedback.survey.functions import FUNCTIONS
from regulars.feedback.survey.operators import BINARY, Value, is_empty, is_true, plain

LENGTH_MAX = 2000
DEPTH_MAX = 40

TOKEN = re.compile(
    r"""\s*(?:
      (?P<variable>\{[^{}]+\})
    | (?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
    | (?P<number>0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?)
    | (?P<word>[^\W\d]\w*)
    | (?P<sign>\|\||&&|<=|>=|==|!=|<>|\*=|[=<>!+\-*/%^(),\[\]])
    )""",
    re.VERBOSE,
)
COMPARISONS = {
    "=": "equal", "==": "equal", "equal": "equal",
    "!=": "notequal", "<>": "notequal", "notequal": "notequal",
    "<": "less", "less": "less", ">": "greater", "greater": "greater",
    "<=": "lessorequal", "lessorequal": "lessorequal",
    ">=": "greaterorequal", "greaterorequal": "greaterorequal",
}  # fmt: skip
CONTAINMENTS = {
    "*=": "contains", "contains": "contains", "contain": "contains",
    "notcontains": "notcontains", "notcontain": "notcontains",
    "anyof": "anyof", "noneof": "noneof", "allof": "allof",
}  # fmt: skip
LADDER: tuple[dict[str, str], ...] = (
    COMPARISONS,
    {"+": "plus", "-": "minus"},
    {"*": "mul", "/": "div", "%": "mod"},
    {"^": "power", "power": "power"},
    CONTAINMENTS,
)
CONSTANTS = {"true": True, "false": False, "null": None, "undefined": None}
Values = Mapping[str, Value]
Node = Callable[[Values], Value]


class BadExpression(ValueError):
    """An expression that does not follow the grammar; its text says where."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that has been read: evaluate it with answers, or ask what it depends on."""

    source: str
    variables: frozenset[str]
    node: Node

    def evaluate(self, values: Values) -> Value:
        """The value of the expression for these answers; never an error."""
        return self.node(values)

    def holds(self, values: Values) -> bool:
        """Whether the expression counts as true for these answers."""
        return is_true(self.node(values))


@lru_cache(maxsize=2048)
def read_expression(source: str) -> Expression:
    """The expression that a text spells. Raises BadExpression with the place of the fault.

    >>> read_expression("{age} > 17 and {city} = 'Omsk'").holds({"age": 18, "city": "omsk"})
    True
    """
    if len(source) > LENGTH_MAX:
        raise BadExpression(f"longer than {LENGTH_MAX} characters")
    reader = _Reader(_tokens(source))
    node = reader.disjunction()
    reader.finish()
    return Expression(source, frozenset(reader.variables), node)


def value_of(name: str, values: Values) -> Value:
    """The answer that a variable names: a question, a part of it (`a.b`) or an item (`a[0]`)."""
    if name in values:
        return values[name]
    value: Any = values
    for step in re.findall(r"[^.\[\]]+", name):
        value = _step_into(value, step)
    return value


def root_of(name: str) -> str:
    """The question that a variable is about: its name without parts, items and comment.

    >>> root_of("why-Comment"), root_of("goods[0].price")
    ('why', 'goods')
    """
    return re.split(r"[.\[]", name.removeprefix("#"))[0].removesuffix("-Comment")


def _step_into(value: Value, step: str) -> Value:
    if isinstance(value, list):
        return value[int(step)] if step.isdigit() and int(step) < len(value) else None
    if not isinstance(value, Mapping):
        return None
    if step in value:
        return value[step]
    folded = step.lower()
    return next((found for key, found in value.items() if key.lower() == folded), None)


def _tokens(source: str) -> list[tuple[str, str]]:
    tokens, position, end = [], 0, len(source.rstrip())
    while position < end:
        match = TOKEN.match(source, position)
        if match is None:
            raise BadExpression(f"unexpected {source[position:].strip()[:12]!r}")
        kind = str(match.lastgroup)
        tokens.append((kind, match.group(kind)))
        position = match.end()
    return tokens


class _Reader:
    """Reads tokens from left to right, one method for each step of the grammar."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0
        self.variables: set[str] = set()

    def finish(self) -> None:
        if self.position < len(self.tokens):
            raise BadExpression(f"unexpected {self.tokens[self.position][1]!r}")

    def disjunction(self) -> Node:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise BadExpression("too deeply nested")
        node = self.conjunction()
        while self._take("or", "||"):
            node = _either(node, self.conjunction())
        self.depth -= 1
        return node

    def conjunction(self) -> Node:
        node = self._rung(0)
        while self._take("and", "&&"):
            node = _both(node, self._rung(0))
        return node

    def _rung(self, index: int) -> Node:
        if index == len(LADDER):
            return self._factor()
        node = self._rung(index + 1)
        while sign := self._take(*LADDER[index]):
            node = _binary(LADDER[index][sign], node, self._rung(index + 1))
        return node

    def _factor(self) -> Node:
        if self._take("!", "negate"):
            return _negated(self._deeper(self._factor))
        node = self._atom()
        while sign := self._take("empty", "notempty"):
            node = _emptiness(node, expected=sign == "empty")
        return node

    def _atom(self) -> Node:
        if self.position >= len(self.tokens):
            raise BadExpression("ends too early")
        kind, text = self.tokens[self.position]
        self.position += 1
        if kind == "sign":
            return self._signed(text)
        if kind == "variable":
            return self._variable(text[1:-1].strip())
        if kind == "word":
            return self._word(text)
        return _constant(_literal(kind, text))

    def _signed(self, sign: str) -> Node:
        if sign == "(":
            node = self.disjunction()
            self._expect(")")
            return node
        if sign == "[":
            return _listed(self._sequence("]"))
        if sign == "-" and self._next_kind() == "number":
            self.position += 1
            return _constant(-_literal("number", self.tokens[self.position - 1][1]))
        raise BadExpression(f"unexpected {sign!r}")

    def _variable(self, name: str) -> Node:
        self.variables.add(name.removeprefix("#"))
        if name.startswith("#"):
            return lambda values: value_of(name[1:], values)
        return lambda values: plain(value_of(name, values))

    def _word(self, word: str) -> Node:
        if self._take("("):
            return self._call(word)
        if word.lower() in ("and", "or"):
            raise BadExpression(f"unexpected {word!r}")
        if word.lower() in CONSTANTS:
            return _constant(CONSTANTS[word.lower()])
        return _constant(word)

    def _call(self, name: str) -> Node:
        function = FUNCTIONS.get(name.lower())
        if function is None:
            raise BadExpression(f"unknown function {name!r}")
        parts = self._sequence(")")
        return lambda values: function(*[part(values) for part in parts])

    def _sequence(self, end: str) -> list[Node]:
        if self._take(end):
            return []
        parts = [self.disjunction()]
        while self._take(","):
            parts.append(self.disjunction())
        self._expect(end)
        return parts

    def _deeper(self, read: Callable[[], Node]) -> Node:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise BadExpression("too deeply nested")
        node = read()
        self.depth -= 1
        return node

    def _next_kind(self) -> str:
        return self.tokens[self.position][0] if self.position < len(self.tokens) else ""

    def _take(self, *signs: str) -> str:
        if self._next_kind() not in ("sign", "word"):
            return ""
        text = self.tokens[self.position][1].lower()
        if text not in signs:
            return ""
        self.position += 1
        return text

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise BadExpression(f"{sign!r} is missing")


def _literal(kind: str, text: str) -> Any:
    if kind == "text":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if text.lower().startswith("0x"):
        return int(text, 16)
    return float(text) if "." in text else int(text)


def _constant(value: Value) -> Node:
    return lambda values: value


def _listed(parts: list[Node]) -> Node:
    return lambda values: [part(values) for part in parts]


def _negated(node: Node) -> Node:
    return lambda values: not is_true(node(values))


def _emptiness(node: Node, *, expected: bool) -> Node:
    return lambda values: is_empty(node(values)) is expected


def _either(left: Node, right: Node) -> Node:
    def choose(values: Values) -> Value:
        first = left(values)
        return first if is_true(first) else right(values)

    return choose


def _both(left: Node, right: Node) -> Node:
    def choose(values: Values) -> Value:
        first = left(values)
        return right(values) if is_true(first) else first

    return choose


def _binary(name: str, left: Node, right: Node) -> Node:
    apply = BINARY[name]
    return lambda values: apply(left(values), right(values))
