"""A member on a ladder: all versions of its rules, tiers given by hand, what will be when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from regulars.loyalty.rules.tiers.judging import Change, Judge, Move, Standing

LOOK_AHEAD = timedelta(days=3660)
"""How far a forecast looks; a tier that lasts longer has no end."""


class Edition(NamedTuple):
    """A version of a ladder, from a moment on; the first one holds for all that was before."""

    in_force_from: datetime
    judge: Judge


class Given(NamedTuple):
    """A tier given by hand for a span of time; it lifts a member and never lowers one."""

    tier: str
    since: datetime
    to: datetime | None = None
    reason: str = "given"


class Forecast(NamedTuple):
    """What is ahead of a member who does nothing more, and what more would bring.

    `missing` leads to `next_tier`, by `next_by` where a period ends; `to_keep` more is needed by
    `keep_by` to keep the tier. `falls_at` is the first moment the tier would be lost.
    """

    next_tier: str = ""
    missing: int = 0
    next_by: datetime | None = None
    to_keep: int = 0
    keep_by: datetime | None = None
    falls_at: datetime | None = None
    falls_to: str = ""


@dataclass(slots=True)
class Track:
    """One member on one ladder, judged up to a moment; the tier shown is the higher of two.

    `given` are tiers given by hand. `changes` are those of the tier shown, since judging began.
    """

    editions: Sequence[Edition]
    standing: Standing
    given: Sequence[Given] = ()
    tier: str = ""
    since: datetime | None = None
    version: int = 0
    changes: list[Change] = field(default_factory=list)

    @property
    def judge(self) -> Judge:
        """The version of the ladder that this has been judged by last."""
        return self.editions[self.version].judge

    @property
    def counted(self) -> int:
        """What counts for the ladder now."""
        return self.judge.value(self.standing)


def begun(
    editions: Sequence[Edition], joined_at: datetime, at: datetime, given: Sequence[Given] = ()
) -> Track:
    """A member who has done nothing yet; the first version of the ladder is that of the moment."""
    version = _version_at(editions, at)
    standing = editions[version].judge.beginning(joined_at, at)
    track = Track(editions, standing, given, version=version)
    track.tier = track.judge.ladder.higher(standing.tier, _given_tier(track, at))
    if track.tier:
        track.changes, track.since = [Change(at, "", track.tier, 0, "joined")], at
    return track


def rebuilt(
    editions: Sequence[Edition],
    joined_at: datetime,
    moves: Iterable[Move],
    upto: datetime,
    *,
    given: Sequence[Given] = (),
) -> Track:
    """A member judged from the first day on, by all that was done.

    Things of the same moment count in the order told; otherwise the order is no matter.
    """
    ordered = sorted(moves, key=lambda move: move.at)
    start = min([joined_at, *(move.at for move in ordered[:1])])
    track = begun(editions, joined_at, start, given)
    judge_on(track, ordered, upto, seen=ordered)
    return track


def judge_on(
    track: Track, moves: Sequence[Move], upto: datetime, *, seen: Sequence[Move] = ()
) -> None:
    """Go on judging up to a moment; `moves` are sorted and none is earlier than judged so far.

    Where another version of the ladder comes into force on the way, `seen` must be all moves.
    """
    changes: list[Change] = []
    begun_at = track.standing.at
    place = 0
    if track.version == len(track.editions) - 1:
        _show(track, begun_at, track.judge.judge(track.standing, moves, upto), upto=upto)
        return
    for version in range(track.version + 1, len(track.editions)):
        edition = track.editions[version]
        if edition.in_force_from > upto:
            break
        rest = [move for move in moves[place:] if move.at < edition.in_force_from]
        place += len(rest)
        changes += track.judge.judge(track.standing, rest, edition.in_force_from)
        earlier = [move for move in seen if move.at < edition.in_force_from]
        changes += edition.judge.adopt(track.standing, earlier, edition.in_force_from)
        track.version = version
    changes += track.judge.judge(track.standing, moves[place:], upto)
    _show(track, begun_at, changes, upto=upto)


def needs_history(track: Track, at: datetime) -> bool:
    """Whether judging on with something of that moment takes all that was done before."""
    return at < track.standing.at or _version_at(track.editions, at) != track.version


def forecast(track: Track, now: datetime, future: Sequence[Move] = ()) -> Forecast:
    """What is ahead of a member judged up to now; `future` is what is known to come by itself."""
    ladder, judge = track.judge.ladder, track.judge
    rank = ladder.rank(track.tier)
    above = ladder.steps[rank + 1] if rank + 1 < len(ladder.steps) else None
    missing = max(above.qualifying_min - track.counted, 0) if above else 0
    fall = _first_fall(track, now, future)
    to_keep, keep_by = _to_keep(track, fall)
    return Forecast(
        next_tier=above.code if above else "",
        missing=missing,
        next_by=track.standing.window_to if above and judge.rises_by_period else None,
        to_keep=to_keep,
        keep_by=keep_by,
        falls_at=fall.at if fall else None,
        falls_to=fall.after if fall else "",
    )


def _to_keep(track: Track, fall: Change | None) -> tuple[int, datetime | None]:
    """What is missing to keep the tier, and by when; 0 where it is kept or ends by itself."""
    step = track.judge.ladder.step(track.tier)
    if fall is None or step is None or fall.reason == "given_ended":
        return 0, None
    standing = track.standing
    if track.judge.rules.falls == "at_once":
        return max(step.keeping - fall.counted, 0), fall.at
    if standing.falls_at is not None:
        return standing.short, standing.falls_at
    missing = max(step.keeping - standing.tally, 0)
    if not missing or not _ends_with(track, standing.window_to, fall):
        return 0, None
    return missing, standing.window_to


def _ends_with(track: Track, window_to: datetime | None, fall: Change) -> bool:
    """Whether it is the end of this period that brings the fall: not where a tier holds longer."""
    if window_to is None:
        return False
    return fall.at == track.judge.periods.graced_until(window_to)


def _first_fall(track: Track, now: datetime, future: Sequence[Move]) -> Change | None:
    ladder = track.judge.ladder
    step = ladder.step(track.tier)
    if step is None or not (_given_tier(track, now) or _may_fall(track, future)):
        return None
    ahead = Track(
        track.editions[: track.version + 1],
        track.standing.copy(),
        track.given,
        tier=track.tier,
        since=track.since,
        version=track.version,
    )
    coming = iter([move for move in future if move.at > now])
    move = next(coming, None)
    while (turn := _next_turn(ahead, move)) is not None and turn <= now + LOOK_AHEAD:
        moves = []
        while move is not None and move.at <= turn:
            moves.append(move)
            move = next(coming, None)
        judge_on(ahead, moves, turn)
        for change in ahead.changes:
            if ladder.rank(change.after) < ladder.rank(change.before):
                return change
    return None


def _may_fall(track: Track, future: Sequence[Move]) -> bool:
    """Whether time alone can take the tier away: not where nothing that counts ever leaves."""
    judge, standing = track.judge, track.standing
    step = judge.ladder.step(track.tier)
    if judge.rules.downgrade == "never" or step is None or step.keeping <= 0:
        return False
    stays = not (judge.has_window or standing.recent or future or standing.falls_at)
    return not (stays and standing.tally >= step.keeping)


def next_turn(track: Track) -> datetime | None:
    """The next moment at which the clock alone may change something on this track."""
    later = [edition.in_force_from for edition in track.editions[track.version + 1 :][:1]]
    turns = [_next_turn(track, None), *later]
    return min((turn for turn in turns if turn is not None), default=None)


def _next_turn(track: Track, move: Move | None) -> datetime | None:
    at = track.standing.at
    turns = [track.judge.next_turn(track.standing), move.at if move else None]
    turns += [
        moment
        for one in track.given
        for moment in (one.since, one.to)
        if moment is not None and moment > at
    ]
    return min((turn for turn in turns if turn is not None), default=None)


def _version_at(editions: Sequence[Edition], at: datetime) -> int:
    if len(editions) == 1:
        return 0
    later = [n for n, edition in enumerate(editions) if n and edition.in_force_from <= at]
    return later[-1] if later else 0


def _given_tier(track: Track, at: datetime) -> str:
    tier = ""
    for one in track.given:
        if one.since <= at and (one.to is None or at < one.to):
            tier = track.judge.ladder.higher(tier, one.tier)
    return tier if track.judge.ladder.rank(tier) >= 0 else ""


def _show(track: Track, begun_at: datetime, changes: Sequence[Change], *, upto: datetime) -> None:
    """Bring the tier shown, and its changes, in line with what was judged and what was given."""
    if not track.given:
        track.changes += changes
        if changes:
            track.since = changes[-1].at
        track.tier = track.standing.tier
        return
    earned = changes[0].before if changes else track.standing.tier
    told: list[tuple[datetime, int, Change | Given]] = [(one.at, 0, one) for one in changes]
    told += [
        (at, 1, one)
        for one in track.given
        for at in (one.since, one.to)
        if at is not None and begun_at <= at <= upto
    ]
    for at, _, one in sorted(told, key=lambda row: row[:2]):
        is_change = isinstance(one, Change)
        earned = one.after if isinstance(one, Change) else earned
        shown = track.judge.ladder.higher(earned, _given_tier(track, at))
        reason = one.reason
        if not is_change and isinstance(one, Given) and at == one.to:
            reason = "given_ended"
        if shown != track.tier:
            counted = one.counted if isinstance(one, Change) else 0
            track.changes.append(Change(at, track.tier, shown, counted, reason))
            track.tier, track.since = shown, at
