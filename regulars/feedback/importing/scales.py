"""Scales that a definition tells value by value, as the ends and the step that are asked here.

Left alone they would be lost, and a scale of three steps would be asked as one of five.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from regulars.feedback.importing.losses import Loss
from regulars.feedback.importing.walking import Raw, spots

HIGHEST = 100


def scaled(made: Raw) -> Iterator[Loss]:
    """Ratings with values of their own; what is no even row of whole numbers becomes a choice."""
    for spot in spots(made):
        if spot.element.get("type") != "rating":
            continue
        _count(spot.element)
        told = spot.element.get("rateValues")
        if isinstance(told, list) and told:
            del spot.element["rateValues"]
            if lost := _valued(spot.element, told):
                yield Loss(f"{spot.path}.rateValues", "not_carried", lost, WHAT)


def _valued(element: dict[str, Any], told: list[Any]) -> str:
    """Give a rating these values; says what is lost by it, "" for nothing."""
    values = [one.get("value") if isinstance(one, Mapping) else one for one in told]
    texts = [one.get("text") if isinstance(one, Mapping) else None for one in told]
    step = _step(values)
    if not step:
        for name in [one for one in element if one.startswith(("rate", "minRate", "maxRate"))]:
            del element[name]
        element |= {"type": "radiogroup", "choices": told}
        return "as_values"
    element |= {"rateMin": values[0], "rateMax": values[-1], "rateStep": step}
    for text, name in ((texts[0], "minRateDescription"), (texts[-1], "maxRateDescription")):
        if text is not None:
            element.setdefault(name, text)
    return "steps_unnamed" if any(text is not None for text in texts[1:-1]) else ""


WHAT = {"what": "rateValues"}


def _step(values: list[Any]) -> int:
    """The one distance between values that rise as a scale does here; 0 where they do not."""
    if len(values) < 2 or not all(type(one) is int and 0 <= one <= HIGHEST for one in values):
        return 0
    step = int(values[1] - values[0])
    even = range(values[0], values[-1] + 1, step) if step > 0 else ()
    return step if values == list(even) else 0


def _count(element: dict[str, Any]) -> None:
    """`rateCount` says how many steps there are, from the lowest one on."""
    count, low, step = (element.get(name, 1) for name in ("rateCount", "rateMin", "rateStep"))
    if "rateCount" in element and all(type(one) is int for one in (count, low, step)):
        del element["rateCount"]
        element.setdefault("rateMax", low + (count - 1) * step)
