"""Drafts to conditions: each card is read by itself, so what is wrong stands where it is wrong."""

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from regulars.core.conditions.fields import OPEN_TYPES, Catalogue, Field, OpenField
from regulars.core.conditions.notes import DIGITS_MAX
from regulars.core.conditions.operators import OPERATORS
from regulars.core.conditions.reading import parse
from regulars.core.conditions.words import Words
from regulars.core.errors import Refused
from regulars.core.money import minor_per_unit
from regulars.insight.building.drafts import Card

Raw = dict[str, Any]


class DraftReader:
    """Reads drafts of one catalogue. Money is typed in whole units, days in the company's zone."""

    def __init__(
        self, catalogue: Catalogue, *, words: Words, currency: str, zone: str, choose: str
    ) -> None:
        self.catalogue = catalogue
        self.words = words
        self.per_unit = minor_per_unit(currency)
        self.zone = ZoneInfo(zone)
        self.choose = choose

    def read(self, card: Card) -> Raw | None:
        """The condition of a draft in its JSON form, or None where some card has a problem."""
        return self._read(card, self.catalogue)

    def _read(self, card: Card, catalogue: Catalogue) -> Raw | None:
        if card.kind == "group":
            return self._group(card, catalogue)
        raw = self._test(card, catalogue) if card.kind == "test" else self._did(card)
        if raw is None:
            return None
        try:
            parse(raw, catalogue, words=self.words)
        except Refused as refused:
            card.problem = refused.message
            return None
        return raw

    def _group(self, card: Card, catalogue: Catalogue) -> Raw | None:
        parts = [self._read(part, catalogue) for part in card.parts]
        if any(part is None for part in parts):
            return None
        mode = card.get("mode", "all")
        return {"not": {"any": parts}} if mode == "none" else {mode: parts}

    def _test(self, card: Card, catalogue: Catalogue) -> Raw | None:
        field = field_of(card, catalogue)
        if field is None:
            card.problem = self.choose
            return None
        compared = self._compared(card, field)
        if not catalogue.find_open(field.name):
            return {"field": field.name, **compared}
        word = {} if card.get("is") in ("is_known", "is_unknown") else {"as": word_of(card)}
        return {"field": field.name, "key": card.get("key").strip(), **word, **compared}

    def _compared(self, card: Card, field: Field) -> Raw:
        raw: Raw = {"is": card.get("is")}
        operator = OPERATORS.get(raw["is"])
        match operator.needs if operator else "nothing":
            case "one":
                raw["value"] = self._value(card.get("value"), field)
            case "two":
                raw["value"] = [self._value(card.get(key), field) for key in ("value", "high")]
            case "several":
                texts = [text.strip() for text in card.get("several").split(",")]
                raw["value"] = [self._value(text, field) for text in texts if text]
            case "days":
                raw["value"] = _whole(card.get("value"))
        return raw

    def _did(self, card: Card) -> Raw | None:
        fact = self.catalogue.find_fact(card.get("fact"))
        if fact is None:
            card.problem = self.choose
            return None
        raw: Raw = {"did": fact.name}
        if card.where is not None and card.where.parts:
            where = self._read(card.where, fact.fields)
            if where is None:
                return None
            raw["where"] = where
        if card.of_one is not None:
            moment = self._read(card.of_one, fact.fields)
            if moment is None:
                return None
            raw[card.get("measure")] = moment
        raw |= self._measured(card, fact.fields) | _window(card)
        return {"not": raw} if card.get("done") == "not" else raw

    def _measured(self, card: Card, fields: Catalogue) -> Raw:
        if card.get("done") == "not" or card.get("measure") not in ("count", "sum"):
            return {}
        if card.get("measure") == "count":
            return {"count": self._compared(card, Field("count", "integer", ""))}
        of = card.get("of")
        counted = fields.get(of) if of in fields else Field("sum", "integer", "")
        return {"sum": {"of": of, **self._compared(card, counted)}}

    def _value(self, text: str, field: Field) -> Any:
        """The typed text as a value of the field's type; what cannot be one stays a text."""
        text = text.strip()
        match field.type:
            case "integer" | "number" | "decimal":
                return self._number(text, field)
            case "boolean":
                return {"yes": True, "no": False}.get(text, text)
            case "datetime":
                return self._moment(text)
            case _:
                return text

    def _number(self, text: str, field: Field) -> Any:
        try:
            number = Decimal(text.replace(" ", "").replace(",", "."))
        except InvalidOperation:
            return text
        if not number.is_finite() or number.adjusted() > DIGITS_MAX:
            return text
        if scale := scale_of(field, self.per_unit):
            number *= scale
        is_whole = number == number.to_integral_value()
        return int(number) if is_whole else float(number)

    def _moment(self, text: str) -> str:
        """A day means its midnight in the company's zone."""
        try:
            day = date.fromisoformat(text[:10])
        except ValueError:
            return text
        return datetime.combine(day, time(), tzinfo=self.zone).isoformat()


def word_of(card: Card) -> str:
    """What the card's own trait or property is compared as; a text where nobody said."""
    return card.get("as") if card.get("as") in OPEN_TYPES else "text"


def suit_types(root: Card, catalogue: Catalogue) -> None:
    """A name that was typed a moment ago is compared as what its values are known to be."""
    for card, opened in _named_in(root, catalogue):
        name = card.get("key").strip()
        if name and name != card.get("suits", name if card.get("as") else ""):
            words = {one.key: one.word for one in opened.seen()}
            card.told |= {"suits": name, "as": words.get(name) or word_of(card)}


def _named_in(root: Card, catalogue: Catalogue) -> Iterator[tuple[Card, OpenField]]:
    for card, within in _tests_of(root, catalogue):
        if opened := within.find_open(card.get("field")):
            yield card, opened


def _tests_of(card: Card, catalogue: Catalogue) -> Iterator[tuple[Card, Catalogue]]:
    """The cards that test a field, each with the catalogue of what it speaks of."""
    fact = catalogue.find_fact(card.get("fact")) if card.kind == "did" else None
    if card.kind == "test":
        yield card, catalogue
    for group in (card.where, card.of_one):
        if fact and group:
            yield from _tests_of(group, fact.fields)
    for part in card.parts:
        yield from _tests_of(part, catalogue)


def field_of(card: Card, catalogue: Catalogue) -> Field | None:
    """The field that a card is about, or None where none is chosen."""
    name = card.get("field")
    if opened := catalogue.find_open(name):
        return opened.of(card.get("key").strip(), OPEN_TYPES[word_of(card)])
    return catalogue.get(name) if name in catalogue else None


def scale_of(field: Field, per_unit: int) -> int:
    """By how much a field's values are larger than what people type; 0 where they are the same.

    >>> scale_of(Field("spend_minor", "integer", ""), 100)
    100
    >>> scale_of(Field("quantity_milli", "integer", ""), 100)
    1000
    """
    if field.name.endswith("_minor"):
        return per_unit
    return 1_000 if field.name.endswith("_milli") else 0


def show_as_typed(root: Card, catalogue: Catalogue, per_unit: int) -> Card:
    """The draft of a stored condition with its values as people type them: money in whole units."""
    for card, field in _fields_of(root, catalogue):
        card.told |= _typed(card, field, per_unit)
    return root


def _fields_of(card: Card, catalogue: Catalogue) -> Iterator[tuple[Card, Field]]:
    """The cards that compare something with a value, each with what it compares."""
    fact = catalogue.find_fact(card.get("fact")) if card.kind == "did" else None
    if card.kind == "test" and (tested := field_of(card, catalogue)):
        yield card, tested
    if fact and card.get("of") in fact.fields:
        yield card, fact.fields.get(card.get("of"))
    for group in (card.where, card.of_one):
        if fact and group:
            yield from _fields_of(group, fact.fields)
    for part in card.parts:
        yield from _fields_of(part, catalogue)


def _typed(card: Card, field: Field, per_unit: int) -> dict[str, str]:
    texts = {key: card.get(key) for key in ("value", "high") if card.get(key)}
    scale = scale_of(field, per_unit)
    if field.type == "datetime" and OPERATORS[card.get("is")].needs != "days":
        return {key: text[:10] for key, text in texts.items()}
    if not scale:
        return {}
    return {
        key: f"{Decimal(text) / scale:f}"
        for key, text in texts.items()
        if text.lstrip("-").isdigit()
    }


def _whole(text: str) -> Any:
    return int(text) if text.strip().isdigit() and len(text) < 10 else text


def _window(card: Card) -> Raw:
    match card.get("window"):
        case "last_days" | "last_hours" as kind:
            return {"within": {kind: _whole(card.get("days"))}}
        case "days_ago":
            return {"within": {"days_ago": [_whole(card.get("near")), _whole(card.get("far"))]}}
        case "dates":
            days = {"from": card.get("near"), "until": card.get("far")}
            return {"within": {key: day for key, day in days.items() if day}}
        case _:
            return {}
