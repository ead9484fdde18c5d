"""Balances: what members of another program have, one row for each card and unit."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.connectors.fields import Field, moment_of
from regulars.connectors.staging.stage import Unit
from regulars.connectors.targets import (
    CREATED,
    KNOWN,
    NAMING,
    Outcome,
    Target,
    Undone,
    Writing,
    targets,
)
from regulars.core.money import minor_per_unit
from regulars.customers.actions import CustomerRef, ProfileInput, learn_customers, unlearn_work
from regulars.loyalty.actions.opening import OpeningInput, close_balances, open_balances
from regulars.loyalty.models import Program
from regulars.loyalty.models import Unit as LoyaltyUnit

WHO = (
    Field(
        "customer",
        _("Customer number"),
        "key",
        length_max=100,
        synonyms="customer id|id|client id|member id|клиент|код клиента|номер клиента|id клиента",
    ),
    Field(
        "card",
        _("Card number"),
        "key",
        length_max=100,
        synonyms="card|card no|loyalty card|карта|номер карты|бонусная карта",
    ),
    Field("phone", _("Phone"), "phone", synonyms="phone number|mobile|телефон|номер телефона"),
    Field("email", _("E-mail"), "email", synonyms="email|e-mail|почта|электронная почта"),
)


class Balances(Target):
    """What members of an old program have; they become members here, with their points."""

    label = _("Balances of an old program")
    hint = _("One row for each card: what its owner has, since when and until when.")
    needs_one_of = NAMING
    fields = (
        *WHO,
        Field(
            "program",
            _("Code of the program"),
            "key",
            length_max=50,
            synonyms="program|scheme|программа",
            hint=_("Empty: the first program."),
        ),
        Field(
            "unit",
            _("Code of what is held"),
            "key",
            length_max=30,
            synonyms="unit|points type|вид баллов|единица",
            hint=_("Empty: what members spend."),
        ),
        Field(
            "balance",
            _("Balance"),
            "quantity",
            required=True,
            synonyms="points|amount|bonus|cashback|баланс|баллы|бонусы|остаток|сумма",
        ),
        Field(
            "joined_at",
            _("Member since"),
            "time",
            synonyms="joined|registered|member since|дата вступления|дата регистрации|участник с",
        ),
        Field(
            "earned_at", _("Earned on"), "time", synonyms="earned|accrued|начислено|дата начисления"
        ),
        Field(
            "ends_at",
            _("Valid until"),
            "time",
            synonyms="expires|expiry|valid until|сгорает|действует до",
        ),
    )

    @override
    def write(self, units: Sequence[Unit], writing: Writing) -> list[Outcome]:
        """People are made known first, then each program takes its rows in one batch."""
        learned = learn_customers(
            [_person(unit.values) for unit in units],
            source=writing.source,
            now=writing.now,
            work_id=writing.work_id,
        )
        places = _Places(writing)
        for at, (unit, known) in enumerate(zip(units, learned, strict=True)):
            if known.refused is not None:
                places.refuse(at, known.refused.code, known.refused.field or "")
            else:
                places.add(at, unit.values, known.customer_id)
        return places.outcomes()

    @override
    def undo(self, work_id: int, *, count: int, now: datetime) -> Undone:
        taken, kept, is_last = close_balances(work_id, count=count, now=now)
        if is_last:
            unlearn_work(work_id, now=now)
        return Undone(taken, kept, is_last=is_last)


targets.add("balances")(Balances())


class _Places:
    """What each row opens, by program, and what became of it; two statements for all rows."""

    def __init__(self, writing: Writing) -> None:
        self.writing = writing
        self.programs = list(Program.objects.order_by("id"))
        self.units = list(LoyaltyUnit.objects.order_by("id"))
        self.told: dict[int, Outcome] = {}
        self.wanted: dict[int, list[tuple[int, OpeningInput]]] = defaultdict(list)

    def refuse(self, at: int, reason: str, field: str) -> None:
        """A row is left out."""
        self.told[at] = Outcome("refused", reason, field)

    def add(self, at: int, values: Mapping[str, Any], customer_id: int) -> None:
        """A row joins those of its program, or is left out."""
        code, named = values.get("program") or "", values.get("unit") or ""
        program = next((one for one in self.programs if code in {"", one.code}), None)
        if program is None:
            return self.refuse(at, "unknown_program", "program")
        unit = next((one for one in self.units if _is_meant(one, program, named)), None)
        if unit is None:
            return self.refuse(at, "unknown_unit", "unit")
        scale = minor_per_unit(program.currency) if unit.kind == "money" else 1
        amount, rest = divmod(values["balance"] * scale, 1_000)
        if rest or amount < 0:
            return self.refuse(at, "not_a_balance", "balance")
        who = next(values[name] for name in NAMING if values.get(name))
        entry = OpeningInput(
            key=f"opening:{self.writing.source}:{program.code}:{unit.code}:{who}",
            customer_id=customer_id,
            unit=unit.code,
            amount=amount,
            **{name: _moment(values, name) for name in ("joined_at", "earned_at", "ends_at")},
        )
        self.wanted[program.pk].append((at, entry))
        return None

    def outcomes(self) -> list[Outcome]:
        """Opens the balances of each program in one batch; the outcomes of all rows in their order."""
        work_id, now = self.writing.work_id, self.writing.now
        for program in self.programs:
            rows = self.wanted.get(program.pk, [])
            entries = [entry for _at, entry in rows]
            answers = open_balances(program, entries, work_id=work_id, now=now) if rows else []
            for (at, _entry), answer in zip(rows, answers, strict=True):
                if isinstance(answer, bool):
                    self.told[at] = CREATED if answer else KNOWN
                else:
                    self.refuse(at, answer.code, _column(answer.field))
        return [self.told[at] for at in sorted(self.told)]


def _is_meant(unit: LoyaltyUnit, program: Program, named: str) -> bool:
    if unit.program_id != program.pk:
        return False
    return unit.code == named if named else unit.kind != "qualifying"


def _moment(values: Mapping[str, Any], name: str) -> datetime | None:
    told = values.get(name)
    return None if told is None else moment_of(told)


def _column(field: str | None) -> str:
    """The column of a file that a field of an adjustment comes from."""
    return {"amount": "balance", "key": "balance"}.get(field or "", field or "")


def _person(values: Mapping[str, Any]) -> ProfileInput:
    card = values.get("card")
    return ProfileInput(
        outside_id=values.get("customer") or "",
        facts={name: values[name] for name in ("phone", "email") if values.get(name)},
        identities=(CustomerRef("card", card),) if card else (),
    )
