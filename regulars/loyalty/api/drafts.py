"""Drafts of rules: made, replayed over the whole history, published."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from django.utils.timezone import now as moment_of_now
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id, Text
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import NotFound
from regulars.loyalty.actions.drafting import (
    DraftInput,
    publish_draft,
    save_draft,
    start_replay,
)
from regulars.loyalty.jobs import replay_draft
from regulars.loyalty.models import Draft, Program
from regulars.loyalty.queries.drafts import found_in
from regulars.loyalty.rules.replay.drafts import Changes
from regulars.loyalty.rules.replay.outcomes import Sums

router = Router(tags=["Loyalty"])


class DraftIn(Schema):
    """A draft: what it changes of the program's rules. What it does not name stays."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["Two points"])]
    changes: Changes


class PublishIn(Schema):
    """Whether the one who made the draft confirms that nobody else needs to look at it."""

    confirms: bool = False


class SideOut(Schema):
    """One unit of one side over all members, in points; see `docs/algorithms/what-if.md`.

    `cost_minor` is what was issued less what was taken back, `liability_minor` what is open, both in
    minor units of money; 0 where points have no worth in money.
    """

    issued: int
    spent: int
    given_back: int
    unmet: int
    taken_back: int
    forgiven: int
    expired: int
    moved: int
    balance: int
    pending: int
    debt: int
    cost_minor: int
    liability_minor: int


class ChangeOut(Schema):
    """What the draft changes for one member, in minor units of money."""

    member_id: int
    gain_minor: int
    before_minor: int
    after_minor: int
    tier_before: str
    tier_after: str


class TierMoveOut(Schema):
    """How many members end in one tier today and in another, or the same, by the draft."""

    before: str
    after: str
    members: int


class OutcomeOut(Schema):
    """What a replay found. `is_reproduced`: today's rules give what is on the books."""

    members: int
    receipts: int
    today: dict[str, SideOut]
    draft: dict[str, SideOut]
    gain: int
    lose: int
    gain_minor: int
    lose_minor: int
    winners: list[ChangeOut]
    losers: list[ChangeOut]
    tiers: list[TierMoveOut]
    is_reproduced: bool
    differing: int
    is_current: bool
    untold_ladders: list[str] = Field(
        description="Ladders of acts or of points in hand: their tiers are not replayed."
    )


class DraftOut(Schema):
    """A draft, how far its replay is, and what the latest one found."""

    id: int
    program: str
    name: Text
    changes: dict[str, Any]
    state: str
    replay: str
    done: int
    total: int | None
    outcome: OutcomeOut | None
    made_at: datetime
    published_at: datetime | None


@router.get("/programs/{code}/drafts", response=Page[DraftOut], **reads("loyalty:read"))
def list_drafts(request: ApiRequest, code: str, ask: Query[PageAsk]) -> Page[DraftOut]:
    """Drafts of a program, the newest first."""
    rows = seen(Draft, request.auth).filter(program=_program(request, code))
    return page_of(rows.select_related("program", "work"), ask, order="-id", shape=_shaped)


@router.get("/programs/{code}/drafts/{draft_id}", response=DraftOut, **reads("loyalty:read"))
def get_draft(request: ApiRequest, code: str, draft_id: Id) -> DraftOut:
    """One draft with what its replay found."""
    return _shaped(_draft(request, code, draft_id))


@router.post("/programs/{code}/drafts", response={201: DraftOut}, **writes("loyalty:write"))
def create_draft(request: ApiRequest, code: str, entry: DraftIn) -> Status[DraftOut]:
    """Make a draft; nothing changes for members."""
    told = DraftInput(entry.name, entry.changes.model_dump(mode="json", exclude_defaults=True))
    made = save_draft(_program(request, code), told, by=None, now=moment_of_now())
    return Status(201, _shaped(made))


@router.post(
    "/programs/{code}/drafts/{draft_id}/replay", response={202: DraftOut}, **writes("loyalty:write")
)
def replay(request: ApiRequest, code: str, draft_id: Id) -> Status[DraftOut]:
    """Replay the whole history by today's rules and by the draft; a worker does it."""
    started = start_replay(_draft(request, code, draft_id))
    replay_draft.enqueue(draft_id=started.pk)
    return Status(202, _shaped(started))


@router.post(
    "/programs/{code}/drafts/{draft_id}/publish", response=DraftOut, **writes("loyalty:write")
)
def publish(request: ApiRequest, code: str, draft_id: Id, entry: PublishIn) -> DraftOut:
    """Put the draft in force from now on; it must have been replayed as it is."""
    draft = _draft(request, code, draft_id)
    return _shaped(publish_draft(draft, by=None, now=moment_of_now(), confirms=entry.confirms))


def _shaped(draft: Draft) -> DraftOut:
    work = draft.work
    return DraftOut(
        id=draft.pk,
        program=draft.program.code,
        name=draft.name,
        changes=draft.changes,
        state=draft.state,
        replay=work.state if work else "",
        done=work.done if work else 0,
        total=work.total if work else None,
        outcome=_outcome(draft),
        made_at=draft.made_at,
        published_at=draft.published_at,
    )


def _outcome(draft: Draft) -> OutcomeOut | None:
    if (found := found_in(draft)) is None:
        return None
    tally = found.tally
    return OutcomeOut(
        members=tally.persons,
        receipts=tally.receipts,
        today=_side(tally.today, found.today_minor),
        draft=_side(tally.draft, found.draft_minor),
        gain=tally.gain,
        lose=tally.lose,
        gain_minor=tally.gain_minor,
        lose_minor=tally.lose_minor,
        winners=[ChangeOut(member_id=one[0], **_rest(one)) for one in tally.winners],
        losers=[ChangeOut(member_id=one[0], **_rest(one)) for one in tally.losers],
        tiers=[
            TierMoveOut(before=before, after=after, members=members)
            for (before, after), members in sorted(tally.tiers.items())
        ],
        is_reproduced=tally.is_reproduced,
        differing=tally.differing,
        is_current=found.is_current,
        untold_ladders=[ladder.code for ladder in found.untold],
    )


def _rest(change: Any) -> dict[str, Any]:
    return {name: value for name, value in change._asdict().items() if name != "person_id"}


def _side(sums: dict[str, Sums], minor: Mapping[str, tuple[int, int]]) -> dict[str, SideOut]:
    return {
        code: SideOut(**one._asdict(), cost_minor=cost, liability_minor=liability)
        for code, one in sums.items()
        for cost, liability in (minor.get(code, (0, 0)),)
    }


def _program(request: ApiRequest, code: str) -> Program:
    found = seen(Program, request.auth).filter(code=code).first()
    if found is None:
        raise NotFound("not_found", "there is no such program", "code")
    return found


def _draft(request: ApiRequest, code: str, draft_id: int) -> Draft:
    rows = Draft.objects.filter(program=_program(request, code)).select_related("program", "work")
    return get_seen(Draft, draft_id, seen_by=request.auth, rows=rows)
