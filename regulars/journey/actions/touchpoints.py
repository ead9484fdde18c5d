"""Touchpoints and their target models."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext

from regulars.core.errors import Conflict, Refused
from regulars.core.events import publish
from regulars.journey.events import TargetModelsChanged
from regulars.journey.measures import measures
from regulars.journey.models import Stage, TargetModel, Touchpoint
from regulars.journey.rules import CHANNELS, FED_BY


@dataclass(frozen=True)
class TouchpointInput:
    """A touchpoint as somebody describes it: where it is, what it is called, what feeds it."""

    code: str
    stage: str
    channel: str
    name: str
    name_ru: str = ""
    fed_by: str = ""


@dataclass(frozen=True)
class TargetInput:
    """What should happen at a touchpoint, what measures it, and the goal on that measure's scale."""

    expectation: str = ""
    expectation_ru: str = ""
    measure: str = ""
    goal: Decimal | None = None


@transaction.atomic
def add_touchpoint(given: TouchpointInput) -> Touchpoint:
    """A new touchpoint on the map; `Conflict` when the code is taken."""
    fields = _checked(given)
    touchpoint, created = Touchpoint.objects.get_or_create(code=given.code, defaults=fields)
    if not created:
        raise Conflict(
            "code_taken", gettext("There is a touchpoint with this code already."), "code"
        )
    return touchpoint


@transaction.atomic
def change_touchpoint(touchpoint: Touchpoint, given: TouchpointInput) -> Touchpoint:
    """The touchpoint with a new place or name; its code stays what it was."""
    for field, value in _checked(given, apart_from=touchpoint).items():
        setattr(touchpoint, field, value)
    touchpoint.save()
    return touchpoint


def _checked(given: TouchpointInput, *, apart_from: Touchpoint | None = None) -> dict[str, object]:
    stage = Stage.objects.filter(key=given.stage).first()
    if stage is None:
        raise Refused("unknown_stage", gettext("There is no such stage."), "stage")
    if given.channel not in CHANNELS:
        raise Refused("unknown_channel", gettext("There is no such channel."), "channel")
    if given.fed_by not in FED_BY:
        raise Refused("unknown_source", gettext("Nothing of this name writes passages."), "fed_by")
    if not given.name.strip():
        raise Refused("name_missing", gettext("A touchpoint has a name."), "name")
    _refuse_second_source(given, apart_from=apart_from)
    return {
        "stage": stage,
        "channel": given.channel,
        "name": given.name.strip(),
        "name_ru": given.name_ru.strip(),
        "fed_by": given.fed_by,
    }


def _refuse_second_source(given: TouchpointInput, *, apart_from: Touchpoint | None) -> None:
    if not given.fed_by:
        return
    standing = Touchpoint.objects.filter(retired_at__isnull=True)
    other = standing.filter(fed_by=given.fed_by, channel=given.channel).first()
    if other is not None and other != apart_from:
        raise Conflict(
            "source_taken",
            gettext("These passages are written to “%(name)s” already.") % {"name": other},
            "fed_by",
        )


@transaction.atomic
def set_target(
    touchpoint: Touchpoint, target: TargetInput, *, now: datetime, set_by_id: int | None = None
) -> TargetModel:
    """The target model in force from now on; what was in force before stays in the history.

    Saying the same again changes nothing.
    """
    _check_goal(target)
    Touchpoint.objects.select_for_update().get(pk=touchpoint.pk)
    latest = TargetModel.objects.filter(touchpoint=touchpoint).order_by("-valid_from").first()
    if latest is not None and _says(latest) == target:
        return latest
    if latest is not None and latest.valid_from >= now:
        now = latest.valid_from + timedelta(microseconds=1)
    written = TargetModel.objects.create(
        touchpoint=touchpoint,
        expectation=target.expectation,
        expectation_ru=target.expectation_ru,
        measure=target.measure,
        goal=target.goal,
        valid_from=now,
        set_by_id=set_by_id,
    )
    publish(TargetModelsChanged(touchpoint_ids=(touchpoint.pk,)))
    return written


def _says(model: TargetModel) -> TargetInput:
    return TargetInput(model.expectation, model.expectation_ru, model.measure, model.goal)


def _check_goal(target: TargetInput) -> None:
    if not target.measure:
        if target.goal is not None:
            raise Refused("goal_without_measure", gettext("A goal needs a measure."), "goal")
        return
    measure = measures.get(target.measure)
    if target.goal is not None and not measure.low <= target.goal <= measure.high:
        raise Refused(
            "goal_off_scale",
            gettext("The goal lies between %(low)s and %(high)s.")
            % {"low": f"{measure.low:g}", "high": f"{measure.high:g}"},
            "goal",
        )


@transaction.atomic
def retire_touchpoints(touchpoint_ids: Sequence[int], *, now: datetime) -> int:
    """Take touchpoints off the map, with their past kept; gives how many were on it."""
    standing = Touchpoint.objects.filter(pk__in=touchpoint_ids, retired_at__isnull=True)
    return standing.update(retired_at=now)
