"""Ladders as judging needs them: their versions, with rules, steps and the zone's days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from regulars.loyalty.models import Ladder as LadderRow
from regulars.loyalty.models import LadderVersion
from regulars.loyalty.rules.tiers import Ladder, Step
from regulars.loyalty.rules.tiers.judging import Judge
from regulars.loyalty.rules.tiers.periods import Periods
from regulars.loyalty.rules.tiers.settings import LadderRules
from regulars.loyalty.rules.tiers.tracks import Edition

Units = Sequence[tuple[int, str, str]]
"""The units of a program in order: id, code and kind."""


@dataclass(frozen=True, slots=True)
class LadderInBook:
    """A ladder whose standings are kept, with the id of the unit that leads up, if one does."""

    id: int
    code: str
    is_main: bool
    editions: tuple[Edition, ...]
    unit_id: int | None
    unit: str

    @property
    def rules(self) -> LadderRules:
        """The rules of the newest version; what counts is the same in all."""
        return self.editions[-1].judge.rules

    @property
    def counts_sales(self) -> bool:
        """Whether a sale moves a member by itself; otherwise what is stored has to be looked at."""
        return self.rules.basis in ("unit", "spend", "visits")

    def cause(self, cause: str) -> str:
        """The cause of a change, which on other ladders than the main one names the ladder."""
        return cause if self.is_main else f"{cause}:{self.code}"


def tier_due(amount: str) -> str:
    """The tier that an amount leads to on `ladder`, one without a memory, joined as `due`; SQL."""
    return f"""LEFT JOIN LATERAL (
        SELECT tier.id FROM loyalty_tier tier
        WHERE tier.ladder_id = ladder.id AND NOT tier.is_retired
            AND tier.qualifying_min <= {amount}
        ORDER BY tier.qualifying_min DESC LIMIT 1
    ) due ON true"""


def ladders_of(program_id: int, units: Units, zone: tzinfo) -> tuple[LadderInBook, ...]:
    """The tracked ladders of a program in their order; 2 statements."""
    rows = LadderRow.objects.filter(program_id=program_id, is_tracked=True).order_by("position")
    versions: Mapping[int, list[LadderVersion]] = {row.pk: [] for row in rows}
    for version in LadderVersion.objects.filter(ladder__in=versions).order_by("in_force_from"):
        versions[version.ladder_id].append(version)
    return tuple(_in_book(row, versions[row.pk], units, zone) for row in rows if versions[row.pk])


def _in_book(
    row: LadderRow, versions: Sequence[LadderVersion], units: Units, zone: tzinfo
) -> LadderInBook:
    editions = tuple(_edition(version, zone) for version in versions)
    unit_id, unit = _unit_of(editions[-1].judge.rules, units)
    return LadderInBook(row.pk, row.code, row.position == 0, editions, unit_id, unit)


def _edition(version: LadderVersion, zone: tzinfo) -> Edition:
    rules = LadderRules.model_validate(version.rules)
    steps = [Step(one["code"], one["minimum"], one.get("keep_min")) for one in version.steps]
    return Edition(version.in_force_from, Judge(rules, Ladder(steps), Periods(rules, zone)))


def _unit_of(rules: LadderRules, units: Units) -> tuple[int | None, str]:
    """The unit that leads up: the one named, or else the first of the kind that is meant."""
    if rules.basis not in ("unit", "balance"):
        return None, ""
    kinds = ("qualifying",) if rules.basis == "unit" else ("spendable", "money")
    for unit_id, code, kind in units:
        if code == rules.unit or (not rules.unit and kind in kinds):
            return unit_id, code
    return None, ""
