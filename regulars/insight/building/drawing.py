"""What a template needs to draw the cards of a condition: choices, comparisons, kinds of input."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from dataclasses import field as with_default
from typing import Any

from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from regulars.core.conditions.fields import Catalogue, Field, OpenField, Seen
from regulars.core.conditions.forms import TYPE_LABELS, operator_label
from regulars.core.conditions.operators import OPERATORS, operators_of
from regulars.insight.building.drafts import MOMENT, WHERE, Card
from regulars.insight.building.reading import field_of, scale_of, word_of

Drawn = dict[str, Any]
COUNTED = Field("count", "integer", "")
INPUTS = {
    "integer": "number",
    "number": "number",
    "decimal": "number",
    "date": "date",
    "datetime": "date",
}


@dataclass(frozen=True)
class Drawing:
    """Draws the cards of a draft over one catalogue; `at` is the place that gets the focus."""

    catalogue: Catalogue
    currency: str
    per_unit: int
    at: str = ""
    seen: dict[str, Sequence[Seen]] = with_default(default_factory=dict)

    def draw(self, card: Card, place: str) -> Drawn:
        """A card and all below it, for `insight/building/_card.html`."""
        return self._draw(card, place, self.catalogue)

    def _draw(self, card: Card, place: str, catalogue: Catalogue) -> Drawn:
        shape: Drawn = {
            "kind": card.kind,
            "place": place,
            "problem": card.problem,
            "focus": place == self.at,
            "is_first": place.endswith(".0"),
            "is_root": "." not in place,
        }
        match card.kind:
            case "group":
                return shape | self._group(card, place, catalogue)
            case "test":
                return shape | self._test(card, catalogue)
            case _:
                return shape | self._did(card, place)

    def _group(self, card: Card, place: str, catalogue: Catalogue) -> Drawn:
        parts = [
            self._draw(part, f"{place}.{index}", catalogue) for index, part in enumerate(card.parts)
        ]
        return {
            "modes": _options(
                [("all", _("all of")), ("any", _("any of")), ("none", _("none of"))],
                card.get("mode", "all"),
            ),
            "parts": parts,
            "has_facts": bool(catalogue.facts),
        }

    def _test(self, card: Card, catalogue: Catalogue) -> Drawn:
        shape: Drawn = {"fields": _fields(catalogue, card.get("field"))}
        if opened := catalogue.find_open(card.get("field")):
            shape |= self._named(card, opened)
        field = field_of(card, catalogue)
        return shape | self._compared(card, field) if field else shape

    def _named(self, card: Card, opened: OpenField) -> Drawn:
        """The name that people's programs gave, names to choose from, and the type to compare as."""
        if opened.name not in self.seen:
            self.seen[opened.name] = opened.seen()
        words = [(word, translation.gettext(label)) for word, label in TYPE_LABELS.items()]
        return {
            "is_named": True,
            "key": card.get("key"),
            "keys": [one.key for one in self.seen[opened.name]],
            "words": _options(words, word_of(card)),
        }

    def _compared(self, card: Card, field: Field) -> Drawn:
        """The comparison of a field: its operators, and the inputs that the chosen one needs."""
        known = operators_of(field)
        chosen = OPERATORS.get(card.get("is"))
        operator = chosen if chosen in known else known[0]
        choices = field.current_choices()
        named = [(str(one.value), str(one.label)) for one in choices or ()]
        if field.type == "boolean":
            named = [("yes", _("yes")), ("no", _("no"))]
        several = {text.strip() for text in card.get("several", card.get("value")).split(",")}
        return {
            "operators": _options(
                [(one.name, translation.gettext(operator_label(field, one.name))) for one in known],
                operator.name,
            ),
            "needs": operator.needs,
            "input": INPUTS.get(field.type, "text") if operator.needs != "days" else "number",
            "choices": _options(named, card.get("value")) if named else None,
            "many": _options(named, several) if named else None,
            "value": card.get("value"),
            "high": card.get("high"),
            "several": card.get("several", card.get("value")),
            "unit": self._unit(field),
            "suggestions": "category-paths" if field.type == "path" else "",
        }

    def _unit(self, field: Field) -> str:
        if field.name.endswith("_minor"):
            return self.currency
        return _("pieces or kilograms") if scale_of(field, self.per_unit) else ""

    def _did(self, card: Card, place: str) -> Drawn:
        fact = self.catalogue.find_fact(card.get("fact"))
        facts = [(one.name, str(one.label)) for one in self.catalogue.facts]
        shape: Drawn = {
            "done": _options([("did", _("did")), ("not", _("did not"))], card.get("done")),
            "is_not": card.get("done") == "not",
            "facts": _options([("", _("Choose…")), *facts], card.get("fact")),
            "window": card.get("window", "ever"),
            "windows": _options(_windows(), card.get("window", "ever")),
            "days": card.get("days"),
            "near": card.get("near"),
            "far": card.get("far"),
        }
        if fact is None:
            return shape
        where = card.where or Card("group", {"mode": "all"})
        shape["where"] = self._draw(where, f"{place}.{WHERE}", fact.fields)
        if card.of_one is not None:
            shape["moment"] = self._draw(card.of_one, f"{place}.{MOMENT}", fact.fields)
        return shape | self._measured(card, fact.fields)

    def _measured(self, card: Card, fields: Catalogue) -> Drawn:
        sums = [(one.name, str(one.label)) for one in fields if one.type == "integer"]
        measures = [("", _("at least once")), ("count", _("so many times"))]
        if sums:
            measures.append(("sum", _("in sum")))
        measures += [("first", _("and the first …")), ("last", _("and the last …"))]
        measure = card.get("measure")
        shape: Drawn = {"measures": _options(measures, measure), "measure": measure}
        if measure == "sum" and sums:
            of = card.get("of") if card.get("of") in fields else sums[0][0]
            return shape | {"sums": _options(sums, of)} | self._compared(card, fields.get(of))
        return shape | self._compared(card, COUNTED) if measure == "count" else shape


def _windows() -> list[tuple[str, str]]:
    return [
        ("ever", _("ever")),
        ("last_days", _("in the last … days")),
        ("last_hours", _("in the last … hours")),
        ("days_ago", _("between … and … days ago")),
        ("dates", _("between two days")),
    ]


def _fields(catalogue: Catalogue, chosen: str) -> SafeString:
    """All fields as options, grouped as the domains group them."""
    groups: dict[str, list[tuple[str, str]]] = {}
    everything: list[Field | OpenField] = [*catalogue, *catalogue.open_fields]
    for field in everything:
        groups.setdefault(str(field.group), []).append((field.name, str(field.label)))
    written = [format_html('<option value="">{}</option>', _("Choose…"))]
    for group, members in groups.items():
        inside = _options(members, chosen)
        label = format_html('<optgroup label="{}">{}</optgroup>', group, inside)
        written.append(label if group else inside)
    return format_html_join("", "{}", ((one,) for one in written))


def _options(pairs: Iterable[tuple[str, str]], chosen: str | Collection[str]) -> SafeString:
    held = {chosen} if isinstance(chosen, str) else chosen
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((name, SafeString(" selected" if name in held else ""), label) for name, label in pairs),
    )
