"""A program's rules as a written scheme: what a replay runs, and what a draft starts from."""

from datetime import datetime

from django.db.models import Min

from regulars.company.models import Brand
from regulars.loyalty.models import GivenTier, LadderVersion, Program, Rule, Unit
from regulars.loyalty.queries.books import book_of
from regulars.loyalty.queries.ladders import LadderInBook
from regulars.loyalty.rules.replay.schemes import (
    WrittenEdition,
    WrittenLadder,
    WrittenPast,
    WrittenRule,
    WrittenScheme,
    WrittenStep,
    WrittenTerms,
    WrittenTier,
    WrittenUnit,
)
from regulars.loyalty.rules.tiers.tracks import Edition


def scheme_of(program: Program) -> WrittenScheme:
    """All rules of a program, with every version that was ever in force."""
    brand, book = Brand.objects.first(), book_of(program)
    ladders = tuple(_ladder(ladder, _remembers_from(ladder)) for ladder in book.tracked)
    return WrittenScheme(
        units=tuple(_unit(unit) for unit in Unit.objects.filter(program=program).order_by("id")),
        rules=tuple(
            _rule(rule) for rule in Rule.objects.filter(program=program).order_by("position", "id")
        ),
        tiers=tuple(
            WrittenTier(code=step.code, qualifying_min=step.qualifying_min)
            for step in (book.ladder.steps if book.is_plain else ())
        ),
        past=_past(program, next((one for one in ladders if one.is_main), None)),
        ladders=ladders,
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


def _past(program: Program, remembering: WrittenLadder | None) -> tuple[WrittenPast, ...]:
    """The versions of the main ladder without a memory, unless one has been in force always."""
    versions = LadderVersion.objects.filter(ladder__program=program, ladder__position=0)
    if remembering:
        versions = versions.filter(in_force_from__lt=remembering.remembers_from)
    past = [
        WrittenPast(
            in_force_from=one.in_force_from,
            tiers=tuple(
                WrittenTier(code=step["code"], qualifying_min=step["minimum"]) for step in one.steps
            ),
        )
        for one in versions.order_by("in_force_from")
    ]
    is_always = len(past) == 1 and past[0].in_force_from <= program.started_at
    return () if is_always and not remembering else tuple(past)


def _remembers_from(ladder: LadderInBook) -> datetime:
    """From when on standings are kept: a clock, a memory, or a tier given by hand asks for it."""
    made = ladder.editions[0].in_force_from
    if not ladder.is_main:
        return made
    given = GivenTier.objects.filter(tier__ladder=ladder.id).aggregate(first=Min("made_at"))[
        "first"
    ]
    asked = [one.in_force_from for one in ladder.editions if not _is_plain(one)]
    return min([*asked, *([given] if given else [])], default=made)


def _is_plain(edition: Edition) -> bool:
    steps = edition.judge.ladder.steps
    return edition.judge.rules.is_plain and all(step.keep_min is None for step in steps)


def _ladder(ladder: LadderInBook, remembers_from: datetime) -> WrittenLadder:
    return WrittenLadder(
        code=ladder.code,
        is_main=ladder.is_main,
        unit=ladder.unit,
        remembers_from=remembers_from,
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
