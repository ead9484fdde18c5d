"""What the matching learned: how often each level holds among the same and among other people.

The model is Fellegi and Sunter's ("A Theory for Record Linkage", JASA 1969) with term frequencies
as in Splink, and a third class between "one person" and "two strangers": two people of one
household, who agree by nature on what a household shares and otherwise only by chance.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from importlib.resources import files
from math import log2
from typing import Any

from regulars.customers.matching.comparisons import COMPARISONS

FORMAT = 1
"""Raised when an older model can no longer be read."""

RARE = 1e-4
"""The share of a rare value where the model knows nothing of a field."""


@dataclass(frozen=True, slots=True)
class Chances:
    """How probable a level is among pairs of one person (`same`) and of two (`other`)."""

    same: float
    other: float


@dataclass(frozen=True)
class Model:
    """A trained model; `version` names it in ledgers.

    `match_rate` and `household_rate` are the shares of all pairs of records that are one person
    or two of one household. `chances[comparison][level]`; levels are those of `COMPARISONS`.
    `frequencies[field][value]` is the share of records with a frequent value, `rare[field]` the
    share that each other value of the field is taken to have.
    """

    version: str
    match_rate: float
    household_rate: float
    chances: Mapping[str, Mapping[str, Chances]]
    frequencies: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    rare: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def weights(self) -> dict[str, dict[str, float]]:
        """The bits that each level of a comparison gives where the rarity of values says nothing."""
        return {
            name: {level: log2(chances.same / chances.other) for level, chances in levels.items()}
            for name, levels in self.chances.items()
        }

    def to_json(self) -> str:
        """The model as JSON with sorted keys, equal for equal models."""
        return json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Model":
        """The model of `to_json`; `ValueError` where this release cannot read it."""
        said: dict[str, Any] = json.loads(text)
        if said.pop("format", None) != FORMAT:
            raise ValueError("this model was made by another release; learn a new one")
        said["chances"] = {
            name: {level: Chances(**chances) for level, chances in levels.items()}
            for name, levels in said["chances"].items()
        }
        expected = {compared.name: set(compared.names()) for compared in COMPARISONS}
        if {name: set(levels) for name, levels in said["chances"].items()} != expected:
            raise ValueError("this model has other levels; learn a new one")
        return cls(**said)

    def share(self, field: str, value: str) -> float:
        """The share of records with this value among those that tell the field."""
        return self.frequencies.get(field, {}).get(value) or self.rare_share(field)

    def rare_share(self, field: str) -> float:
        """The share that a value has which is not among the frequent ones."""
        return self.rare.get(field, RARE)

    def named(self, version: str) -> "Model":
        """The same model under another version."""
        return replace(self, version=version)


@lru_cache(maxsize=1)
def default_model() -> Model:
    """The model for installations with too little data to learn one of their own."""
    text = files(__package__).joinpath("default_model.json").read_text(encoding="utf-8")
    return Model.from_json(text)
