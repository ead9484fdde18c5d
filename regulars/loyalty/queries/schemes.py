"""A program's rules as a written scheme: what a replay runs, and what a draft starts from."""

from regulars.company.models import Brand
from regulars.loyalty.models import Program, Rule, Unit
from regulars.loyalty.queries.books import book_of
from regulars.loyalty.queries.ladders import LadderInBook
from regulars.loyalty.rules.replay.schemes import (
    WrittenEdition,
    WrittenLadder,
    WrittenRule,
    WrittenScheme,
    WrittenStep,
    WrittenTerms,
    WrittenTier,
    WrittenUnit,
)


def scheme_of(program: Program) -> WrittenScheme:
    """All rules of a program, with every version that was ever in force."""
    brand, book = Brand.objects.first(), book_of(program)
    return WrittenScheme(
        units=tuple(_unit(unit) for unit in Unit.objects.filter(program=program).order_by("id")),
        rules=tuple(
            _rule(rule) for rule in Rule.objects.filter(program=program).order_by("position", "id")
        ),
        tiers=tuple(
            WrittenTier(code=step.code, qualifying_min=step.qualifying_min)
            for step in (book.ladder.steps if book.is_plain else ())
        ),
        ladders=tuple(_ladder(ladder) for ladder in book.tracked),
        terms=WrittenTerms(
            returns=program.returns,  # type: ignore[arg-type]
            debt_max=program.debt_max,
            dead_points=program.dead_points,
            pending=program.pending,
            pending_days=program.pending_days,
        ),
        stacking=program.stacking,  # type: ignore[arg-type]
        rounding=program.rounding,  # type: ignore[arg-type]
        zone=brand.timezone if brand else "UTC",
    )


def _unit(unit: Unit) -> WrittenUnit:
    return WrittenUnit(
        code=unit.code,
        kind=unit.kind,
        worth_minor=unit.worth_minor,
        worth_points=unit.worth_points,
        lives=unit.life.versions,
    )


def _ladder(ladder: LadderInBook) -> WrittenLadder:
    return WrittenLadder(
        code=ladder.code,
        is_main=ladder.is_main,
        unit=ladder.unit,
        editions=tuple(
            WrittenEdition(
                in_force_from=edition.in_force_from,
                rules=edition.judge.rules,
                steps=tuple(
                    WrittenStep(code=step.code, minimum=step.qualifying_min, keep_min=step.keep_min)
                    for step in edition.judge.ladder.steps
                ),
            )
            for edition in ladder.editions
        ),
    )


def _rule(rule: Rule) -> WrittenRule:
    return WrittenRule(
        id=rule.pk,
        code=rule.code,
        kind=rule.kind,
        settings=rule.settings,
        in_force_from=rule.in_force_from,
        in_force_to=rule.in_force_to,
        made_at=rule.made_at.isoformat(),
        is_last=rule.is_last,
    )
