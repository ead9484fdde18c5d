"""Ladders with a memory while a story is told: what counts, and the tier at each moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from regulars.loyalty.rules.replay.stories import Returned
from regulars.loyalty.rules.sales import Sale
from regulars.loyalty.rules.tiers.judging import Move
from regulars.loyalty.rules.tiers.settings import LadderRules
from regulars.loyalty.rules.tiers.tracks import (
    Edition,
    Given,
    Track,
    judge_on,
    needs_history,
    rebuilt,
)


class ToldLadder(NamedTuple):
    """A ladder made ready to run, with the unit that leads up, if one does."""

    code: str
    is_main: bool
    unit: str
    editions: Sequence[Edition]
    remembers_from: datetime

    @property
    def rules(self) -> LadderRules:
        """The rules of the newest version; what counts is the same in all."""
        return self.editions[-1].judge.rules


class Climber:
    """One person on one ladder. The tier is a function of all that counts, whatever its order."""

    __slots__ = (
        "backs", "gifts", "joined_at", "ladder", "moves", "places", "returned", "track", "upto",
    )  # fmt: skip

    def __init__(self, ladder: ToldLadder, joined_at: datetime, gifts: Sequence[Given]) -> None:
        self.ladder = ladder
        self.joined_at = self.upto = joined_at
        self.gifts = gifts
        self.moves: list[Move] = []
        self.track: Track | None = None
        """None where something came that judging on cannot take in."""
        self.places: dict[int, int] = {}
        """By purchase its move."""
        self.returned: dict[int, int] = {}
        """By purchase what came back of its goods, in minor units of money."""
        self.backs: dict[int, list[int]] = {}
        """By purchase the moves of what came back of it."""

    def tier_at(self, at: datetime) -> str:
        """The tier shown at a moment, by what is known so far."""
        if at < self.upto:
            return self._rebuilt([move for move in self.moves if move.at <= at], at).tier
        return self.brought_to(at).tier

    def brought_to(self, at: datetime) -> Track:
        """The track as it is at a moment that is not earlier than any before."""
        self.upto = max(self.upto, at)
        if self.track is None or needs_history(self.track, self.upto):
            self.track = self._rebuilt(self.moves, self.upto)
        else:
            judge_on(self.track, (), self.upto)
        return self.track

    def sell(self, sale: Sale, earned: int) -> None:
        """Count a sale that earned so much of the ladder's unit."""
        basis = self.ladder.rules.basis
        amount = earned
        if basis != "unit":
            amount = sale.total_minor if basis == "spend" else 1
        if amount:
            self.places[sale.purchase_id] = len(self.moves)
            self._add(Move(sale.at, amount, sale.at))

    def grant(self, unit: str, amount: int, at: datetime) -> None:
        """Count points that came, or went, otherwise than by a sale."""
        if self.ladder.rules.basis == "unit" and unit == self.ladder.unit and amount:
            self._add(Move(at, amount, at))

    def take_back(self, step: Returned, taken: int, *, is_last: bool) -> None:
        """Count goods that came back: they took so much of the unit; `is_last` ends the visit."""
        place = self.places.get(step.purchase_id)
        if place is None:
            return
        amount = self._amount_back(step, self.moves[place], taken, is_last=is_last)
        if not amount:
            return
        sold_at, rules = self.moves[place].at, self.ladder.rules
        is_visit = rules.basis == "visits"
        if rules.returns == "undo" or (step.is_undone and not is_visit):
            self._amend(place, -amount, step.at)
        else:
            when = step.at if is_visit else step.returned_at or step.at
            self.backs.setdefault(step.purchase_id, []).append(len(self.moves))
            self._add(Move(max(when, sold_at), -amount, sold_at, "returned"))

    def _amount_back(self, step: Returned, move: Move, taken: int, *, is_last: bool) -> int:
        basis = self.ladder.rules.basis
        if basis == "unit":
            return taken
        if basis == "visits":
            return int(is_last)
        before = self.returned.get(step.purchase_id, 0)
        if step.is_undone:
            for place in self.backs.get(step.purchase_id, ()):
                self.moves[place] = self.moves[place]._replace(amount=0)
            return move.amount
        self.returned[step.purchase_id] = step.returned_minor
        return step.returned_minor - before

    def _add(self, move: Move) -> None:
        track = self.track
        if track is not None and not needs_history(track, move.at):
            judge_on(track, (move,), move.at)
        else:
            self.track = None
        self.moves.append(move)
        self.upto = max(self.upto, move.at)

    def _amend(self, place: int, more: int, at: datetime) -> None:
        """As if the move had been another one from the beginning."""
        move = self.moves[place]
        self.moves[place] = move._replace(amount=move.amount + more)
        self.track, self.upto = None, max(self.upto, at)

    def _rebuilt(self, moves: Sequence[Move], upto: datetime) -> Track:
        done = [move for move in moves if move.amount]
        return rebuilt(self.ladder.editions, self.joined_at, done, upto, given=self.gifts)
