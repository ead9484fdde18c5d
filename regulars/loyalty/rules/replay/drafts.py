"""Drafts: changes to a program's rules, as if they had been in force from the beginning."""

from typing import Any, Self

from pydantic import Field, model_validator

from regulars.loyalty.rules.expiry import Expiry, ExpiryVersion
from regulars.loyalty.rules.replay.schemes import (
    Written,
    WrittenLadder,
    WrittenRule,
    WrittenScheme,
    WrittenTier,
    WrittenUnit,
)


class RuleChange(Written):
    """Another setting for a rule, a new rule, or with `ends` the end of one."""

    code: str = Field(min_length=1, max_length=50)
    kind: str = Field(default="", max_length=50)
    settings: dict[str, Any] = Field(default_factory=dict)
    name: str = Field(default="", max_length=100)
    name_ru: str = Field(default="", max_length=100)
    ends: bool = False

    @model_validator(mode="after")
    def _says_what_it_is(self) -> Self:
        if not self.ends and not self.kind:
            raise ValueError("kind: say which mechanic the rule is of")
        return self


class ExpiryChange(Written):
    """How long points of a unit live, for points granted from then on."""

    unit: str
    expiry: Expiry


class Changes(Written):
    """What a draft changes; what it does not name stays as it is.

    `tiers` gives thresholds by code of tier.
    """

    rules: tuple[RuleChange, ...] = ()
    tiers: dict[str, int] = Field(default_factory=dict)
    expiries: tuple[ExpiryChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is changed."""
        return not (self.rules or self.tiers or self.expiries)


def as_if(scheme: WrittenScheme, changes: Changes) -> WrittenScheme:
    """The scheme as it would be, had the changes been in force from the beginning.

    A changed rule takes the place of all its versions, from the first one's beginning to the last
    one's end; what was in force for a while only stays so. A new rule is in force always.
    """
    told = {change.code: change for change in changes.rules}
    kept = [rule for rule in scheme.rules if rule.code not in told]
    changed = [
        _changed(scheme, change, new_id=-place)
        for place, change in enumerate(changes.rules, 1)
        if not change.ends
    ]
    places = {rule.code: place for place, rule in reversed(list(enumerate(scheme.rules)))}
    rules = sorted([*kept, *changed], key=lambda rule: places.get(rule.code, len(scheme.rules)))
    lives = {change.unit: change.expiry for change in changes.expiries}
    return scheme.model_copy(
        update={
            "rules": tuple(rules),
            "tiers": _tiers(scheme.tiers, changes.tiers),
            "past": tuple(
                one.model_copy(update={"tiers": _tiers(one.tiers, changes.tiers)})
                for one in scheme.past
            ),
            "ladders": tuple(_ladder(ladder, changes.tiers) for ladder in scheme.ladders),
            "units": tuple(_unit(unit, lives) for unit in scheme.units),
        }
    )


def _changed(scheme: WrittenScheme, change: RuleChange, *, new_id: int) -> WrittenRule:
    versions = [rule for rule in scheme.rules if rule.code == change.code]
    first, last = (versions[0], versions[-1]) if versions else (None, None)
    return WrittenRule(
        id=first.id if first else new_id,
        code=change.code,
        kind=change.kind,
        settings=change.settings,
        in_force_from=first.in_force_from if first else None,
        in_force_to=last.in_force_to if last else None,
        made_at=last.made_at if last else "9999",
        is_last=last.is_last if last else False,
    )


def _tiers(tiers: tuple[WrittenTier, ...], thresholds: dict[str, int]) -> tuple[WrittenTier, ...]:
    return tuple(
        WrittenTier(code=one.code, qualifying_min=thresholds.get(one.code, one.qualifying_min))
        for one in tiers
    )


def _ladder(ladder: WrittenLadder, thresholds: dict[str, int]) -> WrittenLadder:
    """The ladder with other thresholds in all its versions."""
    editions = [
        one.model_copy(
            update={
                "steps": tuple(
                    step.model_copy(update={"minimum": thresholds.get(step.code, step.minimum)})
                    for step in one.steps
                )
            }
        )
        for one in ladder.editions
    ]
    return ladder.model_copy(update={"editions": tuple(editions)})


def _unit(unit: WrittenUnit, lives: dict[str, Expiry]) -> WrittenUnit:
    """The unit with another life for all its points, as if it had never had one before."""
    if unit.code not in lives:
        return unit
    return unit.model_copy(update={"lives": (ExpiryVersion(expiry=lives[unit.code]),)})
