"""What loyalty says on a customer's timeline."""

from collections.abc import Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from regulars.company.models import in_language
from regulars.customers.timeline import Body, shown_as
from regulars.loyalty.measures import signed_of_unit
from regulars.loyalty.models import Program, Tier, Unit
from regulars.loyalty.queries.explaining import adjusted_for
from regulars.loyalty.rules.cards import grouped


def _joinings(bodies: Sequence[Body]) -> list[str]:
    """The program and the card's number of each entry."""
    russian = (get_language() or "").startswith("ru")
    codes = {str(body["program"]) for body in bodies}
    names = {
        one.code: (russian and one.name_ru) or one.name
        for one in Program.objects.filter(code__in=codes)
    }
    return [
        f"{names.get(body['program'], body['program'])} · {grouped(str(body['number']))}"
        for body in bodies
    ]


def _tiers(bodies: Sequence[Body]) -> list[str]:
    """The tier before and the tier after of each entry, by their names."""
    russian = (get_language() or "").startswith("ru")
    rows = Tier.objects.filter(program__code__in={str(body["program"]) for body in bodies})
    names = {
        (code, tier.code): (russian and tier.name_ru) or tier.name
        for tier, code in ((tier, tier.program.code) for tier in rows.select_related("program"))
    }

    def name(body: Body, which: str) -> str:
        code = str(body.get(which) or "")
        return str(names.get((str(body["program"]), code), code))

    said = [(name(body, "before"), name(body, "after")) for body in bodies]
    return [" → ".join(part for part in pair if part) for pair in said]


def _adjustments(bodies: Sequence[Body]) -> list[str]:
    """How many points of which unit, and why."""
    rows = Unit.objects.filter(program__code__in={str(body["program"]) for body in bodies})
    units = {(unit.program.code, unit.code): unit for unit in rows.select_related("program")}

    def amount(body: Body) -> str:
        unit = units.get((str(body["program"]), str(body["unit"])))
        if unit is None:
            return f"{body['amount']} {body['unit']}"
        return f"{signed_of_unit(int(body['amount']), unit)} {in_language(unit.name, unit.name_ru)}"

    return [f"{amount(body)} · {adjusted_for(str(body['reason']))}" for body in bodies]


shown_as("loyalty.adjusted", label=_("Points adjusted"), texts=_adjustments, icon="loyalty")


def _handovers(bodies: Sequence[Body]) -> list[str]:
    """How many points of which unit came or went."""
    return [
        words.removesuffix(" · ")
        for words in _adjustments([{**body, "reason": ""} for body in bodies])
    ]


shown_as("loyalty.handed_over", label=_("From member to member"), texts=_handovers, icon="share")
shown_as("loyalty.joined", label=_("Joined the program"), texts=_joinings, tone="good", icon="card")
shown_as("loyalty.tier", label=_("New tier"), texts=_tiers, tone="good", icon="loyalty")
