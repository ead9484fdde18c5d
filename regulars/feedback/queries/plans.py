"""Plans of asking: which there are, how their candidates stand, and why somebody was asked or not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from regulars.channels.rules import REASONS
from regulars.core.access import Viewer, seen
from regulars.core.errors import NotFound
from regulars.customers.queries.persons import records_of
from regulars.feedback.models import AskingPlan, Candidate, Survey
from regulars.feedback.queries.surveys import definition_of, latest_version
from regulars.feedback.rules.plans import NOT_ASKED, OVER, reminders_in_order, steps_of


@dataclass(frozen=True)
class Standing:
    """How many candidates of a plan are in a state, with the reason in words."""

    state: str
    reason: str
    words: str
    count: int


@dataclass(frozen=True)
class Explanation:
    """Why one person was asked a survey or not, because of one thing that happened."""

    candidate: Candidate
    words: str
    next_words: str

    @property
    def was_asked(self) -> bool:
        """Whether at least one contact was let out."""
        return self.candidate.state in ("asked", "over") and self.candidate.first_at is not None


@dataclass(frozen=True)
class SaidBySurvey:
    """What a version of a survey says of whom to ask and how often, as settings of a plan."""

    version: int
    share_per_mille: int
    every_days: int
    reminder_days: list[int]

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name."""
        names = ("share_per_mille", "every_days", "reminder_days")
        return {name: getattr(self, name) for name in names}


def said_by(survey: Survey) -> SaidBySurvey:
    """What the published version of a survey says: `sampling` and `contactPolicy` of its definition."""
    version = latest_version(survey)
    block = definition_of(version).extension
    return SaidBySurvey(
        version.number,
        max(1, round(block.sampling.share * 1000)),
        block.contact_policy.every_days,
        reminders_in_order(block.contact_policy.reminders),
    )


def plans() -> QuerySet[AskingPlan]:
    """All plans, those that are on first."""
    rows = AskingPlan.objects.select_related("survey", "segment")
    return rows.order_by("-is_on", "survey__name", "name")


def get_plan(plan_id: int) -> AskingPlan:
    """One plan with its survey and segment; `NotFound` when there is none."""
    found = plans().filter(pk=plan_id).first()
    if found is None:
        raise NotFound("no_plan", f"there is no plan {plan_id}", "plan_id")
    return found


def standings_of(plan: AskingPlan, *, seen_by: Viewer) -> list[Standing]:
    """How the candidates of a plan stand, the most frequent first. One statement."""
    rows = seen(Candidate, seen_by).filter(plan=plan).values_list("state", "reason")
    counted = rows.annotate(count=Count("pk")).order_by("-count", "state", "reason")
    return [
        Standing(state, reason, in_words(state, reason), count) for state, reason, count in counted
    ]


def counts_of_plans(*, seen_by: Viewer) -> Mapping[int, Mapping[str, int]]:
    """How many candidates of each plan are in each state, by plan. One statement."""
    found: dict[int, dict[str, int]] = {}
    rows = seen(Candidate, seen_by).values_list("plan_id", "state").annotate(count=Count("pk"))
    for plan_id, state, count in rows.order_by():
        found.setdefault(plan_id, {})[state] = count
    return found


def candidates_of(plan: AskingPlan, *, seen_by: Viewer) -> QuerySet[Candidate]:
    """The candidates of a plan, the latest first."""
    rows = seen(Candidate, seen_by).filter(plan=plan)
    return rows.select_related("customer", "store", "plan", "invitation").order_by("-pk")


def explained(candidate: Candidate) -> Explanation:
    """Why this candidate was asked or not, in the reader's language."""
    words = candidate.detail or in_words(candidate.state, candidate.reason)
    return Explanation(candidate, words, _next_words(candidate))


def why_asked(customer_id: int, *, seen_by: Viewer, limit: int = 50) -> list[Explanation]:
    """Everything for which a person was a candidate, over all their records, the latest first."""
    rows = seen(Candidate, seen_by).filter(customer__in=records_of(customer_id))
    rows = rows.select_related("plan__survey", "store", "invitation").order_by("-at", "-pk")
    return [explained(one) for one in rows[:limit]]


def in_words(state: str, reason: str) -> str:
    """A state with its reason, as a sentence."""
    if state == "waiting":
        return _("Waits for the moment to ask.")
    if state == "asked":
        return _("Was asked.")
    known = {**REASONS, **NOT_ASKED, **OVER}
    return _(known[reason]) if reason in known else reason


def _next_words(candidate: Candidate) -> str:
    """What the plan does next for a candidate, if anything."""
    if candidate.due_at is None:
        return ""
    steps = steps_of(candidate.plan.modes, candidate.plan.reminder_days)
    kind = steps[candidate.step].kind if candidate.step < len(steps) else "ask"
    return {
        "ask": _("first contact"),
        "fallback": _("another channel"),
        "reminder": _("reminder"),
    }[kind]
