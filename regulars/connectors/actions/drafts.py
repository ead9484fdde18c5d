"""Drafts of tracking plans: what will be the next version, worked on until it is published."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from regulars.company.models import Employee
from regulars.connectors.actions.sources import publish_plan
from regulars.connectors.models import EventSource, PlanDraft, TrackingPlan
from regulars.connectors.rules.cards import Card, schema_with, schemas_seen, widened
from regulars.connectors.rules.plans import OF_CALLS, problem_of_schemas
from regulars.core.errors import Refused
from regulars.customers.models import TrackedEvent

SEEN_MAX = 1000


def open_draft(source: EventSource | None, *, now: datetime) -> PlanDraft:
    """The draft of a source's next plan, or of the one for all; it begins as the plan in force."""
    newest = TrackingPlan.objects.filter(source=source).order_by("-version").first()
    told = {"schemas": newest.schemas, "only_planned": newest.only_planned} if newest else {}
    return PlanDraft.objects.get_or_create(source=source, defaults={**told, "changed_at": now})[0]


@transaction.atomic
def change_event_in_draft(draft: PlanDraft, card: Card, *, was: str = "", now: datetime) -> None:
    """Put an event into a draft as its card says, under its new name where it was renamed."""
    if not 1 <= len(card.name) <= 254:
        raise Refused("bad_name", gettext("A name of 1 to 254 characters"), "name")
    draft = PlanDraft.objects.select_for_update().get(pk=draft.pk)
    if card.name != was and card.name in draft.schemas:
        raise Refused("name_is_taken", gettext("The plan has an event of this name."), "name")
    schemas = dict(draft.schemas)
    before = schemas.pop(was, {}) if was else {}
    _keep(draft, {**schemas, card.name: schema_with(before, card)}, now=now)


@transaction.atomic
def drop_event_from_draft(draft: PlanDraft, name: str, *, now: datetime) -> None:
    """Take an event out of a draft; one that is not there changes nothing."""
    draft = PlanDraft.objects.select_for_update().get(pk=draft.pk)
    _keep(draft, {key: one for key, one in draft.schemas.items() if key != name}, now=now)


@transaction.atomic
def learn_draft(draft: PlanDraft, *, now: datetime) -> int:
    """Add what the last thousand events show to a draft; gives how many events were looked at.

    What the draft says already stays as it is: only new events and new properties are added.
    """
    draft = PlanDraft.objects.select_for_update().get(pk=draft.pk)
    rows = TrackedEvent.objects.exclude(type__in=("alias", "identify", "group"))
    if draft.source is not None:
        rows = rows.filter(source=draft.source.code)
    newest = list(rows.order_by("-id").values_list("type", "name", "properties")[:SEEN_MAX])
    seen = [
        (OF_CALLS.get(kind, name), properties)
        for kind, name, properties in newest
        if kind in OF_CALLS or name
    ]
    _keep(draft, widened(draft.schemas, schemas_seen(seen)), now=now)
    return len(seen)


def import_draft(draft: PlanDraft, schemas: Any, *, now: datetime) -> None:
    """Have a draft say what a document of JSON schemas by event name says."""
    if isinstance(schemas, Mapping) and isinstance(schemas.get("schemas"), Mapping):
        schemas = schemas["schemas"]
    _keep(draft, schemas, now=now)


def set_draft(draft: PlanDraft, *, only_planned: bool, now: datetime) -> None:
    """Say whether an event whose name is not in the plan will break it."""
    PlanDraft.objects.filter(pk=draft.pk).update(only_planned=only_planned, changed_at=now)


@transaction.atomic
def publish_draft(
    draft: PlanDraft, *, note: str = "", by: Employee | None = None, now: datetime
) -> TrackingPlan:
    """A draft becomes the next version of its plan, and is gone."""
    draft = PlanDraft.objects.select_for_update().get(pk=draft.pk)
    plan = publish_plan(
        draft.schemas,
        source=draft.source,
        only_planned=draft.only_planned,
        note=note,
        by=by,
        now=now,
    )
    draft.delete()
    return plan


def discard_draft(draft: PlanDraft) -> None:
    """Forget a draft; the plan in force stays."""
    draft.delete()


def _keep(draft: PlanDraft, schemas: Any, *, now: datetime) -> None:
    if problem := problem_of_schemas(schemas):
        raise problem
    draft.schemas = dict(schemas)
    draft.changed_at = now
    draft.save(update_fields=["schemas", "changed_at"])
