"""Campaigns: rules that run together on one budget."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from regulars.core.errors import Conflict, Refused
from regulars.loyalty.models import Campaign, Program, Unit

CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,48}")


@dataclass(frozen=True)
class CampaignInput:
    """A campaign: what its rules pay in, and how much in all. No budget means no end."""

    name: str
    unit: str = "points"
    budget: int | None = None
    name_ru: str = ""


@transaction.atomic
def open_campaign(program: Program, code: str, entry: CampaignInput, *, now: datetime) -> Campaign:
    """A new campaign; the same code and content again give what is there."""
    if not CODE.fullmatch(code):
        raise Refused("bad_code", "a code has small letters, digits and dashes", "code")
    unit = _unit(program, entry)
    known = Campaign.objects.filter(program=program, code=code).first()
    if known is not None:
        if (known.name, known.unit_id, known.budget) != (entry.name, unit.pk, entry.budget):
            raise Conflict("campaign_exists", f"there is a campaign {code!r} already", "code")
        return known
    return Campaign.objects.create(
        program=program,
        code=code,
        name=entry.name,
        name_ru=entry.name_ru,
        unit=unit,
        budget=entry.budget,
        made_at=now,
    )


@transaction.atomic
def change_campaign(campaign: Campaign, entry: CampaignInput) -> Campaign:
    """The campaign with another name or budget, which may not be below what is spent already."""
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if entry.budget is not None and entry.budget < locked.spent:
        message = f"{locked.spent} are spent already"
        raise Refused("budget_below_spent", message, "budget")
    if _unit(locked.program, entry).pk != locked.unit_id:
        raise Refused("other_unit", "a campaign keeps the unit it began with", "unit")
    locked.name, locked.name_ru, locked.budget = entry.name, entry.name_ru, entry.budget
    locked.save(update_fields=["name", "name_ru", "budget"])
    return locked


@transaction.atomic
def switch_campaign(campaign: Campaign, *, is_open: bool) -> Campaign:
    """The campaign, whose rules pay from now on, or pay nothing until it is opened again."""
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    locked.is_open = is_open
    locked.save(update_fields=["is_open"])
    return locked


def _unit(program: Program, entry: CampaignInput) -> Unit:
    if not entry.name.strip():
        raise Refused("missing", "a campaign needs a name", "name")
    if entry.budget is not None and entry.budget < 1:
        raise Refused("out_of_range", "a budget is above zero", "budget")
    unit = Unit.objects.filter(program=program, code=entry.unit).first()
    if unit is None:
        raise Refused("unknown_unit", f"the program has no unit {entry.unit!r}", "unit")
    return unit
