"""Formulas of XLSForm, which are XPath with a few words of its own, as expressions of our surveys."""

import re
from collections.abc import Callable, Sequence

LENGTH_MAX = 2000
DEPTH_MAX = 30
TOKEN = re.compile(
    r"""\s*(?:
      \$\{\s*(?P<name>[^{}]+?)\s*\} | (?P<path>\.\./[\w.-]+)
    | (?P<text>'[^']*'|"[^"]*") | (?P<number>\d+(?:\.\d+)?|\.\d+)
    | (?P<word>[A-Za-z_][\w-]*(?::[\w-]+)?) | (?P<sign>!=|<=|>=|[=<>+*(),-]) | (?P<self>\.)
    )""",
    re.VERBOSE,
)
LADDER: tuple[dict[str, str], ...] = (
    {"or": "or"},
    {"and": "and"},
    {"=": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="},
    {"+": "+", "-": "-"},
    {"*": "*", "div": "/", "mod": "%"},
)
SAME = {"if": "iif", "today": "today", "now": "currentDate", "round": "round", "int": "trunc"}
SAME |= {name: name for name in ("sum", "min", "max", "count")}
WRITTEN = {
    ("true", 0): "true",
    ("false", 0): "false",
    ("count-selected", 1): "count({0})",
    ("coalesce", 2): "iif({0} notempty, {0}, {1})",
    ("pow", 2): "({0} ^ {1})",
    **{(name, 1): "{0}" for name in ("number", "string", "boolean", "date", "once")},
}
"""How a function is written otherwise, by its name and how many arguments it has."""


class Untranslatable(ValueError):
    """A formula that says something our expressions cannot."""


Refer = Callable[[str], str]
"""What a question's name is in an expression, with its braces; `.` is the question itself."""


def translated(
    formula: str,
    refer: Refer,
    *,
    several: frozenset[str] = frozenset(),
    texts: frozenset[str] = frozenset(),
) -> str:
    """The formula as an expression. Raises Untranslatable with what is not known.

    `several` names the questions with more than one choice, of which one asks differently, `texts`
    those whose answer is a text, with `.` among them where the formula stands at one.

    >>> translated("${age} >= 18 and not(selected(${why}, 'price'))", "{{{}}}".format)
    "({age} >= 18) and (!({why} = 'price'))"
    >>> translated("if(${n} div 2 = 1, 'a', '')", "{{{}}}".format)
    "iif((({n} / 2) = 1), 'a', '')"
    >>> translated("string-length(${code}) = 4", "{{{}}}".format, texts=frozenset({"code"}))
    '{code.length} = 4'
    """
    if len(formula) > LENGTH_MAX:
        raise Untranslatable(formula[:40])
    reader = _Reader(_tokens(formula), refer, several, texts)
    said = reader.rung(0)
    if reader.rest:
        raise Untranslatable(reader.rest[0][1])
    return _bare(said)


def conjuncts(formula: str) -> list[str]:
    """The parts that a formula joins with `and` on its outside; all of it where there is an `or`.

    >>> conjuncts(". > 0 and regex(., 'a and b') and (. < 5 or . = 9)")
    ['. > 0', "regex(., 'a and b')", '(. < 5 or . = 9)']
    """
    found, depth, start = [], 0, 0
    for match in re.finditer(r"'[^']*'|\"[^\"]*\"|[()]|\b(?:and|or)\b", formula):
        sign = match[0]
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and sign == "or":
            return [formula.strip()]
        if depth == 0 and sign == "and":
            found.append(formula[start : match.start()].strip())
            start = match.end()
    return [*found, formula[start:].strip()]


def quoted(text: str) -> str:
    r"""A text as an expression says it.

    >>> print(quoted("it's"))
    'it\'s'
    """
    return "'" + re.sub(r"(['\"])", r"\\\1", text) + "'"


def _bare(said: str) -> str:
    return said[1:-1] if _is_wrapped(said) else said


def _is_wrapped(said: str) -> bool:
    """Whether one pair of brackets stands around all of it."""
    if not said.startswith("("):
        return False
    depth = 0
    bare = re.sub(r"'(?:\\'|[^'])*'", lambda one: "x" * len(one[0]), said)
    for at, match in enumerate(bare):
        depth += (match == "(") - (match == ")")
        if depth == 0:
            return at == len(bare) - 1
    return False


def _tokens(formula: str) -> list[tuple[str, str]]:
    found, at = [], 0
    formula = formula.rstrip()
    while at < len(formula):
        match = TOKEN.match(formula, at)
        if match is None:
            raise Untranslatable(formula[at : at + 20].strip())
        kind = match.lastgroup or ""
        found.append((kind, match[kind]))
        at = match.end()
    return found


class _Reader:
    def __init__(
        self,
        tokens: Sequence[tuple[str, str]],
        refer: Refer,
        several: frozenset[str],
        texts: frozenset[str],
    ) -> None:
        self.rest, self.refer, self.depth = list(tokens), refer, 0
        self.several, self.texts = several, texts

    def rung(self, step: int) -> str:
        """An operation of this rank or a tighter one."""
        if step == len(LADDER):
            return self.atom()
        said = self.rung(step + 1)
        while self.rest and self.rest[0][0] in ("sign", "word") and self.rest[0][1] in LADDER[step]:
            sign = LADDER[step][self.rest.pop(0)[1]]
            said = _compared(said, sign, self.rung(step + 1))
        return said

    def atom(self) -> str:
        """One value: a name, a literal, a call or what stands in brackets."""
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise Untranslatable("…")
        said = self.deeper(*self.take())
        if len(said) > LENGTH_MAX:  # some functions say a part of theirs twice
            raise Untranslatable(said[:40])
        self.depth -= 1
        return said

    def deeper(self, kind: str, text: str) -> str:
        """The value that begins with this token."""
        if kind == "sign":
            return self.after(text)
        if kind == "word":
            return self.call(text)
        if kind in ("name", "self", "path"):
            return self.refer(text.removeprefix("../"))
        if kind == "text":
            return quoted(text[1:-1])
        return f"0{text}" if text.startswith(".") else text

    def after(self, sign: str) -> str:
        """What follows a bracket or a minus."""
        if sign == "-":
            return f"(0 - {self.atom()})"
        if sign != "(":
            raise Untranslatable(sign)
        said = self.rung(0)
        self.expect(")")
        return said

    def call(self, name: str) -> str:
        """A call of a function. Raises Untranslatable for one that there is none of here."""
        if name == "selected" and len(self.rest) > 1:
            return self.selected()
        if name == "string-length" and len(self.rest) > 1:
            return self.length()
        given = self.arguments()
        if name in SAME:
            return f"{SAME[name]}({', '.join(given)})"
        written = WRITTEN.get((name, len(given)))
        if written is not None:
            return written.format(*given)
        if name == "not" and len(given) == 1:
            return f"(!({_bare(given[0])}))"
        if name == "concat" and given:
            return f"('' + {' + '.join(given)})"
        raise Untranslatable(name)

    def selected(self) -> str:
        """Whether a choice was taken: among several it is contained, and else it is the answer."""
        _kind, asked = self.rest[1]
        given = self.arguments()
        if len(given) != 2:
            raise Untranslatable("selected")
        sign = "contains" if asked.removeprefix("../") in self.several else "="
        return f"({given[0]} {sign} {given[1]})"

    def length(self) -> str:
        """How many characters an answer has. Raises Untranslatable where it is no text."""
        asked = self.rest[1][1].removeprefix("../")
        given = self.arguments()
        if not given:
            asked, given = ".", [self.refer(".")]
        if asked not in self.texts or len(given) > 1 or not re.fullmatch(r"\{[^{}]+\}", given[0]):
            raise Untranslatable("string-length")
        return f"{given[0][:-1]}.length}}"

    def arguments(self) -> list[str]:
        """What stands between the brackets of a call."""
        self.expect("(")
        given: list[str] = []
        while self.rest and self.rest[0] != ("sign", ")"):
            if given:
                self.expect(",")
            given.append(self.rung(0))
        self.expect(")")
        return given

    def take(self) -> tuple[str, str]:
        """The next token. Raises Untranslatable at the end."""
        if not self.rest:
            raise Untranslatable("…")
        return self.rest.pop(0)

    def expect(self, sign: str) -> None:
        """Take this sign. Raises Untranslatable for another."""
        if self.take() != ("sign", sign):
            raise Untranslatable(sign)


def _compared(left: str, sign: str, right: str) -> str:
    if right == "''" and sign in ("=", "!="):
        return f"({left} {'empty' if sign == '=' else 'notempty'})"
    return f"({left} {sign} {right})"
