"""Rules about which answers open a follow-up, whose it is and how much time there is."""

from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from regulars.company.models import Employee
from regulars.company.rules import ROLES, role_allows
from regulars.core.errors import NotFound, Refused
from regulars.feedback.models import FollowUpRule, Survey
from regulars.feedback.rules.following import HOURS_MAX, Hours
from regulars.feedback.rules.signals import SCALES
from regulars.journey.models import Touchpoint

OWNER_ROLES = tuple(role for role in ROLES if role_allows(role, "feedback.resolve_signal"))
"""Roles of people who may take care of answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInput:
    """A rule as somebody wishes it; None and empty mean every survey, touchpoint and measure.

    Without a measure an answer counts when its score is unhappy by the scale of its measure.
    """

    survey: Survey | None = None
    touchpoint: Touchpoint | None = None
    measure: str = ""
    score_max: float | None = None
    owner: Employee | None = None
    owner_role: str = ""
    within_hours: int = 8
    week: Hours = field(default_factory=Hours)


def add_follow_up_rule(wanted: RuleInput, *, now: datetime) -> FollowUpRule:
    """Make a rule that holds for answers from now on. Raises Refused, which names the field."""
    _check(wanted)
    return FollowUpRule.objects.create(
        survey=wanted.survey,
        touchpoint=wanted.touchpoint,
        measure=wanted.measure,
        score_max=wanted.score_max,
        owner=wanted.owner,
        owner_role=wanted.owner_role,
        within_hours=wanted.within_hours,
        opens=wanted.week.opens,
        closes=wanted.week.closes,
        weekdays=sorted(wanted.week.weekdays),
        created_at=now,
    )


def switch_follow_up_rule(rule_id: int, *, is_on: bool) -> FollowUpRule:
    """Let a rule hold or rest; rules that rest are kept. Raises NotFound."""
    rule = get_follow_up_rule(rule_id)
    FollowUpRule.objects.filter(pk=rule.pk).update(is_on=is_on)
    rule.is_on = is_on
    return rule


def remove_follow_up_rule(rule_id: int) -> None:
    """Take a rule away; what it opened stays. Without any rule the usual one holds again."""
    get_follow_up_rule(rule_id).delete()


def get_follow_up_rule(rule_id: int) -> FollowUpRule:
    """One rule; `NotFound` when there is none."""
    found = FollowUpRule.objects.filter(pk=rule_id).first()
    if found is None:
        raise NotFound("no_rule", f"there is no rule {rule_id}", "rule_id")
    return found


def _check(wanted: RuleInput) -> None:
    _check_score(wanted)
    if wanted.owner is not None and not wanted.owner.has_perm("feedback.resolve_signal"):
        raise Refused("no_owner", _("This person may not take care of answers"), "owner")
    if wanted.owner_role and wanted.owner_role not in OWNER_ROLES:
        raise Refused("no_such_role", _("People of this role do not take care of answers"), "role")
    if not 1 <= wanted.within_hours <= HOURS_MAX:
        text = _("From 1 to %(most)s hours") % {"most": HOURS_MAX}
        raise Refused("bad_hours", text, "within_hours")
    _check_week(wanted)


def _check_week(wanted: RuleInput) -> None:
    if wanted.week.opens >= wanted.week.closes:
        raise Refused("no_working_hours", _("The day ends after it begins"), "closes")
    if not wanted.week.weekdays or not wanted.week.weekdays <= set(range(7)):
        raise Refused("no_weekdays", _("At least one day of the week"), "weekdays")
    if not wanted.week.holds(wanted.within_hours):
        text = _("So many working hours do not go by within a year")
        raise Refused("too_few_working_hours", text, "within_hours")


def _check_score(wanted: RuleInput) -> None:
    if not wanted.measure:
        if wanted.score_max is not None:
            raise Refused("no_measure", _("A score belongs to a measure"), "measure")
        return
    if wanted.measure not in SCALES:
        raise Refused("no_such_measure", f"a measure is one of {', '.join(SCALES)}", "measure")
    low, high = SCALES[wanted.measure]
    if wanted.score_max is None or not low <= wanted.score_max <= high:
        text = _("A score from %(low)s to %(high)s") % {"low": int(low), "high": int(high)}
        raise Refused("bad_score", text, "score_max")
