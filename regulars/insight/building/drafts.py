"""Cards of a condition that is being built: they may be incomplete, and each knows its place.

A card's place is the path of positions from the outermost group, such as `r.0.2`. In a form its
values are named `<place>-<key>`; the kind of every card stands under `<place>-kind`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

CardKind: TypeAlias = Literal["group", "test", "did"]

ROOT = "r"
WHERE = "w"
"""The place, below a card of what was done, of the group that narrows which facts count."""

MOMENT = "m"
"""The place, below a card of what was done, of the group that the first or the last has to meet."""

OF_ONE = ("first", "last")
"""Measures that look at one fact only."""

MODES = ("all", "any", "none")
CARDS_MAX = 60
DEPTH_MAX = 4
TOLD_MAX = 2_000


@dataclass
class Card:
    """A group of cards, a test of a field, or a test of what was done; `told` is what was typed."""

    kind: CardKind
    told: dict[str, str] = field(default_factory=dict)
    parts: list["Card"] = field(default_factory=list)
    where: "Card | None" = None
    moment: "Card | None" = None
    problem: str = ""

    def get(self, key: str, default: str = "") -> str:
        """What was typed under a key."""
        return self.told.get(key, default)

    @property
    def of_one(self) -> "Card | None":
        """The group that the first or the last fact has to meet, where that is what is asked."""
        is_asked = self.get("done") != "not" and self.get("measure") in OF_ONE
        return self.moment if is_asked else None


def empty_group(mode: str = "all") -> Card:
    """A group without cards: everybody, or nobody."""
    return Card("group", {"mode": mode})


def new_card(kind: str) -> Card:
    """A fresh card of a kind, with nothing chosen."""
    if kind == "group":
        return Card("group", {"mode": "any"}, [Card("test")])
    if kind == "did":
        return Card("did", {"done": "did", "window": "last_days", "days": "30"}, [], empty_group())
    return Card("test")


def draft_of_form(form: Mapping[str, str]) -> Card:
    """The outermost group of a posted form; nonsense in the form is left out."""
    told: dict[tuple[str, ...], dict[str, str]] = {}
    for name, value in form.items():
        place, dash, key = name.partition("-")
        if dash and (place == ROOT or place.startswith(f"{ROOT}.")):
            told.setdefault(tuple(place.split(".")), {})[key] = str(value)[:TOLD_MAX]
    return _gathered((ROOT,), told, depth=0) or empty_group()


def _gathered(
    place: tuple[str, ...], told: Mapping[tuple[str, ...], dict[str, str]], *, depth: int
) -> Card | None:
    values = dict(told.get(place, {}))
    kind = values.pop("kind", "")
    if kind not in ("group", "test", "did") or depth > DEPTH_MAX + 1:
        return None
    card = Card(kind, values)  # type: ignore[arg-type]
    if kind == "group":
        below = [one for one in told if len(one) == len(place) + 1 and one[:-1] == place]
        numbers = sorted((one for one in below if one[-1].isdigit()), key=lambda one: int(one[-1]))
        found = (_gathered(one, told, depth=depth + 1) for one in numbers[:CARDS_MAX])
        card.parts = [one for one in found if one]
    if kind == "did":
        card.where = _gathered((*place, WHERE), told, depth=depth + 1) or empty_group()
        card.moment = _gathered((*place, MOMENT), told, depth=depth + 1) or empty_group()
    return card


def draft_of(condition: Mapping[str, Any]) -> Card:
    """The outermost group of a condition in its JSON form."""
    card = _drafted(condition)
    return card if card.kind == "group" else Card("group", {"mode": "all"}, [card])


def _drafted(raw: Mapping[str, Any]) -> Card:
    for mode in ("all", "any"):
        if mode in raw:
            return Card("group", {"mode": mode}, [_drafted(one) for one in raw[mode]])
    if "not" in raw:
        return _negated(raw["not"])
    if "did" in raw:
        return _done(raw)
    told = {"field": raw["field"], "is": raw["is"], **_values(raw.get("value"))}
    return Card("test", told | {name: raw[name] for name in ("key", "as") if name in raw})


def _negated(raw: Mapping[str, Any]) -> Card:
    if "any" in raw:
        return Card("group", {"mode": "none"}, [_drafted(one) for one in raw["any"]])
    inner = _drafted(raw)
    if inner.kind == "did" and not inner.get("measure"):
        inner.told["done"] = "not"
        return inner
    return Card("group", {"mode": "none"}, [inner])


def _done(raw: Mapping[str, Any]) -> Card:
    where, moment = _group_of(raw.get("where")), empty_group()
    told = {"done": "did", "fact": raw["did"], **_window(raw.get("within"))}
    for measure in ("count", "sum"):
        if measure in raw:
            asked = raw[measure]
            told |= {"measure": measure, "of": asked.get("of", ""), "is": asked["is"]}
            told |= _values(asked.get("value"))
    for measure in OF_ONE:
        if measure in raw:
            told["measure"], moment = measure, _group_of(raw[measure])
    return Card("did", told, [], where, moment)


def _group_of(raw: Mapping[str, Any] | None) -> Card:
    return empty_group() if raw is None else draft_of(raw)


def _window(raw: Mapping[str, Any] | None) -> dict[str, str]:
    match raw:
        case {"last_days": days}:
            return {"window": "last_days", "days": str(days)}
        case {"last_hours": hours}:
            return {"window": "last_hours", "days": str(hours)}
        case {"days_ago": [near, far]}:
            return {"window": "days_ago", "near": str(near), "far": str(far)}
        case None:
            return {"window": "ever"}
        case _:
            return {"window": "dates", "near": raw.get("from", ""), "far": raw.get("until", "")}


def _values(value: Any) -> dict[str, str]:
    """What stands in the fields for a value; a pair fills two, a list is parted by commas."""
    if isinstance(value, list):
        texts = [_text(one) for one in value]
        pair = {"value": texts[0], "high": texts[1]} if len(texts) == 2 else {}
        return {**pair, "several": ", ".join(texts)}
    return {} if value is None else {"value": _text(value)}


def _text(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def places_of(card: Card, place: str = ROOT) -> Iterator[tuple[str, Card]]:
    """Every card with its place, from the outside in."""
    yield place, card
    if card.where is not None:
        yield from places_of(card.where, f"{place}.{WHERE}")
    if card.of_one is not None:
        yield from places_of(card.of_one, f"{place}.{MOMENT}")
    for index, part in enumerate(card.parts):
        yield from places_of(part, f"{place}.{index}")


def step(root: Card, act: str) -> str:
    """Take one step on a draft, such as `test:r.0` (add a test below); gives the place to look at.

    Steps are `test`, `did`, `group` (add below), `drop` and `up`. An unknown one changes nothing.
    """
    verb, _, place = act.partition(":")
    cards = dict(places_of(root))
    card = cards.get(place)
    if card is None:
        return ROOT
    if verb in ("test", "did", "group"):
        if card.kind != "group" or len(cards) >= CARDS_MAX or place.count(".") >= 2 * DEPTH_MAX:
            return place
        card.parts.append(new_card(verb))
        return f"{place}.{len(card.parts) - 1}"
    above, _, last = place.rpartition(".")
    if verb not in ("drop", "up") or not last.isdigit() or above not in cards:
        return place
    return _moved(cards[above], above, int(last), verb=verb)


def _moved(group: Card, place: str, index: int, *, verb: str) -> str:
    part = group.parts.pop(index)
    if verb == "drop":
        return f"{place}.{index - 1}" if index else place
    group.parts.insert(max(index - 1, 0), part)
    return f"{place}.{max(index - 1, 0)}"
