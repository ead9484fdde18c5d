"""Drafts of rules: made, replayed over the whole history, published by a second look."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from pydantic import ValidationError

from regulars.core.errors import Conflict, Refused
from regulars.core.models import Work
from regulars.loyalty.actions.laddering import set_thresholds
from regulars.loyalty.actions.programs import (
    RuleInput,
    check_settings,
    end_rule,
    set_rule,
)
from regulars.loyalty.actions.prolonging import set_expiry
from regulars.loyalty.models import Draft, Program, Rule, Tier, Unit
from regulars.loyalty.queries.replays import PARTITION, Task, in_order
from regulars.loyalty.queries.schemes import scheme_of
from regulars.loyalty.queries.stories import Reading, partitions_of
from regulars.loyalty.rules.mechanic import mechanics
from regulars.loyalty.rules.replay import Scheme
from regulars.loyalty.rules.replay.drafts import Changes, RuleChange, as_if
from regulars.loyalty.rules.replay.tallies import Tally
from regulars.loyalty.rules.replay.trials import Trial


@dataclass(frozen=True)
class DraftInput:
    """A draft's name and its changes; see `rules.replay.drafts.Changes`."""

    name: str
    changes: dict[str, Any]


@transaction.atomic
def save_draft(
    program: Program,
    entry: DraftInput,
    *,
    by: int | None,
    now: datetime,
    draft: Draft | None = None,
) -> Draft:
    """A new draft, or one that is changed; what its replay found before no longer holds.

    `Refused` names the field that is wrong, by the rules that publishing will go by.
    """
    changes = _checked(program, entry.changes)
    if draft is None:
        draft = Draft(program=program, made_by_id=by, made_at=now)
    else:
        draft = _open(draft)
        draft.made_by_id = by
    draft.name, draft.changes = entry.name, changes.model_dump(mode="json", exclude_defaults=True)
    draft.outcome = draft.replayed_at = draft.basis = None
    draft.save()
    return draft


@transaction.atomic
def drop_draft(draft: Draft) -> Draft:
    """The draft, put away; it can be read but no longer be published."""
    draft = _open(draft)
    draft.state = "dropped"
    draft.save(update_fields=["state"])
    return draft


@transaction.atomic
def start_replay(draft: Draft) -> Draft:
    """The draft with a replay that waits to be run; one that runs already goes on."""
    draft = _open(draft)
    work = draft.work
    if work is not None and work.state in {"waiting", "running"}:
        return draft
    if work is None or work.state == "done" or work.detail.get("of") != _of(draft):
        work = Work.objects.create(kind="replay", detail={"of": _of(draft)})
    work.state, work.stop_requested, work.failure, work.ended_at = "waiting", False, "", None
    work.save()
    draft.work = work
    draft.save(update_fields=["work"])
    return draft


@transaction.atomic
def stop_replay(draft: Draft) -> None:
    """Ask a running replay to stop after the partition at hand; it can go on from there."""
    if draft.work_id is None:
        return
    Work.objects.filter(pk=draft.work_id, state="running").update(stop_requested=True)
    Work.objects.filter(pk=draft.work_id, state="waiting").update(state="stopped")


def run_replay(draft_id: int, *, now: datetime, processes: int = 0, on: str = "") -> Draft:
    """Replay the history by today's rules and by the draft, from where an earlier run stopped.

    Members are read and replayed partition by partition; after each one the tally so far is kept,
    so that whoever is cut off loses one partition at most. `processes` 0 takes one for each core;
    `on` names a Spark master whose workers reach the database, to replay there instead.
    """
    draft = Draft.objects.select_related("program", "work").get(pk=draft_id)
    work = draft.work
    if work is None or work.state not in {"waiting", "running"} or draft.state != "open":
        return draft
    Work.objects.filter(pk=work.pk).update(state="running", started_at=work.started_at or now)
    try:
        run = partial(in_order, processes=processes or os.cpu_count() or 1, on=on)
        _replay_rest(draft, work, run, now=now)
    except Exception as error:
        Work.objects.filter(pk=work.pk).update(
            state="failed", failure=f"{type(error).__name__}: {error}"[:500], ended_at=now
        )
        raise
    return Draft.objects.select_related("program", "work").get(pk=draft_id)


def _replay_rest(
    draft: Draft, work: Work, run: Callable[[Sequence[Task]], Iterator[Tally]], *, now: datetime
) -> None:
    upto = datetime.fromisoformat(work.detail.get("upto", now.isoformat()))
    tasks = list(_tasks(draft, upto))
    done = work.done
    tally = Tally.read(work.detail["tally"]) if done else Tally()
    detail = work.detail | {"upto": upto.isoformat()}
    for one in run(tasks[done:]):
        tally.add(one)
        done += 1
        detail["tally"] = tally.written
        rows = Work.objects.filter(pk=work.pk, stop_requested=False)
        if not rows.update(done=done, total=len(tasks), detail=detail) and done < len(tasks):
            Work.objects.filter(pk=work.pk).update(state="stopped", done=done, detail=detail)
            return
    _keep(draft, work, tally, detail=detail, now=upto)


@transaction.atomic
def _keep(draft: Draft, work: Work, tally: Tally, *, detail: dict[str, Any], now: datetime) -> None:
    Work.objects.filter(pk=work.pk).update(state="done", ended_at=now, detail=detail)
    if detail["of"] == _of(Draft.objects.select_related("program").get(pk=draft.pk)):
        Draft.objects.filter(pk=draft.pk).update(
            outcome=tally.written, basis=draft.program.edition, replayed_at=now
        )


def _tasks(draft: Draft, upto: datetime) -> Iterator[Task]:
    program = draft.program
    today = scheme_of(program)
    tried = as_if(today, Changes.model_validate(draft.changes))
    reading = Reading(
        program.pk,
        Scheme(today).needs | Scheme(tried).needs,
        waits_days=None if program.pending == "event" else program.pending_days,
        has_ladders=bool(today.ladders),
        asks_when=Scheme(today).asks_when or Scheme(tried).asks_when,
    )
    database = str(connection.settings_dict["NAME"])
    trial = Trial(today.model_dump_json(), tried.model_dump_json(), upto)
    for first, last in partitions_of(program.pk, PARTITION):
        yield Task(reading, trial, database, first, last)


def _of(draft: Draft) -> dict[str, Any]:
    """What a replay is of: these changes to this edition of the program."""
    return {"changes": draft.changes, "edition": str(draft.program.edition)}


@transaction.atomic
def publish_draft(draft: Draft, *, by: int | None, now: datetime, confirms: bool = False) -> Draft:
    """Put a draft's changes in force from now on, as new versions; what was before keeps its time.

    It must have been replayed as it is, over the rules as they are. Whoever made it may publish it
    only by confirming that nobody else has looked at it, which stays on record.
    """
    Program.objects.select_for_update().get(pk=draft.program_id)
    draft = _open(draft)
    if draft.replayed_at is None or draft.basis != draft.program.edition:
        raise Refused("not_replayed", "replay the draft as it is now before publishing it")
    is_alone = by is None or draft.made_by_id is None or by == draft.made_by_id
    if is_alone and not confirms:
        words = "another person publishes a draft, or you confirm that nobody else looked at it"
        raise Refused("needs_a_second_look", words, "confirms")
    changes = Changes.model_validate(draft.changes)
    for change in changes.rules:
        _publish_rule(draft.program, change, now=now)
    set_thresholds(draft.program, changes.tiers, now=now)
    for one in changes.expiries:
        unit = Unit.objects.get(program=draft.program, code=one.unit)
        set_expiry(unit, one.expiry.model_dump(mode="json", exclude_defaults=True), now=now)
    draft.state, draft.published_by_id, draft.published_at = "published", by, now
    draft.is_confirmed = is_alone
    draft.save()
    return draft


def _publish_rule(program: Program, change: RuleChange, *, now: datetime) -> None:
    rows = Rule.objects.filter(program=program, code=change.code).order_by("-version")
    latest = rows.first()
    if change.ends:
        for row in rows.filter(in_force_to__isnull=True):
            end_rule(row, now=now)
        return
    ends = latest.in_force_to if latest else None
    ahead = ends if ends and ends > now else None
    entry = RuleInput(
        code=change.code,
        name=change.name or (latest.name if latest else change.code),
        name_ru=change.name_ru or (latest.name_ru if latest else ""),
        kind=change.kind,
        settings=change.settings,
        position=latest.position if latest else 100,
        is_last=latest.is_last if latest else False,
        in_force_to=ahead,
    )
    set_rule(program, entry, now=now)


def _open(draft: Draft) -> Draft:
    draft = (
        Draft.objects.select_for_update(of=("self",))
        .select_related("program", "work")
        .get(pk=draft.pk)
    )
    if draft.state != "open":
        raise Conflict("draft_is_closed", "this draft was published or dropped already")
    return draft


def _checked(program: Program, told: dict[str, Any]) -> Changes:
    try:
        changes = Changes.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Refused("bad_changes", first["msg"].removeprefix("Value error, "), place) from error
    if changes.is_empty:
        raise Refused("nothing_changes", "a draft changes at least one thing", "changes")
    _check_tiers(program, changes)
    _check_units(program, changes)
    for change in changes.rules:
        if not change.ends:
            check_settings(program, change.kind, change.settings)
            if mechanics.get(change.kind).stage in {"act", "referral"}:
                words = "a replay tries what purchases and joining bring, not acts or referrals"
                raise Refused("not_replayable", words, "rules")
        elif not Rule.objects.filter(program=program, code=change.code).exists():
            raise Refused("unknown_rule", f"there is no rule {change.code!r}", "rules")
    return changes


def _check_units(program: Program, changes: Changes) -> None:
    known = set(Unit.objects.filter(program=program).values_list("code", flat=True))
    for change in changes.expiries:
        if change.unit not in known:
            raise Refused("unknown_unit", f"the program has no unit {change.unit!r}", "expiries")


def _check_tiers(program: Program, changes: Changes) -> None:
    rows = Tier.objects.filter(program=program, code__in=changes.tiers).select_related("ladder")
    found = {tier.code: tier for tier in rows}
    untold = scheme_of(program).untold if found else ()
    for code in changes.tiers:
        if code not in found:
            raise Refused("unknown_tier", f"the program has no tier {code!r}", "tiers")
        if found[code].ladder.code in untold:
            words = "a replay tells no tiers that go by acts or by points in hand"
            raise Refused("not_replayable", words, "tiers")
