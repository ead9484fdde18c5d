"""Ladders of a running program: new versions, and tiers given by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from pydantic import ValidationError

from regulars.core.errors import Conflict, Refused
from regulars.loyalty.actions.judging import judge_again, judge_soon
from regulars.loyalty.actions.programs import make_new_edition
from regulars.loyalty.models import (
    GivenTier,
    Ladder,
    LadderStanding,
    LadderVersion,
    Member,
    Program,
    Tier,
    Unit,
)
from regulars.loyalty.rules.tiers.settings import LadderRules

STEP = timedelta(microseconds=1)
"""How far versions made at one moment are put apart."""


@dataclass(frozen=True)
class StepInput:
    """A tier, what it takes to reach it and to keep it, and the codes of what it brings."""

    code: str
    name: str
    minimum: int
    name_ru: str = ""
    keep_min: int | None = None
    benefits: tuple[str, ...] = ()


@dataclass(frozen=True)
class LadderInput:
    """A whole ladder, as its next version is to be."""

    code: str
    name: str
    steps: Sequence[StepInput]
    rules: dict[str, Any] = field(default_factory=dict)
    name_ru: str = ""


@transaction.atomic
def set_ladder(program: Program, entry: LadderInput, *, now: datetime) -> Ladder:
    """The ladder in its next version, in force at once; members are judged by it soon after.

    The first ladder of a program is its main one. A tier that is no longer listed is retired: who
    has it keeps it until judged. `Refused` names the field that is wrong.
    """
    rules = _checked_rules(program, entry.rules)
    Program.objects.select_for_update().get(pk=program.pk)
    ladder = Ladder.objects.filter(program=program, code=entry.code).first()
    _check_steps(program, entry.steps, ladder)
    if ladder is None:
        position = Ladder.objects.filter(program=program).count()
        ladder = Ladder(program=program, code=entry.code, position=position)
    ladder.name, ladder.name_ru = entry.name, entry.name_ru
    ladder.is_tracked = ladder.is_tracked or ladder.position > 0 or not _is_plain(rules, entry)
    ladder.save()
    _write_version(ladder, entry, rules, now=now)
    _write_tiers(ladder, entry.steps)
    LadderStanding.objects.filter(ladder=ladder).update(turns_at=now)
    make_new_edition(program)
    judge_soon(program.pk)
    return ladder


@transaction.atomic
def set_thresholds(program: Program, thresholds: Mapping[str, int], *, now: datetime) -> None:
    """The next version of each ladder that has these tiers, with other thresholds by their code."""
    rows = Tier.objects.filter(program=program, is_retired=False).order_by("qualifying_min")
    concerned = {tier.ladder_id for tier in rows if tier.code in thresholds}
    for ladder in Ladder.objects.filter(pk__in=concerned).order_by("position"):
        version = LadderVersion.objects.filter(ladder=ladder).order_by("-version")[0]
        keeping = {one["code"]: one.get("keep_min") for one in version.steps}
        steps = [
            StepInput(
                tier.code,
                tier.name,
                thresholds.get(tier.code, tier.qualifying_min),
                tier.name_ru,
                keeping.get(tier.code),
                tuple(tier.benefits),
            )
            for tier in rows
            if tier.ladder_id == ladder.pk
        ]
        told = LadderInput(ladder.code, ladder.name, steps, version.rules, ladder.name_ru)
        set_ladder(program, told, now=now)


@transaction.atomic
def give_tier(
    member: Member,
    tier: Tier,
    *,
    key: str,
    reason: str,
    now: datetime,
    to: datetime | None = None,
) -> GivenTier:
    """A tier given by hand from now on, up to a moment or until it is taken away.

    The same key again gives what was given the first time; with other content it is a `Conflict`.
    """
    if not reason.strip():
        raise Refused("no_reason", "say why the tier is given", "reason")
    if to is not None and to <= now:
        raise Refused("ends_too_early", "the end must lie ahead", "to")
    if tier.program_id != member.program_id or tier.is_retired:
        raise Refused("unknown_tier", "the program has no such tier", "tier")
    given, created = GivenTier.objects.get_or_create(
        key=key,
        defaults={
            "member": member,
            "tier": tier,
            "since": now,
            "to": to,
            "reason": reason,
            "made_at": now,
        },
    )
    if (given.member_id, given.tier_id, given.to, given.reason) != (member.pk, tier.pk, to, reason):
        raise Conflict("other_content", "this key was used for another tier", "key")
    if created:
        _track(tier.ladder)
        _judge_anew(member, now=now)
    return given


@transaction.atomic
def end_given_tier(given: GivenTier, *, now: datetime) -> GivenTier:
    """The tier given by hand, which ends now; once ended, it stays as it is."""
    if given.to is None or given.to > now:
        given.to = max(now, given.since)
        given.save(update_fields=["to"])
        _judge_anew(given.member, now=now)
    return given


def _judge_anew(member: Member, *, now: datetime) -> None:
    """Have the clock heard for the person at once, from the first day on."""
    judge_again(member, now=now)


def _track(ladder: Ladder) -> None:
    if not ladder.is_tracked:
        ladder.is_tracked = True
        ladder.save(update_fields=["is_tracked"])
        make_new_edition(ladder.program)
        judge_soon(ladder.program_id)


def _is_plain(rules: LadderRules, entry: LadderInput) -> bool:
    return rules.is_plain and all(step.keep_min is None for step in entry.steps)


def _checked_rules(program: Program, told: dict[str, Any]) -> LadderRules:
    try:
        rules = LadderRules.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        words = str(first["msg"]).removeprefix("Value error, ")
        name, _, message = words.partition(": ")
        place = ".".join(str(part) for part in first["loc"])
        raise Refused("bad_ladder", message or words, place or name or "rules") from error
    if rules.unit and not Unit.objects.filter(program=program, code=rules.unit).exists():
        raise Refused("unknown_unit", f"the program has no unit {rules.unit!r}", "unit")
    return rules


def _check_steps(program: Program, steps: Sequence[StepInput], ladder: Ladder | None) -> None:
    if not steps:
        raise Refused("no_tiers", "a ladder needs at least one tier", "steps")
    for name, values in (
        ("code", [step.code for step in steps]),
        ("minimum", [step.minimum for step in steps]),
    ):
        if len(set(values)) < len(values):
            raise Refused("tiers_alike", f"two tiers have the same {name}", f"steps.{name}")
    others = Tier.objects.filter(program=program, code__in=[step.code for step in steps])
    taken = others.exclude(ladder=ladder).first() if ladder else others.first()
    if taken is not None:
        raise Refused("tier_exists", f"another ladder has a tier {taken.code!r}", "steps.code")


def _write_version(
    ladder: Ladder, entry: LadderInput, rules: LadderRules, *, now: datetime
) -> None:
    latest = LadderVersion.objects.filter(ladder=ladder).order_by("-version").first()
    LadderVersion.objects.create(
        ladder=ladder,
        version=latest.version + 1 if latest else 1,
        rules=rules.model_dump(mode="json", exclude_defaults=True),
        steps=[
            {"code": one.code, "minimum": one.minimum, "keep_min": one.keep_min}
            for one in entry.steps
        ],
        in_force_from=max(now, latest.in_force_from + STEP) if latest else now,
        made_at=now,
    )


def _write_tiers(ladder: Ladder, steps: Sequence[StepInput]) -> None:
    """The rows of tiers follow the newest version; thresholds may change places."""
    Tier.objects.filter(ladder=ladder).update(is_retired=True)
    with connection.cursor() as cursor:
        for step in steps:
            cursor.execute(
                """
                INSERT INTO loyalty_tier (program_id, ladder_id, code, name, name_ru,
                    qualifying_min, benefits, is_retired)
                VALUES (%s, %s, %s, %s, %s, %s, to_jsonb(%s::text[]), false)
                ON CONFLICT (program_id, code) DO UPDATE SET name = excluded.name,
                    name_ru = excluded.name_ru, qualifying_min = excluded.qualifying_min,
                    benefits = excluded.benefits, is_retired = false
                """,
                [
                    ladder.program_id,
                    ladder.pk,
                    step.code,
                    step.name,
                    step.name_ru,
                    step.minimum,
                    list(step.benefits),
                ],
            )
