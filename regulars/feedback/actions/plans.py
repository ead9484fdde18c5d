"""Plans of asking as people set them up, and the candidates that events make."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from regulars.channels.kind import channel_kinds
from regulars.channels.queries.budgets import profiles_of
from regulars.company.queries import get_brand
from regulars.core.errors import Refused
from regulars.customers.models import Segment
from regulars.customers.queries.segments import members_among
from regulars.feedback.models import AskingPlan, Candidate, Invitation, Survey
from regulars.feedback.queries.plans import SaidBySurvey, said_by
from regulars.feedback.rules.plans import (
    REMINDERS_MAX,
    TRIGGERS,
    WITH_SUBJECT,
    asking_moment,
    is_drawn,
)
from regulars.journey.models import Touchpoint

MODES_MAX = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInput:
    """A plan as somebody wants it; see the table for what each part means.

    Share, days and reminders that are None are as the survey's published version says.
    """

    name: str
    trigger: str
    subject: str = ""
    segment: Segment | None = None
    share_per_mille: int | None = None
    delay_minutes: int = 0
    every_days: int | None = None
    hours_from: time | None = None
    hours_until: time | None = None
    modes: Sequence[tuple[str, int]] = (("", 0),)
    reminder_days: Sequence[int] | None = None
    next_at: datetime | None = None
    is_on: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Something that may be a reason to ask a customer."""

    customer_id: int
    cause: str
    at: datetime
    store_id: int | None = None
    served_by_id: int | None = None
    purchase_id: int | None = None


@transaction.atomic
def set_plan(survey: Survey, wanted: PlanInput, *, now: datetime) -> AskingPlan:
    """The plan of that name for a survey, new or changed. Raises Refused, which names the field.

    What is not given is taken from the survey's published version, and the plan says so; a later
    version changes no plan. What is given as it was taken before still counts as taken. People who
    are candidates already are asked as the plan is from now on.
    """
    name, said = wanted.name.strip()[:100], said_by(survey)
    values, taken = _settled(wanted, said, AskingPlan.objects.filter(survey=survey, name=name))
    wanted = replace(wanted, **values)
    check_plan(wanted)
    told = {
        "trigger": wanted.trigger,
        "subject": wanted.subject.strip() if wanted.trigger in WITH_SUBJECT else "",
        "segment": wanted.segment,
        **values,
        "taken": taken,
        "delay_minutes": wanted.delay_minutes,
        "hours_from": wanted.hours_from,
        "hours_until": wanted.hours_until,
        "modes": [{"channel": kind, "after_minutes": after} for kind, after in wanted.modes],
        "next_at": (wanted.next_at or now) if wanted.trigger == "schedule" else None,
        "is_on": wanted.is_on,
    }
    plan, _new = AskingPlan.objects.update_or_create(
        survey=survey,
        name=name,
        defaults=told,
        create_defaults=told | {"created_at": now},
    )
    return plan


def _settled(
    wanted: PlanInput, said: SaidBySurvey, present: QuerySet[AskingPlan]
) -> tuple[dict[str, Any], dict[str, int]]:
    """The settings that a survey may say, as they are to be, and which of them it said."""
    before = present.first()
    values: dict[str, Any] = {}
    taken: dict[str, int] = {}
    for name, default in said.settings.items():
        given = getattr(wanted, name)
        values[name] = default if given is None else _as_kept(given)
        if given is None:
            taken[name] = said.version
        elif before and name in before.taken and getattr(before, name) == values[name]:
            taken[name] = before.taken[name]
    return values, taken


def _as_kept(given: int | Sequence[int]) -> int | list[int]:
    return given if isinstance(given, int) else list(given)


def check_plan(wanted: PlanInput) -> None:
    """Raises Refused for a plan that cannot work, with the field that is to blame.

    What is left to the survey is not looked at.
    """
    if not wanted.name.strip():
        raise Refused("name_missing", "the plan needs a name", "name")
    if wanted.trigger not in TRIGGERS:
        raise Refused("unknown_trigger", f"one of {', '.join(TRIGGERS)}", "trigger")
    if wanted.share_per_mille is not None and not 1 <= wanted.share_per_mille <= 1000:
        raise Refused("share_out_of_range", "between 1 and 1000 of 1000", "share_per_mille")
    if (wanted.hours_from is None) != (wanted.hours_until is None):
        raise Refused("half_of_the_hours", "both ends, or none", "hours_until")
    if wanted.hours_from is not None and wanted.hours_from == wanted.hours_until:
        raise Refused("no_hours", "the hours of asking end when they begin", "hours_until")
    _check_subject(wanted)
    _check_steps(wanted)


def _check_subject(wanted: PlanInput) -> None:
    subject = wanted.subject.strip()
    if wanted.trigger in WITH_SUBJECT and not subject:
        raise Refused("subject_missing", "say which touchpoint, event or segment", "subject")
    if wanted.trigger == "passage" and not Touchpoint.objects.filter(code=subject).exists():
        raise Refused("unknown_touchpoint", f"there is no touchpoint {subject}", "subject")
    if wanted.trigger == "segment" and not Segment.objects.filter(code=subject).exists():
        raise Refused("unknown_segment", f"there is no segment {subject}", "subject")
    if wanted.trigger == "schedule" and (wanted.segment is None or wanted.every_days == 0):
        field = "segment" if wanted.segment is None else "every_days"
        raise Refused("schedule_incomplete", "a segment, and every how many days", field)


def _check_steps(wanted: PlanInput) -> None:
    known = {"", *channel_kinds.kinds()}
    if not 1 <= len(wanted.modes) <= MODES_MAX:
        raise Refused(
            "modes_out_of_range",
            _("between one channel and %(most)s") % {"most": MODES_MAX},
            "modes",
        )
    for kind, _wait in wanted.modes:
        if kind not in known:
            raise Refused("unknown_channel", f"there is no channel {kind}", "modes")
    waits = [after for _kind, after in wanted.modes]
    if waits[0] != 0 or any(late <= early for early, late in itertools.pairwise(waits)):
        raise Refused("modes_out_of_order", "the first at once, each other one later", "modes")
    days = list(wanted.reminder_days or ())
    if len(days) > REMINDERS_MAX or days != sorted({day for day in days if 1 <= day <= 365}):
        raise Refused(
            "reminders_out_of_order",
            _("up to %(most)s days, each later") % {"most": REMINDERS_MAX},
            "reminder_days",
        )


def switch_plan(plan: AskingPlan, *, is_on: bool) -> None:
    """Let a plan ask, or stop it; those who wait are then not asked, with that reason."""
    AskingPlan.objects.filter(pk=plan.pk).update(is_on=is_on)


@transaction.atomic
def nominate(
    plan: AskingPlan,
    happened: Sequence[Happened],
    *,
    now: datetime,
    stopped: Mapping[int, str] | None = None,
) -> int:
    """Make customers candidates of a plan, each cause once; how many of them wait to be asked.

    Whoever the plan leaves out is written down too, with the reason; `stopped` names those whom the
    contact budget would stop, with its rule. Two thousand people take a constant number of
    statements.
    """
    reasons = _reasons(plan, {one.customer_id for one in happened}, now=now)
    zones = _zones(plan, {one.customer_id for one in happened if one.customer_id not in reasons})
    rows = [_candidate(plan, one, reasons.get(one.customer_id, ""), zones) for one in happened]
    for row in rows:
        if row.state == "waiting" and (rule := (stopped or {}).get(row.customer_id)):
            row.state, row.reason, row.due_at = "not_asked", "asked_enough", None
            row.detail = _("Asked enough: %(rule)s.") % {"rule": rule}
    Candidate.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2000)
    return sum(row.state == "waiting" for row in rows)


def _candidate(plan: AskingPlan, one: Happened, reason: str, zones: dict[int, str]) -> Candidate:
    row = Candidate(
        plan=plan,
        customer_id=one.customer_id,
        cause=one.cause,
        store_id=one.store_id,
        served_by_id=one.served_by_id,
        purchase_id=one.purchase_id,
        at=one.at,
    )
    if reason:
        row.state, row.reason = "not_asked", reason
    else:
        row.due_at = asking_moment(
            one.at + timedelta(minutes=plan.delay_minutes),
            since=plan.hours_from,
            until=plan.hours_until,
            zone=zones.get(one.customer_id, "UTC"),
        )
    return row


def _reasons(plan: AskingPlan, customer_ids: Collection[int], *, now: datetime) -> dict[int, str]:
    """Why the plan leaves people out, by record; the first reason of several."""
    found: dict[int, str] = {}
    if plan.every_days and plan.trigger != "schedule":
        asked = Invitation.objects.filter(
            survey=plan.survey_id,
            customer__in=customer_ids,
            withheld="",
            created_at__gt=now - timedelta(days=plan.every_days),
        )
        found = dict.fromkeys(asked.values_list("customer_id", flat=True), "asked_lately")
    if plan.segment is not None and plan.trigger != "schedule":
        members = members_among(plan.segment, customer_ids)
        found |= dict.fromkeys(set(customer_ids) - members, "not_in_segment")
    share = plan.share_per_mille
    drawn = (one for one in customer_ids if not is_drawn(plan.pk, one, share_per_mille=share))
    return found | dict.fromkeys(drawn, "not_sampled")


def _zones(plan: AskingPlan, customer_ids: Collection[int]) -> dict[int, str]:
    if plan.hours_from is None:
        return {}
    own = get_brand().timezone
    return {pk: told["zone"] or own for pk, told in profiles_of(customer_ids).items()}
