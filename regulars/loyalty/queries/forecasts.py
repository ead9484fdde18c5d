"""Where members stand on tracked ladders, and what is ahead of each who does nothing more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars.loyalty.models import Ladder, Member, Tier
from regulars.loyalty.queries.books import Book, book_of
from regulars.loyalty.queries.deeds import coming, deeds_of
from regulars.loyalty.queries.ladders import LadderInBook
from regulars.loyalty.queries.tracks import Person, persons_on
from regulars.loyalty.rules.tiers.judging import Move
from regulars.loyalty.rules.tiers.tracks import (
    Forecast,
    Track,
    forecast,
    judge_on,
    needs_history,
    rebuilt,
)


@dataclass(frozen=True)
class Ahead:
    """A person on one ladder: the tier, since when, what counts, and what is ahead.

    Amounts are in the measure of the ladder's basis; money in minor units of the currency.
    """

    ladder: Ladder
    basis: str
    currency: str
    tier: Tier | None
    since: datetime | None
    counted: int
    next_tier: Tier | None
    falls_to: Tier | None
    forecast: Forecast


def ahead_of(members: Sequence[Member], *, now: datetime) -> dict[int, list[Ahead]]:
    """By id of the leading member, its tracked ladders in their order; none where there are none.

    A constant number of statements for each program. Who was not judged yet is not listed.
    """
    found: dict[int, list[Ahead]] = {}
    for program in {member.program_id: member.program for member in members}.values():
        leaders = [m.led_by_id or m.pk for m in members if m.program_id == program.pk]
        book = book_of(program)
        if book.tracked:
            found |= _in_program(book, leaders, now=now)
    return found


def tiers_at(ladder: LadderInBook, leader_ids: Collection[int], *, at: datetime) -> dict[int, str]:
    """By leading member the tier on a tracked ladder, as it is once the clock is heard."""
    persons = persons_on([ladder], leader_ids)
    tracks = {lead: one.tracks.get(ladder.id) for lead, one in persons.items()}
    unsure = [lead for lead, track in tracks.items() if not track or needs_history(track, at)]
    deeds = deeds_of(ladder, unsure)
    found = {}
    for lead, person in persons.items():
        done, track = deeds.get(lead, []), tracks[lead]
        if track is None:
            gifts = person.given.get(ladder.id, ())
            track = rebuilt(ladder.editions, person.joined_at, done, at, given=gifts)
        else:
            judge_on(track, (), max(at, track.standing.at), seen=done)
        found[lead] = track.tier
    return found


def _in_program(book: Book, leaders: Sequence[int], *, now: datetime) -> dict[int, list[Ahead]]:
    persons = persons_on(book.tracked, leaders)
    found: dict[int, list[Ahead]] = {lead: [] for lead in persons}
    for row in _rows_of(book.tracked):
        ladder = next(one for one in book.tracked if one.id == row.pk)
        for lead, ahead in _on_ladder(ladder, row, persons, now=now).items():
            found[lead].append(ahead)
    return found


def ahead_on(
    ladder: LadderInBook, leader_ids: Collection[int], *, now: datetime
) -> dict[int, Ahead]:
    """By leading member what is ahead on one tracked ladder, of those judged on it; 6 statements."""
    (row,) = _rows_of([ladder])
    return _on_ladder(ladder, row, persons_on([ladder], leader_ids), now=now)


def _rows_of(ladders: Sequence[LadderInBook]) -> list[Ladder]:
    rows = Ladder.objects.filter(pk__in=[ladder.id for ladder in ladders])
    return list(rows.select_related("program").order_by("position"))


def _on_ladder(
    ladder: LadderInBook, row: Ladder, persons: Mapping[int, Person], *, now: datetime
) -> dict[int, Ahead]:
    tiers = {tier.code: tier for tier in Tier.objects.filter(ladder=row)}
    tracks = {lead: track for lead, one in persons.items() if (track := one.tracks.get(ladder.id))}
    asked = [
        lead
        for lead, track in tracks.items()
        if not ladder.counts_sales or needs_history(track, now)
    ]
    deeds = deeds_of(ladder, asked)
    basis = ladder.rules.basis
    return {
        lead: _seen(row, basis, track, tiers=tiers, deeds=deeds.get(lead, []), now=now)
        for lead, track in tracks.items()
    }


def _seen(
    row: Ladder,
    basis: str,
    track: Track,
    *,
    tiers: Mapping[str, Tier],
    deeds: Sequence[Move],
    now: datetime,
) -> Ahead:
    """The track as it is at that moment; the clock may be ahead of the job that writes it down."""
    judge_on(track, (), max(now, track.standing.at), seen=deeds)
    ahead = forecast(track, max(now, track.standing.at), coming(deeds, now))
    return Ahead(
        row,
        basis,
        row.program.currency,
        tiers.get(track.tier),
        track.since,
        track.counted,
        tiers.get(ahead.next_tier),
        tiers.get(ahead.falls_to),
        ahead,
    )
