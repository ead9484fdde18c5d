"""Random histories against a small model in memory: the laws of the ledger, step by step."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.core.errors import Refused
from regulars.loyalty.actions import (
    redeem_points,
    reverse_purchases,
    take_purchases,
    undo_redemption,
)
from regulars.loyalty.models import Account, Lot, Member, Redemption, Transfer
from regulars.loyalty.queries import audit
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
CARDS = ("a", "b")


@dataclass
class Known:
    """What the model remembers of one member: lots by purchase, oldest first, and spending."""

    lots: dict[str, int] = field(default_factory=dict)
    earned: dict[str, int] = field(default_factory=dict)
    status: int = 0
    spent: dict[str, dict[str, int]] = field(default_factory=dict)

    def take(self, amount: int, *, first: str = "") -> dict[str, int]:
        taken = {}
        for lot in sorted(self.lots, key=lambda name: name != first):
            part = min(self.lots[lot], amount)
            if part:
                taken[lot] = part
                self.lots[lot] -= part
                amount -= part
        return taken

    @property
    def points(self) -> int:
        return sum(self.lots.values())


act = st.one_of(
    st.tuples(st.just("buy"), st.sampled_from(CARDS), st.integers(0, 40_000)),
    st.tuples(st.just("repeat"), st.sampled_from(CARDS), st.integers(0, 9)),
    st.tuples(st.just("redeem"), st.sampled_from(CARDS), st.integers(1, 300)),
    st.tuples(st.just("undo"), st.sampled_from(CARDS), st.integers(0, 9)),
    st.tuples(st.just("reverse"), st.sampled_from(CARDS), st.integers(0, 9)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(act, max_size=14))
def test_the_books_agree_with_a_model_after_every_step(acts: list[tuple[str, str, int]]) -> None:
    story = Story()
    for step, (kind, card, number) in enumerate(acts):
        getattr(story, kind)(card, number, step)
        story.check()
    assert audit(NOW).mismatches == ()
    assert zero_sum()


def zero_sum() -> bool:
    """Law 1: what left all accounts came into others."""
    return all(transfer.amount > 0 for transfer in Transfer.objects.all())


class Story:
    """Each act is done twice over: by the product and by the model."""

    runs = 0

    def __init__(self) -> None:
        Story.runs += 1
        self.code = f"laws{Story.runs}"
        make.program(self.code)
        self.known = {card: Known() for card in CARDS}
        self.totals: dict[str, int] = {}
        self.ids: dict[str, int] = {}
        for other in make.Program.objects.exclude(code=self.code):
            make.Program.objects.filter(pk=other.pk).update(is_open=False)

    def card(self, card: str) -> str:
        return f"{self.code}-{card}"

    def member(self, card: str) -> Member | None:
        rows = Member.objects.filter(program__code=self.code)
        numbers = {m.pk: m for m in rows}
        for member in numbers.values():
            if make.Identity.objects.filter(
                value=self.card(card), customer=member.customer_id
            ).exists():
                return member
        return None

    def send(self, card: str, number: str, at: int) -> int:
        lines = [make.line(total_minor=self.totals[number])]
        when = NOW - timedelta(days=1) + timedelta(minutes=at)
        entry = make.receipt(number, card=self.card(card), lines=lines, bought_at=when)
        (taken,) = take_purchases([entry], now=NOW)
        assert taken.refused is None
        return taken.purchase_id

    def buy(self, card: str, total: int, step: int) -> None:
        number = f"{self.code}-{card}-{step}"
        self.totals[number] = total
        self.ids[number] = self.send(card, number, step)
        known = self.known[card]
        known.earned[number] = known.lots[number] = total // 100
        known.status += total // 100

    def repeat(self, card: str, at: int, step: int) -> None:
        numbers = list(self.known[card].earned)
        if at < len(numbers):
            number = numbers[at]
            assert self.send(card, number, int(number.rpartition("-")[2])) == self.ids[number]

    def redeem(self, card: str, amount: int, step: int) -> None:
        member, known = self.member(card), self.known[card]
        if member is None:
            return
        key = f"{self.code}-{step}"
        if amount > known.points:
            with pytest.raises(Refused):
                redeem_points(member, amount, key=key, now=NOW)
            return
        for _ in range(2):
            redeem_points(member, amount, key=key, now=NOW)
        known.spent[key] = known.take(amount)

    def undo(self, card: str, at: int, step: int) -> None:
        known = self.known[card]
        if at < len(known.spent):
            key = list(known.spent)[at]
            undo_redemption(Redemption.objects.get(key=key), now=NOW)
            for lot, amount in known.spent[key].items():
                known.lots[lot] += amount
            known.spent[key] = {}

    def reverse(self, card: str, at: int, step: int) -> None:
        known = self.known[card]
        if at < len(known.earned):
            number = list(known.earned)[at]
            reverse_purchases([self.ids[number]], f"undo {step}", now=NOW)
            due, known.earned[number] = known.earned[number], 0
            known.take(min(due, known.points), first=number)
            known.status -= due

    def check(self) -> None:
        for card, known in self.known.items():
            if (member := self.member(card)) is None:
                assert not known.earned
                continue
            held = dict(Account.objects.filter(member=member).values_list("unit__code", "balance"))
            assert held == {"points": known.points, "status": known.status}
            lots = Lot.objects.filter(account__member=member, remaining__gt=0)
            parts = sorted(lots.values_list("remaining", flat=True))
            assert parts == sorted(part for part in known.lots.values() if part)
            tier = "gold" if known.status >= 500 else "silver" if known.status >= 100 else ""
            assert (member.tier.code if member.tier else "") == tier
