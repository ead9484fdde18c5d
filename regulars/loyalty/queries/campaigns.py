"""Campaigns with what they spent and what spends it."""

from dataclasses import dataclass

from django.utils.timezone import now as moment_of_now

from regulars.loyalty.models import Campaign, Program, Rule
from regulars.loyalty.queries.sentences import sentences_of


@dataclass(frozen=True)
class CampaignShown:
    """A campaign, what is left of its budget, and its rules in force or coming, in words."""

    campaign: Campaign
    rules: tuple[tuple[Rule, str], ...]

    @property
    def left(self) -> int | None:
        """What may still be spent; None without a budget."""
        budget = self.campaign.budget
        return None if budget is None else budget - self.campaign.spent

    @property
    def is_money(self) -> bool:
        """Whether the budget is in minor units of money."""
        return self.campaign.unit.kind == "money"


def campaigns_of(program: Program) -> list[CampaignShown]:
    """The campaigns of a program, open ones first, the newest first; 8 statements."""
    now = moment_of_now()
    rows = list(
        Campaign.objects.filter(program=program)
        .select_related("unit")
        .order_by("-is_open", "-made_at", "-id")
    )
    rules = [
        rule
        for rule in Rule.objects.filter(program=program).order_by("position", "id")
        if rule.settings.get("campaign") and (rule.in_force_to is None or rule.in_force_to > now)
    ]
    told = sentences_of(program, rules) if rules else {}
    return [
        CampaignShown(
            row,
            tuple((rule, told[rule.pk]) for rule in rules if rule.settings["campaign"] == row.code),
        )
        for row in rows
    ]
