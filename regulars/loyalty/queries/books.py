"""A program's book: its units, pots, rules and tiers, read once for each edition."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from regulars.company.models import Brand
from regulars.core.sql import cursor_for
from regulars.loyalty.models import Program, Rule, Tier
from regulars.loyalty.queries.ladders import LadderInBook, ladders_of
from regulars.loyalty.rules.earning import EarnRule
from regulars.loyalty.rules.expiry import ExpiryVersion, Life
from regulars.loyalty.rules.history import History
from regulars.loyalty.rules.mechanic import mechanics
from regulars.loyalty.rules.returns import Policy
from regulars.loyalty.rules.tiers import Ladder, Step


@dataclass(frozen=True, slots=True)
class UnitInBook:
    """A unit with the ids of its program's pots, by name of the pot."""

    id: int
    code: str
    kind: str
    life: Life
    pots: Mapping[str, int]
    has_lots: bool
    """Whether what members hold of it is kept in lots; qualifying points are not spent."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a program says of returns and of points that wait."""

    returns: Policy
    debt_max: int | None
    reinstates: bool
    """Whether spent points that come back after their end get a fresh life."""
    waits: timedelta | None
    """How long points of purchases are pending; None while they wait for an event."""

    @property
    def is_patient(self) -> bool:
        """Whether points of purchases are pending at first."""
        return self.waits is None or bool(self.waits)

    @property
    def debts(self) -> bool:
        """Whether members may owe."""
        return self.returns in {"limited", "unlimited"}


@dataclass(frozen=True, slots=True)
class Book:
    """All that posting needs to know of a program."""

    program_id: int
    code: str
    units: Mapping[str, UnitInBook]
    qualifying: UnitInBook | None
    history: History
    ladder: Ladder
    tier_ids: Mapping[str, int]
    zone: tzinfo
    terms: Terms
    tracked: tuple[LadderInBook, ...] = ()
    """Ladders on which each member's standing is kept."""

    @property
    def is_plain(self) -> bool:
        """Whether the main tier follows from the qualifying balance alone."""
        return not (self.tracked and self.tracked[0].is_main)

    def tier_code(self, tier_id: int | None) -> str:
        """The code of a tier by its id; "" for none."""
        return next((code for code, known in self.tier_ids.items() if known == tier_id), "")

    def activation_of(self, earned_at: datetime) -> str | None:
        """When points of a purchase made then become usable; None where an event decides."""
        waits = self.terms.waits
        return None if waits is None else (earned_at + waits).isoformat()

    def life_of(self, unit: UnitInBook, granted_at: datetime) -> str:
        """The moment at which points of a unit granted then die, as text; "never" without an end."""
        ends_at = unit.life.ends_at(granted_at, self.zone)
        return "never" if ends_at is None else ends_at.isoformat()

    @property
    def rolling(self) -> list[UnitInBook]:
        """The units whose points activities may prolong."""
        return [unit for unit in self.units.values() if unit.life.may_roll and unit.has_lots]

    def prolongs_to(self, unit: UnitInBook, at: datetime) -> datetime | None:
        """Up to when an activity at a moment has points of a unit live; None if it does nothing."""
        return unit.life.prolongs_to(at, self.zone)


NEEDED = ("id", "code", "enrols", "card_prefix", "edition")
"""What posting asks of a program itself, in the order of the model; the rest stands in its book."""


def open_programs() -> list[Program]:
    """The programs that take purchases, the oldest first, with the fields of `NEEDED`; 1 statement."""
    with cursor_for(1) as cursor:
        cursor.execute(f"SELECT {', '.join(NEEDED)} FROM loyalty_program WHERE is_open ORDER BY id")
        return [Program.from_db(connection.alias, NEEDED, row) for row in cursor.fetchall()]


def book_of(program: Program) -> Book:
    """The program's book. It is kept in memory until the program's edition changes."""
    return _book(program.pk, program.code, program.edition)


@lru_cache(maxsize=32)
def _book(program_id: int, code: str, edition: UUID) -> Book:
    units = {unit.code: unit for unit in _units(program_id)}
    tiers = list(Tier.objects.filter(program_id=program_id))
    steps = [one for one in tiers if not one.is_retired and one.ladder_id == _main(tiers)]
    zone = zone_of_programs()
    qualifying = (unit for unit in units.values() if unit.kind == "qualifying")
    return Book(
        program_id=program_id,
        code=code,
        units=units,
        qualifying=next(qualifying, None),
        history=_history(program_id),
        ladder=Ladder(Step(tier.code, tier.qualifying_min) for tier in steps),
        tier_ids={tier.code: tier.pk for tier in tiers},
        zone=zone,
        terms=terms_of(Program.objects.get(pk=program_id)),
        tracked=ladders_of(
            program_id, [(unit.id, unit.code, unit.kind) for unit in units.values()], zone
        ),
    )


def terms_of(program: Program) -> Terms:
    """What the program says of returns and of points that wait."""
    waits = timedelta(days=program.pending_days)
    return Terms(
        program.returns,  # type: ignore[arg-type]
        program.debt_max,
        reinstates=program.dead_points == "reinstate",
        waits=None if program.pending == "event" else waits,
    )


def _main(tiers: Sequence[Tier]) -> int | None:
    """The id of the ladder whose first tier was made first: the main one."""
    return min((tier.ladder_id for tier in tiers), default=None)


def _units(program_id: int) -> list[UnitInBook]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT u.id, u.code, u.kind, u.expiry,
                   jsonb_object_agg(a.pot, a.id)
            FROM loyalty_unit u JOIN loyalty_account a ON a.unit_id = u.id AND a.member_id IS NULL
            WHERE u.program_id = %s GROUP BY u.id ORDER BY u.id
            """,
            [program_id],
        )
        return [
            UnitInBook(unit_id, code, kind, _life(expiry), json.loads(pots), kind != "qualifying")
            for unit_id, code, kind, expiry, pots in cursor.fetchall()
        ]


def _life(expiry: str | list[Any]) -> Life:
    told = json.loads(expiry) if isinstance(expiry, str) else expiry
    return Life(ExpiryVersion.model_validate(one) for one in told)


def _history(program_id: int) -> History:
    program = Program.objects.get(pk=program_id)
    rows = Rule.objects.filter(program_id=program_id).order_by("position", "id")
    return History([earn_rule(row, program) for row in rows], stacking=program.stacking)  # type: ignore[arg-type]


def earn_rule(row: Rule, program: Program) -> EarnRule:
    """The rule as the engine runs it; the program's rounding is used where settings name none."""
    kind = mechanics.get(row.kind)
    settings = dict(row.settings)
    if "rounding" in kind.model_fields:
        settings.setdefault("rounding", program.rounding)
    return EarnRule(
        id=row.pk,
        mechanic=kind.model_validate(settings),
        code=row.code,
        in_force_from=row.in_force_from,
        in_force_to=row.in_force_to,
        made_at=row.made_at.isoformat(),
        stop=row.is_last,
    )


def zone_of_programs() -> ZoneInfo:
    """The zone whose days count in every program: that of the brand."""
    brand = Brand.objects.first()
    return ZoneInfo(brand.timezone if brand else "UTC")
