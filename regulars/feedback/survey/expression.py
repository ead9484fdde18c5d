"""Survey expressions such as `{nps} <= 6 and {reasons} contains 'staff'`, read and evaluated.

The grammar is that of SurveyJS: or, and, comparisons, + -, * / %, ^, containment, then single
values with `empty` and `notempty`. Words are read whole, so a choice called `orange` is a text and
never an `or`; what SurveyJS would read in two ways, such as a word that begins with `true`, is
refused.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from regulars.feedback.survey.functions import Part, functions
from regulars.feedback.survey.operators import BINARY, Value, filled, is_empty, is_true, plain
from regulars.feedback.survey.scalars import unordered
from regulars.feedback.survey.scopes import MISSING, Scope, path_of, read_variable

LENGTH_MAX = 2000
DEPTH_MAX = 40

TOKEN = re.compile(
    r"""\s*(?:
      (?P<variable>\{[^{}]+\})
    | (?P<text>'(?:\\['"]|[^'"])*'|"(?:\\['"]|[^'"])*")
    | (?P<number>0x\d+|\d+\.\d+|[1-9]\d*|0)(?![\w.])
    | (?P<call>[a-zA-Z_]\w*)\(
    | (?P<word>[a-zA-Z_]\w*)
    | (?P<sign>\|\||&&|<=|>=|=<|=>|==|!=|<>|\*=|[=<>!+\-*/%^(),\[\]])
    )""",
    re.VERBOSE | re.ASCII,
)
TWO_MEANINGS = re.compile(r"(?i:true|false|negate)\w+|(null|undefined)\w+", re.ASCII)
COMPARISONS = {
    "=": "equal", "==": "equal", "equal": "equal",
    "!=": "notequal", "<>": "notequal", "notequal": "notequal",
    "<": "less", "less": "less", ">": "greater", "greater": "greater",
    "<=": "lessorequal", "=<": "lessorequal", "lessorequal": "lessorequal",
    ">=": "greaterorequal", "=>": "greaterorequal", "greaterorequal": "greaterorequal",
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
TRUTHS = {"true": True, "false": False}
NOTHING = ("null", "undefined")
NULLS = [("word", word) for word in NOTHING]
Values = Mapping[str, Value]
Node = Callable[[Scope], Value]


class BadExpression(ValueError):
    """An expression that does not follow the grammar; its text says where."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that has been read: evaluate it with answers, or ask what it depends on."""

    source: str
    variables: frozenset[str]
    node: Node
    is_restless: bool = False
    """Whether it calls a function without variables, as `today()`, so any change may matter to it."""

    def evaluate(self, values: Values | Scope) -> Value:
        """The value of the expression for these answers; never an error."""
        return unordered(self.node(values if isinstance(values, Scope) else Scope(values)))

    def holds(self, values: Values | Scope) -> bool:
        """Whether the expression is true for these answers; a number or a text is not true."""
        return self.evaluate(values) is True


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
    return Expression(source, frozenset(reader.variables), node, reader.is_restless)


def value_of(name: str, values: Values) -> Value:
    """The answer that a variable names: a question, a part of it (`a.b`) or an item (`a[0]`)."""
    found = Scope(values).at(path_of(name))
    return None if found is MISSING else found


def root_of(name: str) -> str:
    """The question that a variable is about: its name without parts, items and comment.

    >>> root_of("why-Comment"), root_of("goods[0].price")
    ('why', 'goods')
    """
    return re.split(r"[.\[]", name.removeprefix("#"))[0].removesuffix("-Comment")


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
        self.is_restless = False

    def finish(self) -> None:
        if self.position < len(self.tokens):
            raise BadExpression(f"unexpected {self.tokens[self.position][1]!r}")

    def disjunction(self) -> Node:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise BadExpression("too deeply nested")
        parts = [self.conjunction()]
        while self._take("or", "||"):
            parts.append(self.conjunction())
        self.depth -= 1
        return _joined(parts, wants=True)

    def conjunction(self) -> Node:
        parts = [self._rung(0)]
        while self._take("and", "&&"):
            parts.append(self._rung(0))
        return _joined(parts, wants=False)

    def _rung(self, index: int) -> Node:
        if index == len(LADDER):
            return self._factor()
        first, others = self._rung(index + 1), []
        while sign := self._take(*LADDER[index]):
            others.append((BINARY[LADDER[index][sign]], self._rung(index + 1)))
        return _chained(first, others)

    def _factor(self) -> Node:
        if self._take("!", "negate"):
            return _negated(self._deeper(self._factor))
        kind = self._next_kind()
        node = self._atom()
        sign = self._take("empty", "notempty") if kind not in ("call", "sign") else ""
        return _emptiness(node, expected=sign == "empty") if sign else node

    def _atom(self) -> Node:
        if self.position >= len(self.tokens):
            raise BadExpression("ends too early")
        kind, text = self.tokens[self.position]
        self.position += 1
        if kind == "sign":
            return self._signed(text)
        if kind == "call":
            return self._call(text)
        if kind == "variable":
            return self._variable(text[1:-1])
        return _constant(_word(text) if kind == "word" else _literal(kind, text))

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
        if name != name.strip():
            raise BadExpression(f"spaces inside the braces of {name.strip()!r}")
        self.variables.add(name.removeprefix("#"))
        if name.startswith("#"):
            return lambda scope: read_variable(scope, name[1:])
        return lambda scope: _converted(read_variable(scope, name))

    def _call(self, name: str) -> Node:
        function = FUNCTIONS.get(name)
        if function is None:
            raise BadExpression(f"unknown function {name!r}")
        first, around, was_restless = self.position, self.variables, self.is_restless
        self.variables = set()
        parts = self._sequence(")")
        self.is_restless = was_restless or not self.variables
        self.variables |= around
        is_text = len(parts) > 2 and self._is_text_in(first, at=2)
        called = [Part(part, is_text and at == 2) for at, part in enumerate(parts)]
        return lambda scope: unordered(function([part(scope) for part in parts], called, scope))

    def _is_text_in(self, first: int, *, at: int) -> bool:
        """Whether the argument at a place is a text constant and nothing else."""
        commas, depth, inside = 0, 0, []
        for kind, text in self.tokens[first : self.position - 1]:
            depth += (kind == "call" or text in "([") - (text in (")", "]"))
            commas += depth == 0 and text == ","
            if commas == at and text != ",":
                inside.append(kind)
        return inside in (["text"], ["word"])

    def _sequence(self, end: str) -> list[Node]:
        if self._take(end):
            return []
        is_nothing = self._next_is_nothing()
        parts = [self.disjunction()]
        while self._take(","):
            parts.append(self.disjunction())
        self._expect(end)
        return [] if is_nothing else parts

    def _next_is_nothing(self) -> bool:
        """Whether a list begins with a bare null; SurveyJS takes such a list for an empty one."""
        here = self.tokens[self.position : self.position + 2]
        return bool(here) and here[0] in NULLS and here[-1][1] in (",", ")", "]")

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


def _word(word: str) -> Value:
    """A bare word is a truth value, nothing, or a text by itself."""
    if word.lower() in ("and", "or") or TWO_MEANINGS.fullmatch(word):
        raise BadExpression(f"unexpected {word!r}")
    if word in NOTHING:
        return None
    return TRUTHS.get(word.lower(), word)


def _literal(kind: str, text: str) -> Any:
    if kind == "text":
        return re.sub(r"\\(['\"])", r"\1", text[1:-1])
    if text.startswith("0x"):
        return int(text, 16)
    return float(text) if "." in text else int(text)


def _converted(value: Value) -> Value:
    return plain(value) if isinstance(value, str) else value


def _constant(value: Value) -> Node:
    return lambda scope: value


def _listed(parts: list[Node]) -> Node:
    return lambda scope: [part(scope) for part in parts]


def _negated(node: Node) -> Node:
    return lambda scope: not is_true(node(scope))


def _emptiness(node: Node, *, expected: bool) -> Node:
    return lambda scope: is_empty(node(scope)) is expected


def _joined(parts: list[Node], *, wants: bool) -> Node:
    """Parts joined by "or" (one that is true is wanted) or by "and", however many there are."""
    if len(parts) == 1:
        return parts[0]

    def node(scope: Scope) -> Value:
        value = parts[0](scope)
        for part in parts[1:]:
            value = _logical(value, part(scope), wants=wants)
        return value

    return node


def _logical(left: Value, right: Value, *, wants: bool) -> Value:
    """The first value if it decides, or else the second; what is missing counts beside the other."""
    left = filled(left, right)
    return left if is_true(left) is wants else filled(right, left)


def _chained(first: Node, others: list[tuple[Callable[[Value, Value], Value], Node]]) -> Node:
    """Operators of one strength from left to right; a long chain is no deeper than a short one."""
    if not others:
        return first

    def node(scope: Scope) -> Value:
        value = first(scope)
        for apply, part in others:
            value = apply(value, part(scope))
        return value

    return node


def _node_of(source: str) -> Node:
    """The node of a condition that is given as a text; one that cannot be read is never met.

    Neither is one that looks at rows by itself: such a text could be an answer that calls itself.
    """
    if "InArray" in source:
        return _constant(None)
    try:
        return read_expression(source).node
    except BadExpression:
        return _constant(None)


FUNCTIONS = functions(_node_of)
