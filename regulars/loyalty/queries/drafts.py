"""Drafts as people read them: what they change, and what a replay found, side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from django.db.models import QuerySet

from regulars.loyalty.models import Draft, Ladder, Member, Program, Tier, Unit
from regulars.loyalty.queries.schemes import scheme_of
from regulars.loyalty.rules.replay.outcomes import Difference, Sums
from regulars.loyalty.rules.replay.tallies import Change, Tally


@dataclass(frozen=True)
class Line:
    """One figure under today's rules and under the draft; money is in minor units."""

    what: str
    today: int
    draft: int
    is_money: bool = False

    @property
    def more(self) -> int:
        """What the draft adds."""
        return self.draft - self.today


@dataclass(frozen=True)
class Named:
    """A person whom a draft makes richer or poorer, by name."""

    member: Member
    change: Change
    before: Tier | None
    after: Tier | None


@dataclass(frozen=True)
class Move:
    """Persons who end in one tier today and in another, or the same, by the draft."""

    before: Tier | None
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Found:
    """What a replay found, ready to be read."""

    tally: Tally
    units: tuple[tuple[Unit, tuple[Line, ...]], ...]
    winners: tuple[Named, ...]
    losers: tuple[Named, ...]
    tiers: tuple[Tier | None, ...]
    moves: tuple[Move, ...]
    differences: tuple[tuple[Member, Difference], ...]
    is_current: bool
    """Whether it is of the draft as it is, over the rules as they are."""
    untold: tuple[Ladder, ...] = ()
    """Ladders of acts or of points in hand: their tiers are not replayed."""

    @property
    def today_minor(self) -> dict[str, tuple[int, int]]:
        """By code of unit what today's rules cost and leave open, in minor units of money."""
        return {unit.code: _money(lines, "today") for unit, lines in self.units}

    @property
    def draft_minor(self) -> dict[str, tuple[int, int]]:
        """By code of unit what the draft would have cost and left open, in minor units of money."""
        return {unit.code: _money(lines, "draft") for unit, lines in self.units}

    @property
    def unchanged(self) -> int:
        """Persons for whom nothing changes in money."""
        return self.tally.persons - self.tally.gain - self.tally.lose


def found_in(draft: Draft) -> Found | None:
    """What the latest replay of a draft found; None while there was none."""
    if draft.outcome is None:
        return None
    tally = Tally.read(draft.outcome)
    tiers = {
        tier.code: tier
        for tier in Tier.objects.filter(program=draft.program, ladder__position=0).order_by(
            "qualifying_min"
        )
    }
    named = {one.person_id for one in (*tally.winners, *tally.losers)}
    named |= {one.person_id for one in tally.differences}
    members = Member.objects.select_related("customer").in_bulk(named)
    columns = ["", *tiers]
    return Found(
        tally,
        tuple(_units(draft.program, tally)),
        _named(tally.winners, members, tiers),
        _named(tally.losers, members, tiers),
        tuple(tiers.get(code) for code in columns),
        tuple(
            Move(tiers.get(before), tuple(tally.tiers[before, after] for after in columns))
            for before in columns
        ),
        tuple((members[one.person_id], one) for one in tally.differences),
        is_current=draft.basis == draft.program.edition,
        untold=tuple(untold_ladders(draft.program)),
    )


def untold_ladders(program: Program) -> QuerySet[Ladder]:
    """The ladders of a program whose tiers no replay tells, the main one first."""
    codes = scheme_of(program).untold
    return Ladder.objects.filter(program=program, code__in=codes).order_by("position")


def _named(
    changes: Sequence[Change], members: Mapping[int, Member], tiers: Mapping[str, Tier]
) -> tuple[Named, ...]:
    return tuple(
        Named(
            members[change.person_id],
            change,
            tiers.get(change.tier_before),
            tiers.get(change.tier_after),
        )
        for change in changes
    )


def _units(program: Program, tally: Tally) -> list[tuple[Unit, tuple[Line, ...]]]:
    worth = {unit.code: unit for unit in scheme_of(program).units}
    rows = []
    for unit in Unit.objects.filter(program=program).order_by("id"):
        today, draft = (side.get(unit.code, Sums()) for side in (tally.today, tally.draft))
        lines = [
            Line(name, getattr(today, name), getattr(draft, name))
            for name in ("issued", "spent", "unmet", "taken_back", "forgiven", "expired", "balance")
        ]
        if unit.worth_minor:
            of = worth[unit.code].worth_of
            lines += [
                Line("cost", _cost(today, of), _cost(draft, of), is_money=True),
                Line(
                    "liability",
                    of(today.balance + today.debt),
                    of(draft.balance + draft.debt),
                    is_money=True,
                ),
            ]
        rows.append((unit, tuple(line for line in lines if line.today or line.draft)))
    return rows


def _money(lines: Sequence[Line], side: Literal["today", "draft"]) -> tuple[int, int]:
    told = {line.what: getattr(line, side) for line in lines if line.is_money}
    return told.get("cost", 0), told.get("liability", 0)


def _cost(sums: Sums, worth_of: Callable[[int], int]) -> int:
    """What was issued less what was taken back, in money."""
    return worth_of(max(sums.issued - sums.taken_back, 0))
