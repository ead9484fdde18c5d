"""What rules remember of a card, told again from what was bought with it and what came back."""

import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from regulars.loyalty.rules.caps import noted
from regulars.loyalty.rules.earning import EarnRule
from regulars.loyalty.rules.history import History
from regulars.loyalty.rules.memory import Memory
from regulars.loyalty.rules.replay.stories import Returned, Story
from regulars.loyalty.rules.sales import Back, Sale, Standing

AROUND = timedelta(minutes=1)
"""A change of rules takes no longer: what is booked meanwhile may have been judged by the old ones."""


class Capped(NamedTuple):
    """An award of a rule that has limits, as it stands on the books."""

    rule_id: int
    amount: int
    at: datetime


class Remembering:
    """Habits of a program that are told again, each with when it was written down: no sale before knows it."""

    def __init__(self, history: History, habits: Sequence[EarnRule], zone: tzinfo) -> None:
        self._history = history
        self._zone = zone
        self._habits = habits
        self._made_at = {rule.id: datetime.fromisoformat(rule.made_at) for rule in habits}

    def told(self, story: Story) -> dict[str, Any]:
        """By code of habit what a card remembers after a story, if it is a person's only one."""
        memory, visits, sold = Memory(), 0, dict[int, Sale]()
        gone: set[int] = set()
        for step in story.steps:
            if isinstance(step, Sale):
                sold[step.purchase_id] = step
                standing = Standing(visits, zone=self._zone, memory=memory)
                for rule in self._known(step, story):
                    deque(rule.mechanic.steps(step, standing, memory.slots(rule.code)), 0)
                visits += 1
            elif isinstance(step, Returned) and step.purchase_id in sold:
                self._forget(memory, step, sold[step.purchase_id].at)
                if step.is_full and step.purchase_id not in gone:
                    gone.add(step.purchase_id)
                    visits -= 1
        return as_kept(memory.own)

    def _known(self, sale: Sale, story: Story) -> list[EarnRule]:
        posted_at = story.posted[sale.purchase_id]
        return [one for one in self._asked(sale.at) if self._made_at[one.id] <= posted_at]

    def _asked(self, at: datetime) -> list[EarnRule]:
        return [rule for rule in self._history.at(at).habits if rule.id in self._made_at]

    def _forget(self, memory: Memory, step: Returned, sold_at: datetime) -> None:
        left = max(step.total_minor - step.returned_minor, 0)
        back = Back(step.purchase_id, left, max(step.total_minor, 1))
        for rule in self._asked(sold_at):
            if rule.code in memory.own:
                deque(rule.mechanic.undone(back, [memory.own[rule.code]]), 0)

    def is_sure(self, story: Story) -> bool:
        """Whether the books say of every sale by which habits it was judged.

        They do not where it was booked while its rules were being changed.
        """
        sales = [step for step in story.steps if isinstance(step, Sale)]
        return not any(
            self._is_between(rule, sale.at, story.posted[sale.purchase_id])
            for sale in sales
            for rule in self._habits
        )

    def _is_between(self, rule: EarnRule, at: datetime, posted_at: datetime) -> bool:
        if rule.in_force_from and at < rule.in_force_from:
            return False
        if rule.in_force_to and at >= rule.in_force_to:
            return posted_at < self._replaced_at(rule, rule.in_force_to) + AROUND
        return abs(posted_at - self._made_at[rule.id]) < AROUND

    def _replaced_at(self, rule: EarnRule, ended_at: datetime) -> datetime:
        """When it was written down that a rule ends: the next version may be in force from earlier on."""
        following = [
            self._made_at[one.id]
            for one in self._habits
            if one.code == rule.code and one.in_force_from == ended_at and one.id != rule.id
        ]
        return max([ended_at, *following])


def caps_remembered(
    rules: Mapping[int, EarnRule], zone: tzinfo, awards: Iterable[Capped]
) -> dict[str, Any]:
    """By code of slot what limits remember after these awards, in the order of the ledger."""
    slots: dict[str, Any] = {}
    for rule_id, amount, at in awards:
        rule = rules[rule_id]
        slot = slots.setdefault(f"cap:{rule.code}", {})
        noted(slot, amount, rule.mechanic.limits, at.astimezone(zone).date())
    return as_kept(slots)


def as_kept(slots: Mapping[str, Any]) -> dict[str, Any]:
    """Slots as they come back from the database, without what is empty.

    >>> as_kept({"row": {"seen": {8: [5]}, "paid": {}}, "other": {"seen": {}}})
    {'row': {'seen': {'8': [5]}}}
    """
    told = {code: _full(slot) for code, slot in json.loads(json.dumps(slots)).items()}
    return {code: slot for code, slot in told.items() if slot}


def _full(slot: Mapping[str, Any]) -> dict[str, Any]:
    return {name: kept for name, kept in slot.items() if kept not in ({}, [])}
