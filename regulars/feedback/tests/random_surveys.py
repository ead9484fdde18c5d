"""Random surveys and random ways through them, from a seed, for comparison with the public engine."""

from collections.abc import Callable
from random import Random
from typing import Any

from regulars.feedback.tests import random_groups

Json = dict[str, Any]
WORDS = ("a", "b", "c", "d")
COUNTED = ("rating", "number", "slider")


def random_path(seed: str) -> Json:
    """A task for both engines: a definition, and what a respondent does in it."""
    random = Random(seed)
    definition = _Maker(random).survey()
    return {"definition": definition, "steps": _steps(random, definition)}


SIGNS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (bool, ("=", "!=")),
    (int | float, ("<", ">", "<=", ">=", "=", "!=")),
    (str, ("=", "!=", "contains", "notcontains")),
    (list, ("contains", "anyof", "allof", "=", "noneof")),
    (dict, ("notempty",)),
)
"""The comparisons that make sense for each type of answer."""


class _Maker:
    """Makes one survey; conditions speak of earlier questions only, so nothing runs in circles."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.made: list[Json] = []
        self.numbers = 0
        self.clears = ""

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def survey(self) -> Json:
        self.clears = self.random.choice(
            ("", "", "", "none", "onComplete", "onHidden", "onHiddenContainer")
        )
        pages = [self.page(number) for number in range(1, self.random.randint(2, 4))]
        if all(one["type"] in ("html", "expression") for one in self.made):
            pages[0]["elements"].append({"type": "comment", "name": "q0"})
        survey: Json = {"pages": pages}
        if self.clears:
            survey["clearInvisibleValues"] = self.clears
        if self.chance(0.4):
            survey["calculatedValues"] = self.calculated()
        if self.chance(0.4) and not self.clears.startswith("onHidden"):
            survey["triggers"] = [self.trigger() for _ in range(self.random.randint(1, 2))]
        return survey

    def page(self, number: int) -> Json:
        page: Json = {"name": f"p{number}"}
        page = self.conditioned(page, share=0.25) if number > 1 else page
        return self.locked({**page, "elements": self.elements(depth=0)})

    def elements(self, depth: int) -> list[Json]:
        return [self.element(depth) for _ in range(self.random.randint(1, 3 - depth))]

    def element(self, depth: int) -> Json:
        if depth < 2 and self.chance(0.15):
            self.numbers += 1
            panel: Json = {"type": "panel", "name": f"panel{self.numbers}"}
            self.conditioned(panel, share=0.5)
            if self.chance(0.1):
                panel["isRequired"] = True
            panel["elements"] = self.elements(depth + 1)
            return self.locked(panel)
        return self.question()

    def question(self) -> Json:
        self.numbers += 1
        kind = self.random.choice(list(KINDS))
        question = {"name": f"q{self.numbers}", **KINDS[kind](self)}
        self.conditioned(question, share=0.4)
        if self.chance(0.3):
            question["isRequired"] = True
        self.influenced(question)
        if question["type"] == "expression":
            question["clearIfInvisible"] = "none"
            question.pop("enableIf", None)
        elif self.chance(0.1):
            question["clearIfInvisible"] = self.random.choice(("none", "onHidden", "onComplete"))
        self.made.append(question)
        return question

    def conditioned(self, element: Json, *, share: float) -> Json:
        is_group = element.get("type") in (None, "panel")
        if self.made and self.chance(share):
            element["visibleIf"] = self.condition()
        if self.made and self.chance(share / 4):
            element["requiredIf"] = self.condition()
        if self.made and self.chance(share / 4) and not is_group:
            element["enableIf"] = self.condition()
        return element

    def locked(self, group: Json) -> Json:
        """Perhaps a group that is read only at times; without calculations, which depend on order."""
        kinds = {one["type"] for one in _questions_in(group["elements"])}
        if self.made and self.chance(0.1) and "expression" not in kinds:
            names = {one["name"] for one in _questions_in(group["elements"])}
            inside, self.made = self.made, [one for one in self.made if one["name"] not in names]
            if self.made:
                group["enableIf"] = self.condition()
            self.made = inside
        return group

    def influenced(self, question: Json) -> None:
        if question["type"] in ("html", "expression", "file", *NESTED):
            return
        if self.chance(0.1) and not self.clears.startswith("onHidden"):
            value = value_for(self.random, question)
            # A hidden choice as default: there we differ on purpose (docs/algorithms/survey-engine.md).
            if not _may_be_hidden(question, value):
                question["defaultValue"] = value
        elif self.made and self.chance(0.1):
            key = self.random.choice(("setValueIf", "resetValueIf"))
            question[key] = self.condition()
            if key == "setValueIf" and question["type"] == "comment":
                question["setValueExpression"] = self.reference(self.random.choice(self.made))

    def condition(self) -> str:
        parts = [self.comparison(self.random.choice(self.made))]
        while self.chance(0.3):
            parts.append(self.random.choice(("and", "or")))
            parts.append(self.comparison(self.random.choice(self.made)))
        text = " ".join(parts)
        return f"!({text})" if self.chance(0.1) else text

    def reference(self, question: Json) -> str:
        return "{" + question["name"] + "}"

    def comparison(self, question: Json) -> str:
        name, kind = self.reference(question), question["type"]
        if kind == "file" or self.chance(0.2):
            return f"{name} {self.random.choice(('empty', 'notempty'))}"
        if kind in NESTED:
            return random_groups.condition_on(self, question)
        value = value_for(self.random, question)
        signs = next(signs for types, signs in SIGNS if isinstance(value, types))
        sign = self.random.choice(signs)
        return f"{name} notempty" if isinstance(value, dict) else f"{name} {sign} {_literal(value)}"

    def calculated(self) -> list[Json]:
        source = self.random.choice(self.made)["name"]
        return [
            {
                "name": "calc1",
                "expression": f"iif({{{source}}} notempty, {{{source}}}, 7)",
                "includeIntoResult": self.chance(0.5),
            },
            {"name": "calc2", "expression": "{calc1} + 1"},
        ]

    def trigger(self) -> Json:
        plain = [one for one in self.made if _may_be_set(one)]
        if not plain:
            return {"type": "complete", "expression": self.condition()}
        kind = self.random.choice(("complete", "setvalue", "copyvalue", "runexpression", "skip"))
        at = self.random.randrange(len(plain))
        target = plain[at]
        self_made, self.made = self.made, [one for one in self.made if one is not target]
        if not self.made:
            self.made = self_made
            return {"type": "complete", "expression": self.comparison(target)}
        trigger: Json = {"type": kind, "expression": self.condition()}
        self.made = self_made
        if kind == "setvalue":
            trigger |= {"setToName": target["name"], "setValue": value_for(self.random, target)}
        elif kind == "copyvalue":
            texts = [one for one in plain if one["type"] == "comment"]
            if len(texts) < 2:
                return {"type": "complete", "expression": trigger["expression"]}
            trigger |= {"setToName": texts[-1]["name"], "fromName": texts[0]["name"]}
        elif kind == "runexpression":
            trigger |= {
                "setToName": target["name"],
                "runExpression": _literal(value_for(self.random, target)),
            }
        elif kind == "skip":
            trigger["gotoName"] = target["name"]
        return trigger

    def choices(self) -> Json:
        choices: list[Any] = list(self.random.choice((WORDS, (1, 2, 3), WORDS[:2])))
        made: Json = {"choices": choices}
        if self.made and self.chance(0.15):
            at = self.random.randrange(len(choices))
            choices[at] = {"value": choices[at], "visibleIf": self.condition()}
        elif self.made and self.chance(0.1):
            earlier = self.random.choice(self.made)
            made["choicesVisibleIf"] = (
                f"{{item}} != {_literal(_value_of(choices[0]))} or {self.reference(earlier)} notempty"
            )
        for key in ("showOtherItem", "showNoneItem"):
            if self.chance(0.2):
                made[key] = True
        return made


def _may_be_hidden(question: Json, value: Any) -> bool:
    hidden = [one["value"] for one in question.get("choices", ()) if isinstance(one, dict)]
    chosen = value if isinstance(value, list) else [value]
    return "choicesVisibleIf" in question or any(one in hidden for one in chosen)


def _rating(maker: _Maker) -> Json:
    return {"type": "rating", "rateMin": 0, "rateMax": maker.random.choice((5, 10))}


def _radiogroup(maker: _Maker) -> Json:
    return {"type": "radiogroup", **maker.choices()}


def _checkbox(maker: _Maker) -> Json:
    made: Json = {"type": "checkbox", **maker.choices()}
    if maker.chance(0.2):
        made["minSelectedChoices"] = 2
    if maker.chance(0.2):
        made["validators"] = [{"type": "answercount", "minCount": 1, "maxCount": 2}]
    return made


def _boolean(maker: _Maker) -> Json:
    return {"type": "boolean"}


def _comment(maker: _Maker) -> Json:
    made: Json = {"type": "comment"}
    if maker.chance(0.3):
        made["validators"] = [{"type": "text", "minLength": 3, "maxLength": 12}]
    return made


def _text(maker: _Maker) -> Json:
    kind = maker.random.choice(("text", "number", "email", "date", "number"))
    made: Json = {"type": "text", "inputType": kind}
    if kind == "number" and maker.chance(0.5):
        made |= {"min": 2, "max": 8}
    if kind == "number" and maker.chance(0.2):
        made["validators"] = [{"type": "numeric", "minValue": 3}]
    if kind == "number" and maker.chance(0.2):
        made["step"] = 0.5
    if kind == "date" and maker.chance(0.5):
        made["min"] = "2026-01-10"
    if kind == "text" and maker.chance(0.3):
        made["validators"] = [{"type": "regex", "regex": "^[a-d]+$", "caseInsensitive": True}]
    if kind == "text" and maker.made and maker.chance(0.3):
        made["validators"] = [{"type": "expression", "expression": maker.condition()}]
    return made


def _html(maker: _Maker) -> Json:
    return {"type": "html", "html": "<p>Some words.</p>"}


def _expression(maker: _Maker) -> Json:
    if not maker.made:
        return _html(maker)
    first = maker.made[-1]["name"]
    numbers = [f"{{{one['name']}}}" for one in maker.made if one["type"] in ("rating", "slider")]
    sources = [f"iif({maker.condition()}, 'yes', 'no')", f"{{{first}}} + 1", f"count({{{first}}})"]
    if numbers:
        sources += [f"sum({', '.join(numbers)})", f"round(avg({', '.join(numbers)}), 1)"]
    return {"type": "expression", "expression": maker.random.choice(sources)}


KINDS: dict[str, Callable[[_Maker], Json]] = {
    "rating": _rating, "radiogroup": _radiogroup, "checkbox": _checkbox, "boolean": _boolean,
    "comment": _comment, "text": _text, "html": _html, "expression": _expression,
    "dropdown": lambda maker: {"type": "dropdown", **maker.choices()},
    "tagbox": lambda maker: {"type": "tagbox", **maker.choices()},
    "buttongroup": lambda maker: {"type": "buttongroup", "choices": list(WORDS[:3])},
    "ranking": lambda maker: {"type": "ranking", "choices": list(WORDS)},
    "slider": lambda maker: {"type": "slider", "min": 0, "max": 10},
    "file": lambda maker: {"type": "file", "allowMultiple": maker.chance(0.5)},
    **random_groups.MAKERS,
}  # fmt: skip
NESTED = random_groups.MAKERS


FILES = [{"name": f"{name}.png", "type": "image/png", "content": f"upload:{name}"} for name in "ab"]


def _one_choice(random: Random, question: Json) -> Any:
    return random.choice(_offered(question))


def _several_choices(random: Random, question: Json) -> Any:
    offered = _offered(question, alone=False)
    return random.sample(offered, random.randint(1, min(3, len(offered))))


VALUES: dict[str, Callable[[Random, Json], Any]] = {
    "rating": lambda random, one: random.randint(0, one["rateMax"]),
    **dict.fromkeys(("dropdown", "buttongroup"), _one_choice), "radiogroup": _one_choice,
    **dict.fromkeys(("checkbox", "tagbox"), _several_choices),
    "boolean": lambda random, one: random.random() < 0.5,
    "comment": lambda random, one: random.choice(("ab", "words", "a long row of words", "A")),
    "text": lambda random, one: random.choice(TEXTS[one.get("inputType", "text")]),
    "expression": lambda random, one: random.choice((1, 5, "yes")),
    "html": lambda random, one: "x",
    "ranking": lambda random, one: random.sample(one["choices"], len(one["choices"])),
    "slider": lambda random, one: random.randint(0, 10),
    "file": lambda random, one: random.choice(
        ([], FILES[:1], FILES[1:], FILES if one["allowMultiple"] else FILES[:1])
    ),
    **random_groups.VALUES,
}  # fmt: skip
TEXTS: dict[str, tuple[Any, ...]] = {
    "text": ("a", "ABc", "xyz", "b5", "5"),
    "number": (1, 2, 3.5, 5, 9, 0, 7.25),
    "email": ("a@b.example", "nobody", "x.y@z.org"),
    "date": ("2026-01-01", "2026-01-31", "2025-06-15"),
}


def _may_be_set(question: Json) -> bool:
    """Whether a trigger may aim at it; not where it could give a choice that is hidden."""
    if question["type"] in ("html", "expression", "ranking", "file", *NESTED):
        return False
    is_free = all(not isinstance(one, dict) for one in question.get("choices", ()))
    return is_free and "choicesVisibleIf" not in question


def value_for(random: Random, question: Json) -> Any:
    """An answer that the page of the question would let through, right or wrong."""
    return VALUES[question["type"]](random, question)


def _offered(question: Json, *, alone: bool = True) -> list[Any]:
    values = [_value_of(one) for one in question["choices"]]
    if question.get("showOtherItem"):
        values.append("other")
    if question.get("showNoneItem") and alone:
        values.append("none")
    return values


def _value_of(choice: Any) -> Any:
    return choice["value"] if isinstance(choice, dict) else choice


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_literal(one) for one in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) else str(value)


def _questions_in(elements: list[Json]) -> list[Json]:
    found: list[Json] = []
    for one in elements:
        found += _questions_in(one["elements"]) if one["type"] == "panel" else [one]
    return found


def _steps(random: Random, definition: Json) -> list[Json]:
    steps: list[Json] = []
    for page in definition["pages"]:
        for question in _questions_in(page["elements"]):
            if question["type"] in ("html", "expression") or random.random() < 0.25:
                continue
            steps.append({"set": {question["name"]: _given(random, question)}})
            if question.get("showOtherItem") and random.random() < 0.5:
                steps.append({"comment": {question["name"]: "own words"}})
        steps.append({"go": "on"})
        if random.random() < 0.15:
            steps.append({"go": "back"})
    everything = [one for page in definition["pages"] for one in _questions_in(page["elements"])]
    for _ in range(random.randint(0, 4)):
        question = random.choice(everything)
        if question["type"] not in ("html", "expression"):
            steps.append({"set": {question["name"]: _given(random, question)}})
    return steps + [{"go": "on"}] * (len(definition["pages"]) + 1)


def _given(random: Random, question: Json) -> Any:
    if random.random() < 0.12 and question["type"] not in NESTED:
        return None
    return value_for(random, question)
