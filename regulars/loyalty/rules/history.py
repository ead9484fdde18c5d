"""History: which rules are in force at a moment, as they are replaced in the course of time."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime

from regulars.loyalty.rules.earning import EarnRule, RuleBook, Stacking


def in_force(rules: Sequence[EarnRule], at: datetime) -> list[EarnRule]:
    """The rules whose half-open span of force holds the moment."""
    return [
        rule
        for rule in rules
        if (rule.in_force_from is None or rule.in_force_from <= at)
        and (rule.in_force_to is None or at < rule.in_force_to)
    ]


class History:
    """A rule book for each moment, as rules come into force and are replaced."""

    def __init__(self, rules: Sequence[EarnRule], *, stacking: Stacking = "all") -> None:
        self._rules = rules
        self._stacking: Stacking = stacking
        bounds = {rule.in_force_from for rule in rules} | {rule.in_force_to for rule in rules}
        self._bounds = sorted(bound for bound in bounds if bound is not None)
        self._books: list[RuleBook | None] = [None] * (len(self._bounds) + 1)
        """The book of each span between two bounds, made when it is first asked for."""
        self._needs: dict[tuple[int, ...], frozenset[str]] = {}

    @property
    def rules(self) -> Sequence[EarnRule]:
        """All rules that ever were in force."""
        return self._rules

    def within(self, first: datetime, last: datetime) -> list[EarnRule]:
        """The rules in force at some moment of a span, both ends included."""
        return [
            rule
            for rule in self._rules
            if (rule.in_force_from is None or rule.in_force_from <= last)
            and (rule.in_force_to is None or first < rule.in_force_to)
        ]

    def needs(self, first: datetime, last: datetime) -> frozenset[str]:
        """What the rules in force in a span need to know beside the sale itself."""
        rules = self.within(first, last)
        ids = tuple([rule.id for rule in rules])
        if ids not in self._needs:
            self._needs[ids] = frozenset().union(*(rule.mechanic.needs for rule in rules))
        return self._needs[ids]

    def at(self, moment: datetime) -> RuleBook:
        """The rule book in force at a moment."""
        place = bisect_right(self._bounds, moment)
        book = self._books[place]
        if book is None:
            rules = in_force(self._rules, moment)
            book = self._books[place] = RuleBook(rules, stacking=self._stacking)
        return book
