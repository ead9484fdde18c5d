"""Setting up programs: units, tiers and rules; every change makes a new edition of the book."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from pydantic import ValidationError

from regulars.core.errors import Conflict, Refused
from regulars.loyalty.models import (
    Account,
    Campaign,
    Ladder,
    LadderVersion,
    Program,
    Rule,
    Tier,
    Unit,
)
from regulars.loyalty.models.ledger import POTS
from regulars.loyalty.rules.expiry import NEVER, Expiry, ExpiryVersion
from regulars.loyalty.rules.mechanic import Mechanic, mechanics
from regulars.loyalty.rules.returns import POLICIES
from regulars.loyalty.rules.terms import Limits


@dataclass(frozen=True)
class UnitInput:
    """A unit of a new program. So many `worth_points` are worth `worth_minor` of money."""

    code: str
    name: str
    kind: str
    name_ru: str = ""
    worth_minor: int = 0
    worth_points: int = 1
    expiry: Expiry = NEVER


@dataclass(frozen=True)
class TierInput:
    """A tier and the qualifying balance from which on it is reached."""

    code: str
    name: str
    qualifying_min: int
    name_ru: str = ""


@dataclass(frozen=True)
class RuleInput:
    """An earn rule: a kind of mechanic with its settings."""

    code: str
    name: str
    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    name_ru: str = ""
    position: int = 100
    is_last: bool = False
    in_force_from: datetime | None = None
    in_force_to: datetime | None = None


@dataclass(frozen=True)
class TermsInput:
    """What a program says of returns and of points that wait.

    `returns` is a policy of `rules.returns`; `debt_max`, in points, belongs to `limited`.
    `dead_points`: die or reinstate. `pending`: none, days (with `pending_days`) or event.
    """

    returns: str = "within_balance"
    debt_max: int | None = None
    dead_points: str = "die"
    pending: str = "none"
    pending_days: int = 0


@dataclass(frozen=True)
class ProgramInput:
    """A whole program, as it is opened."""

    code: str
    name: str
    currency: str
    units: Sequence[UnitInput]
    tiers: Sequence[TierInput] = ()
    rules: Sequence[RuleInput] = ()
    name_ru: str = ""
    enrols: str = "everyone"
    stacking: str = "all"
    rounding: str = "floor"
    terms: TermsInput = TermsInput()


@transaction.atomic
def set_terms(program: Program, entry: TermsInput) -> Program:
    """The program with other terms, for returns and purchases that are posted from now on.

    `Refused` names the field where the terms do not fit together.
    """
    _check_terms(entry)
    for name, value in vars(entry).items():
        setattr(program, name, value)
    program.save(update_fields=list(vars(entry)))
    make_new_edition(program)
    return program


def _check_terms(entry: TermsInput) -> None:
    if entry.returns not in POLICIES:
        raise Refused("unknown_policy", f"no policy is called {entry.returns!r}", "returns")
    if (entry.returns == "limited") != (entry.debt_max is not None):
        words = "a limit belongs to limited debts, and to them only"
        raise Refused("bad_limit", words, "debt_max")
    if entry.dead_points not in {"die", "reinstate"}:
        raise Refused("unknown_fate", "dead points die or are reinstated", "dead_points")
    if entry.pending not in {"none", "days", "event"}:
        raise Refused("unknown_wait", "points wait for nothing, days or an event", "pending")
    if (entry.pending == "days") != (entry.pending_days > 0):
        words = "a number of days belongs to points that wait for days"
        raise Refused("bad_days", words, "pending_days")


@transaction.atomic
def open_program(entry: ProgramInput, *, now: datetime) -> Program:
    """A program with its units, pots, tiers and rules; the same code again gives what is there."""
    _check_terms(entry.terms)
    program, created = Program.objects.get_or_create(
        code=entry.code,
        defaults={
            "name": entry.name,
            "name_ru": entry.name_ru,
            "currency": entry.currency,
            "enrols": entry.enrols,
            "stacking": entry.stacking,
            "rounding": entry.rounding,
            "started_at": now,
            **vars(entry.terms),
        },
    )
    if created:
        for unit in entry.units:
            add_unit(program, unit)
        set_tiers(program, entry.tiers)
        for rule in entry.rules:
            set_rule(program, rule, now=now)
    return program


@transaction.atomic
def add_unit(program: Program, entry: UnitInput) -> Unit:
    """A new unit with its pots, and an account of it for every member there is."""
    unit, created = Unit.objects.get_or_create(
        program=program,
        code=entry.code,
        defaults={
            "name": entry.name,
            "name_ru": entry.name_ru,
            "kind": entry.kind,
            "worth_minor": entry.worth_minor,
            "worth_points": entry.worth_points,
            "expiry": _first_version(entry.expiry),
        },
    )
    if not created:
        raise Conflict("unit_exists", f"the program has a unit {entry.code!r} already", "code")
    Account.objects.bulk_create([Account(unit=unit, pot=pot) for pot in POTS])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO loyalty_account (unit_id, member_id, pot, balance)"
            " SELECT %s, id, '', 0 FROM loyalty_member WHERE program_id = %s",
            [unit.pk, program.pk],
        )
    make_new_edition(program)
    return unit


def _first_version(expiry: Expiry) -> list[dict[str, Any]]:
    if expiry.kind == "never":
        return []
    return [ExpiryVersion(expiry=expiry).model_dump(mode="json", exclude_defaults=True)]


@transaction.atomic
def set_tiers(program: Program, tiers: Sequence[TierInput]) -> list[Tier]:
    """Tiers of a program that has none yet: members climb them with their next purchase."""
    if not tiers:
        return []
    ladder = _main_ladder(program, tiers)
    made = Tier.objects.bulk_create(
        [
            Tier(
                program=program,
                ladder=ladder,
                code=tier.code,
                name=tier.name,
                name_ru=tier.name_ru,
                qualifying_min=tier.qualifying_min,
            )
            for tier in tiers
        ]
    )
    make_new_edition(program)
    return made


def _main_ladder(program: Program, tiers: Sequence[TierInput]) -> Ladder:
    """The plainest ladder there is, in its first version, with these tiers."""
    ladder, _ = Ladder.objects.get_or_create(
        program=program, position=0, defaults={"code": "main", "name": "Tiers", "name_ru": "Уровни"}
    )
    LadderVersion.objects.create(
        ladder=ladder,
        steps=[{"code": one.code, "minimum": one.qualifying_min} for one in tiers],
        in_force_from=program.started_at,
        made_at=program.started_at,
    )
    return ladder


@transaction.atomic
def set_rule(program: Program, entry: RuleInput, *, now: datetime) -> Rule:
    """The next version of a rule, in force at once or as the entry says; the last one ends there.

    Settings are checked by the mechanic; `Refused` names the field that is wrong.
    """
    check_settings(program, entry.kind, entry.settings)
    Program.objects.select_for_update().get(pk=program.pk)
    earlier = Rule.objects.filter(program=program, code=entry.code).order_by("-version").first()
    begins = entry.in_force_from or (now if earlier else None)
    if earlier is not None and earlier.in_force_to is None:
        earlier.in_force_to = max(begins or now, earlier.in_force_from or begins or now)
        earlier.save(update_fields=["in_force_to"])
    rule = Rule.objects.create(
        program=program,
        code=entry.code,
        version=earlier.version + 1 if earlier else 1,
        name=entry.name,
        name_ru=entry.name_ru,
        kind=entry.kind,
        settings=entry.settings,
        in_force_from=begins,
        in_force_to=entry.in_force_to,
        position=entry.position,
        is_last=entry.is_last,
        made_at=now,
    )
    make_new_edition(program)
    return rule


@transaction.atomic
def end_rule(rule: Rule, *, now: datetime) -> Rule:
    """The rule, which pays nothing for purchases made from now on; what it gave stays."""
    if rule.in_force_to is None or rule.in_force_to > now:
        rule.in_force_to = max(now, rule.in_force_from or now)
        rule.save(update_fields=["in_force_to"])
        make_new_edition(rule.program)
    return rule


def check_settings(program: Program, kind: str, settings: dict[str, Any]) -> None:
    """Nothing, or `Refused` with the name of the setting that is wrong."""
    try:
        mechanic = mechanics.get(kind).model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        field_name = ".".join(str(part) for part in first["loc"]) or "settings"
        raise Refused("bad_settings", first["msg"], field_name) from error
    if not Unit.objects.filter(program=program, code=mechanic.unit).exists():
        raise Refused("unknown_unit", f"the program has no unit {mechanic.unit!r}", "unit")
    _check_campaign(program, mechanic)


def _check_campaign(program: Program, mechanic: Mechanic) -> None:
    """A campaign that exists and pays in the rule's unit; joining is paid once and by none."""
    if mechanic.stage == "joining" and (mechanic.campaign or mechanic.limits != Limits()):
        raise Refused("not_for_joining", "a gift for joining has no limits or campaign", "campaign")
    if not mechanic.campaign:
        return
    found = Campaign.objects.filter(program=program, code=mechanic.campaign).first()
    if found is None:
        message = f"the program has no campaign {mechanic.campaign!r}"
        raise Refused("unknown_campaign", message, "campaign")
    if found.unit.code != mechanic.unit:
        message = f"the campaign pays in {found.unit.code!r}"
        raise Refused("other_unit", message, "campaign")


def make_new_edition(program: Program) -> None:
    """Have every process read the program's book anew."""
    program.edition = uuid4()
    Program.objects.filter(pk=program.pk).update(edition=program.edition)
