"""What a new question of each kind begins with."""

from copy import deepcopy
from typing import Any

CHOOSING = ("radiogroup", "checkbox", "dropdown", "tagbox", "ranking", "buttongroup")
"""Kinds whose choices are edited as lines."""

_CHOICES = [{"value": "a", "text": "A"}, {"value": "b", "text": "B"}]
_ROWS = [{"value": "first", "text": "1"}, {"value": "second", "text": "2"}]
_COLUMNS = [{"value": "yes", "text": "+"}, {"value": "no", "text": "−"}]
_CELLS = [{"name": "first", "cellType": "text"}, {"name": "second", "cellType": "text"}]
_BEGINNINGS: dict[str, dict[str, Any]] = {
    **{kind: {"choices": _CHOICES} for kind in CHOOSING},
    "rating": {"rateMin": 0, "rateMax": 10},
    "matrix": {"rows": _ROWS, "columns": _COLUMNS},
    "matrixdropdown": {"rows": _ROWS, "columns": _CELLS},
    "matrixdynamic": {"columns": _CELLS},
    "paneldynamic": {"templateElements": [{"type": "text", "name": "first"}]},
    "multipletext": {"items": [{"name": "first"}, {"name": "second"}]},
    "html": {"html": "…"},
    "expression": {"expression": "1"},
}


def skeleton(kind: str, name: str) -> dict[str, Any]:
    """A new question that can be asked at once, but for its words.

    >>> skeleton("rating", "nps")
    {'type': 'rating', 'name': 'nps', 'rateMin': 0, 'rateMax': 10}
    """
    return {"type": kind, "name": name, **deepcopy(_BEGINNINGS.get(kind, {}))}
