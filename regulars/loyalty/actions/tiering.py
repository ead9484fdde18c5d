"""Tiers kept up with what members do and with the clock; standings are derived, never trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from regulars.core.events import publish
from regulars.core.sql import cursor_for, int_array, text_array, time_array
from regulars.customers.actions.timeline import TimelineNote, note_on_timeline
from regulars.loyalty.events import TiersChanged
from regulars.loyalty.queries.books import Book
from regulars.loyalty.queries.deeds import coming, deeds_of
from regulars.loyalty.queries.ladders import LadderInBook
from regulars.loyalty.queries.tracks import Person, persons_on
from regulars.loyalty.rules.sales import Sale
from regulars.loyalty.rules.tiers.judging import Change, Move
from regulars.loyalty.rules.tiers.tracks import (
    Track,
    forecast,
    judge_on,
    needs_history,
    next_turn,
    rebuilt,
)


@dataclass(slots=True)
class TierMove:
    """A change of tier that a batch brings about."""

    member_id: int
    customer_id: int
    cause: str
    before: str
    after: str
    qualifying: int
    at: datetime
    reason: str = ""


@dataclass(slots=True)
class Climb:
    """A member on one tracked ladder while a batch is computed."""

    person: Person
    ladder: LadderInBook
    track: Track
    before: str
    judged_at: datetime | None = None
    """Up to when the member was judged before; None if never."""
    cause: str = ""
    moves: list[Move] | None = None
    """All that ever counted, where judging on is not enough; what comes later in it, too."""

    def tier_at(self, at: datetime) -> str:
        """The tier shown at a moment, by what is known so far."""
        if not self.ladder.counts_sales:
            return self.track.tier
        if self.moves is None:
            judge_on(self.track, (), max(at, self.track.standing.at))
            return self.track.tier
        earlier = [move for move in self.moves if move.at <= at]
        return self._rebuilt(earlier, at).tier

    def take(self, move: Move | None, at: datetime) -> None:
        """Count a move of that moment."""
        if self.moves is None:
            judge_on(self.track, (move,) if move else (), at)
            return
        if move is not None:
            self.moves.append(move)
        self.track = self._rebuilt(self.moves, max(at, self.track.standing.at))

    def _rebuilt(self, moves: Sequence[Move], upto: datetime) -> Track:
        gifts = self.person.given.get(self.ladder.id, ())
        return rebuilt(self.ladder.editions, self.person.joined_at, moves, upto, given=gifts)

    def tier_moves(self) -> list[TierMove]:
        """The changes to put on record: each one, or for a history judged anew what came of it."""
        return [
            TierMove(
                self.person.id,
                self.person.customer_id,
                self.ladder.cause(f"{self.cause}:{place}" if place else self.cause),
                one.before,
                one.after,
                one.counted,
                one.at,
                one.reason,
            )
            for place, one in enumerate(self._new_changes())
        ]

    def _new_changes(self) -> Sequence[Change]:
        changes: Sequence[Change] = self.track.changes
        if self.moves is None or self.judged_at is None:
            return changes
        later = [one for one in changes if one.at > self.judged_at]
        if (later[0].before if later else self.track.tier) == self.before:
            return later
        if self.before == self.track.tier:
            return ()
        if not changes:
            return (Change(self.judged_at, self.before, "", self.track.counted, "returned"),)
        return (changes[-1]._replace(before=self.before),)


Span = tuple[datetime, datetime]
"""The first and the last moment of something."""


def climbs_for(book: Book, spans: dict[int, Span]) -> dict[int, list[Climb]]:
    """Leading members on tracked ladders, ready to take the sales of these spans of time.

    On ladders that sales do not move they stand as they were judged last. The number of statements
    depends on the number of ladders, not on that of members.
    """
    if not book.tracked:
        return {}
    persons = persons_on(book.tracked, spans)
    climbs: dict[int, list[Climb]] = {lead_id: [] for lead_id in persons}
    for ladder in book.tracked:
        if not ladder.counts_sales:
            for one in persons.values():
                if known := one.tracks.get(ladder.id):
                    climbs[one.id].append(Climb(one, ladder, known, known.tier))
            continue
        late = {
            one.id
            for one in persons.values()
            if (known := one.tracks.get(ladder.id)) is None
            or any(needs_history(known, at) for at in spans[one.id])
        }
        deeds = deeds_of(ladder, late) if late else {}
        for one in persons.values():
            moves = list(deeds.get(one.id, ())) if one.id in late else None
            climbs[one.id].append(_climb(one, ladder, moves, upto=spans[one.id][0]))
    return climbs


def _climb(
    person: Person,
    ladder: LadderInBook,
    moves: list[Move] | None,
    *,
    upto: datetime,
    cause: str = "",
) -> Climb:
    known = person.tracks.get(ladder.id)
    before = known.tier if known else (person.tier if ladder.is_main else "")
    if known is not None and moves is None:
        return Climb(person, ladder, known, before, known.standing.at, cause)
    upto = max(upto, known.standing.at) if known else upto
    gifts = person.given.get(ladder.id, ())
    track = rebuilt(ladder.editions, person.joined_at, moves or (), upto, given=gifts)
    judged_at = known.standing.at if known else (upto if before else None)
    return Climb(person, ladder, track, before, judged_at, cause, moves or [])


def move_of(ladder: LadderInBook, sale: Sale, earned: dict[str, int]) -> Move | None:
    """What a sale counts for a ladder; None where it counts nothing."""
    amount = {
        "unit": earned.get(ladder.unit, 0),
        "spend": sale.total_minor,
        "visits": 1,
    }.get(ladder.rules.basis, 0)
    return Move(sale.at, amount, sale.at) if amount else None


def judge_members(
    book: Book, causes: Mapping[int, str], *, now: datetime, only_in_hand: bool = False
) -> None:
    """Judge leading members, locked before, from the first day on, on every tracked ladder.

    `causes` says by member what brings it about. With `only_in_hand`, only ladders are judged that
    sales do not move by themselves. Done again, it changes nothing.
    """
    ladders = [one for one in book.tracked if not (only_in_hand and one.counts_sales)]
    if not ladders or not causes:
        return
    persons = persons_on(ladders, causes)
    climbs = []
    for ladder in ladders:
        deeds = deeds_of(ladder, causes)
        for one in persons.values():
            known = one.tracks.get(ladder.id)
            upto = max(now, known.standing.at) if known else now
            moves = deeds.get(one.id, [])
            climbs.append(_climb(one, ladder, list(moves), upto=upto, cause=causes[one.id]))
    write_climbs(book, climbs, now=now)


def write_climbs(book: Book, climbs: Sequence[Climb], *, now: datetime) -> None:
    """Put standings and changes of tier on record, and the main tier on each member; 2 statements.

    Changes take two more, and the timeline its own.
    """
    if not climbs:
        return
    _write_standings(book, climbs, now=now)
    main = [one for one in climbs if one.ladder.is_main]
    with cursor_for(len(main)) as cursor:
        cursor.execute(
            "UPDATE loyalty_member member SET tier_id = given.tier_id"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS given (id, tier_id)"
            " WHERE member.id = given.id AND member.tier_id IS DISTINCT FROM given.tier_id",
            [
                int_array([one.person.id for one in main]),
                int_array([book.tier_ids.get(one.track.tier) for one in main]),
            ],
        )
    moves = [move for one in climbs for move in one.tier_moves()]
    if moves:
        write_tier_changes(book, moves)


_encode = msgspec.json.Encoder().encode


def _write_standings(book: Book, climbs: Sequence[Climb], *, now: datetime) -> None:
    tracks = [one.track for one in climbs]
    ahead = [coming(one.moves or (), now) for one in climbs]
    falls = [
        forecast(track, max(now, track.standing.at), future).falls_at
        for track, future in zip(tracks, ahead, strict=True)
    ]
    turns = [
        min(
            [turn for turn in (next_turn(track), *(m.at for m in future[:1])) if turn], default=None
        )
        for track, future in zip(tracks, ahead, strict=True)
    ]
    with cursor_for(len(climbs)) as cursor:
        cursor.execute(
            """
            INSERT INTO loyalty_ladderstanding (member_id, ladder_id, tier_id, since, valid_until,
                counted, version, state, turns_at)
            SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[],
                %s::timestamptz[], %s::bigint[], %s::int[], %s::jsonb[], %s::timestamptz[])
            ON CONFLICT (member_id, ladder_id) DO UPDATE SET tier_id = excluded.tier_id,
                since = excluded.since, valid_until = excluded.valid_until,
                counted = excluded.counted, version = excluded.version, state = excluded.state,
                turns_at = excluded.turns_at
            """,
            [
                int_array([one.person.id for one in climbs]),
                int_array([one.ladder.id for one in climbs]),
                int_array([book.tier_ids.get(track.tier) for track in tracks]),
                time_array([track.since for track in tracks]),
                time_array(falls),
                int_array([track.counted for track in tracks]),
                int_array([track.version for track in tracks]),
                text_array([_encode(track.standing).decode() for track in tracks]),
                time_array(turns),
            ],
        )


def write_tier_changes(book: Book, moves: Sequence[TierMove]) -> None:
    """Put changes of tier on record, tell who listens, and note them on timelines."""
    with cursor_for(len(moves)) as cursor:
        cursor.execute(
            """
            INSERT INTO loyalty_tierchange
                (member_id, cause, before_id, after_id, qualifying, changed_at, reason)
            SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[],
                %s::bigint[], %s::timestamptz[], %s::text[])
            RETURNING id
            """,
            [
                int_array([move.member_id for move in moves]),
                text_array([move.cause for move in moves]),
                int_array([book.tier_ids.get(move.before) for move in moves]),
                int_array([book.tier_ids.get(move.after) for move in moves]),
                int_array([move.qualifying for move in moves]),
                time_array([move.at for move in moves]),
                text_array([move.reason for move in moves]),
            ],
        )
        ids = tuple(row[0] for row in cursor.fetchall())
    publish(TiersChanged(program_id=book.program_id, tier_change_ids=ids))
    note_on_timeline(
        [
            TimelineNote(
                customer_id=move.customer_id,
                at=move.at,
                kind="loyalty.tier",
                cause=f"member:{move.member_id}:{move.cause}",
                body={"program": book.code, "before": move.before, "after": move.after},
            )
            for move in moves
        ]
    )
