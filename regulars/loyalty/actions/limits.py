"""How far points may move without a second person, and from member to member."""

from dataclasses import dataclass

from django.db import transaction

from regulars.core.errors import Refused
from regulars.loyalty.models import Program
from regulars.loyalty.rules.adjusting import AMOUNT_MAX


@dataclass(frozen=True)
class LimitsInput:
    """A program's limits, in points. Beyond `adjust_max` an adjustment waits; None is no limit.

    A member may give others `handover_max` at once, and a person `handover_day_max` in a day; with
    either of them 0, nobody gives anything.
    """

    adjust_max: int | None = None
    handover_max: int = 0
    handover_day_max: int = 0


@transaction.atomic
def set_limits(program: Program, entry: LimitsInput) -> Program:
    """The program with other limits from now on; what waits goes on waiting."""
    for name, value in vars(entry).items():
        if value is not None and not 0 <= value <= AMOUNT_MAX:
            raise Refused("bad_limit", "a limit is zero or more, and of a sensible size", name)
        setattr(program, name, value)
    program.save(update_fields=list(vars(entry)))
    return program
