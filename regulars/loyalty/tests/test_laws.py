"""Random histories against books kept apart from the engine: equal after every step.

`REGULARS_HISTORIES` says how many histories are tried; `make soak` tries many more, in parts that each
have books of their own, and says how many operations they were.
"""

import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.core.errors import Refused
from regulars.customers.actions.returns import record_returns
from regulars.customers.models import Customer
from regulars.customers.rules.purchases import ReturnInput, ReturnLineInput
from regulars.loyalty.actions import (
    UnitInput,
    expire_points,
    post_returns,
    redeem_points,
    regroup_everywhere,
    reverse_purchases,
    take_purchases,
    undo_redemption,
)
from regulars.loyalty.actions.adjusting import AdjustmentInput, Asker, adjust_points
from regulars.loyalty.actions.handing import hand_over_points
from regulars.loyalty.actions.holding import capture_hold, hold_points, lapse_holds, release_hold
from regulars.loyalty.models import Hold, Member, Program, Redemption
from regulars.loyalty.queries import audit
from regulars.loyalty.rules.expiry import NEVER, Expiry
from regulars.loyalty.tests.model import Books, Person, Terms
from tests import make

pytestmark = pytest.mark.django_db

HISTORIES_IN_CI = 200
HISTORIES = int(os.environ.get("REGULARS_HISTORIES", HISTORIES_IN_CI))
IS_SOAK = HISTORIES > HISTORIES_IN_CI
PART = 50
"""Histories at most that share their books: each has a program, and what is returned is looked for in all."""
PARTS = -(-HISTORIES // PART)
STEPS, LONG = 12, 30
START = datetime(2026, 1, 20, 12, tzinfo=UTC)
CARDS = ("a", "b", "c")
PIECES = 10
"""Each purchase is one line of so many pieces, so that it can come back piece by piece."""


class Crash(Exception):
    """The process died before it could commit."""


ACTS = {
    "buy": (5, (1, 60), (0, 40)),
    "repeat": (1, (0, 5), (0, 0)),
    "redeem": (3, (1, 80), (0, 5)),
    "undo": (1, (0, 5), (0, 0)),
    "hold": (2, (1, 60), (1, 30)),
    "capture": (1, (0, 5), (1, 60)),
    "release": (1, (0, 5), (0, 0)),
    "give_goods_back": (1, (0, 5), (1, PIECES)),
    "void": (1, (0, 5), (0, 0)),
    "wait": (1, (1, 40), (0, 0)),
    "run_jobs": (1, (0, 0), (0, 0)),
    "merge": (1, (0, 5), (0, 0)),
    "hand_over": (1, (1, 80), (0, 5)),
    "adjust": (1, (1, 80), (0, 3)),
}
"""By kind how often it is picked, and the ends of the two numbers that say more."""

Act = tuple[tuple[str, str, int, int], bool]
"""A kind with its card and numbers, and whether the process dies before it commits at first."""

act = st.one_of(
    st.tuples(st.just(kind), st.sampled_from(CARDS), st.integers(*first), st.integers(*second))
    for kind, (often, first, second) in ACTS.items()
    for _ in range(often)
)


def eventful(seed: int) -> list[Act]:
    """A history far longer than those that are thought up act by act."""
    random = Random(seed)
    often = [often for often, *_ in ACTS.values()]
    picked = random.choices(list(ACTS.items()), often, k=LONG)
    return [
        (
            (kind, random.choice(CARDS), random.randint(*first), random.randint(*second)),
            random.random() < 1 / 3,
        )
        for kind, (_, first, second) in picked
    ]


terms = st.builds(
    Terms,
    returns=st.sampled_from(("keep", "only_pending", "within_balance", "limited", "unlimited")),
    debt_max=st.integers(0, 40),
    pending_days=st.sampled_from((0, 0, 10)),
    lives_months=st.sampled_from((None, 1, 2)),
)


def life_of(told: Terms) -> Expiry:
    months = told.lives_months
    return NEVER if months is None else Expiry(kind="months", months=months)


long_history = st.integers(0, 2**32).map(eventful)
short_history = st.lists(st.tuples(act, st.booleans()), max_size=STEPS)
history = long_history if IS_SOAK else st.one_of(short_history, long_history)
"""The short ones say what failed in the fewest acts; the long ones find more in the same time."""


@pytest.mark.parametrize("part", range(PARTS))
def test_the_books_agree_with_a_model_after_every_step(part: int) -> None:
    before = Story.runs, Story.operations
    told_again()
    histories, operations = Story.runs - before[0], Story.operations - before[1]
    sys.stderr.write(
        f"part {part + 1} of {PARTS}: {histories} histories, {operations} operations\n"
    )
    # Once for all histories: they share the books, and an audit reads all of them. What the
    # database knows of its tables it knows from before.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    assert audit(START + timedelta(days=400)).mismatches == ()


@settings(
    max_examples=min(HISTORIES, PART),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,  # one part's failure is not told again by all that follow
)
@given(terms, history)
def told_again(told: Terms, acts: list[Act]) -> None:
    story = Story(told)
    for (kind, card, first, second), crashes in acts:
        story.step += 1
        perform = getattr(story, kind)(story.able(kind, card), first, second)
        if perform is None:
            continue
        if crashes:
            with pytest.raises(Crash):
                die_before_commit(perform)
        operate(perform)
        story.check()


def die_before_commit(perform: Callable[[], object]) -> None:
    with transaction.atomic():
        operate(perform)
        raise Crash


def operate(perform: Callable[[], object]) -> None:
    Story.operations += 1
    perform()


Perform = Callable[[], object]


MEMBERS = """
    SELECT card.value, member.id, coalesce(member.led_by_id, member.id), member.visits, tier.code
    FROM loyalty_member member
    JOIN customers_identity card ON card.customer_id = member.customer_id AND card.kind = 'card'
    LEFT JOIN loyalty_tier tier ON tier.id = member.tier_id
    WHERE member.program_id = %s
"""
"""Card, member, the one that leads it, visits and tier."""

HELD = """
    SELECT account.member_id, unit.code, account.balance, account.debt
    FROM loyalty_account account JOIN loyalty_unit unit ON unit.id = account.unit_id
    WHERE account.member_id IN (SELECT id FROM loyalty_member WHERE program_id = %s)
"""

LOTS = """
    SELECT account.member_id, lot.activates_at, lot.expires_at, sum(lot.remaining)::bigint
    FROM loyalty_lot lot JOIN loyalty_account account ON account.id = lot.account_id
    WHERE lot.remaining > 0
        AND account.member_id IN (SELECT id FROM loyalty_member WHERE program_id = %s)
    GROUP BY account.member_id, lot.activates_at, lot.expires_at
"""
"""What each has by when it may be used: pieces of one lot may stand side by side."""


Life = tuple[datetime, datetime | None]
"""From when and up to when points may be used."""


def lives_of(person: Person) -> Counter[Life]:
    lives: Counter[Life] = Counter()
    for lot in person.lots:
        if lot["left"]:
            lives[lot["from"], lot["until"]] += lot["left"]
    return lives


class Story:
    """Each act is done by the product and by the model; an act is what may crash and be repeated."""

    runs = 0
    operations = 0
    """What the product was asked to do in all histories, retries and what a crash undid among it."""

    def __init__(self, told: Terms) -> None:
        Story.runs += 1
        self.code = f"laws{Story.runs}"
        self.books = Books(told)
        self.now = START
        self.step = 0
        self.ids: dict[str, int] = {}
        self.sent: dict[str, tuple[str, int, datetime]] = {}
        Program.objects.filter(is_open=True).update(is_open=False)
        self.program = make.program(
            self.code,
            units=(
                UnitInput("points", "P", "spendable", worth_minor=1, expiry=life_of(told)),
                UnitInput("status", "Status", "qualifying"),
            ),
        )
        Program.objects.filter(pk=self.program.pk).update(
            returns=told.returns,
            debt_max=told.debt_max if told.returns == "limited" else None,
            pending="days" if told.pending_days else "none",
            pending_days=told.pending_days,
            handover_max=10**6,
            handover_day_max=10**6,
        )
        for card in CARDS:
            make.customer(card=self.card(card))

    def card(self, card: str) -> str:
        return f"{self.code}-{card}"

    def customer(self, card: str) -> Customer:
        return make.owner_of("card", self.card(card))

    def member(self, card: str) -> Member | None:
        return Member.objects.filter(program__code=self.code, customer=self.customer(card)).first()

    def able(self, kind: str, card: str) -> str:
        """The card, or one that has what the act needs where this one has not."""
        if kind in {"buy", "merge", "wait", "run_jobs"}:
            return card
        needed = {"undo": "spendings", "capture": "holds", "release": "holds"}.get(kind, "sales")
        able = [one for one in CARDS if getattr(self.books.person(one), needed)]
        return card if card in able or not able else able[0]

    def nth(self, names: dict[str, Any], at: int) -> str | None:
        return list(names)[at % len(names)] if names else None

    def buy(self, card: str, units: int, days_late: int) -> Perform:
        number, total = f"{self.code}-{self.step}", units * 100 * PIECES
        at = self.now - timedelta(days=days_late)
        self.books.buy(card, number, total, at)
        self.sent[number] = card, total, at
        return lambda: self.send(number)

    def send(self, number: str) -> None:
        card, total, at = self.sent[number]
        lines = [make.line(total_minor=total, quantity_milli=PIECES * 1_000)]
        entry = make.receipt(number, card=self.card(card), lines=lines, bought_at=at)
        (taken,) = take_purchases([entry], now=self.now)
        assert taken.refused is None
        self.ids[number] = taken.purchase_id

    def repeat(self, card: str, at: int, _: int) -> Perform | None:
        number = self.nth(self.books.person(card).sales, at)
        return None if number is None else lambda: self.send(number)

    def redeem(self, card: str, amount: int, at: int) -> Perform | None:
        key = f"{self.code}-{self.step}"
        sale = self.nth(self.books.person(card).sales, at) if at else ""
        if (member := self.member(card)) is None:
            return None
        accepted = self.books.redeem(card, key, amount, self.now, sale=sale)

        def spend() -> None:
            redeem_points(member, amount, key=key, now=self.now, purchase_id=self.ids.get(sale))

        return self.twice(spend, accepted=accepted)

    def twice(self, perform: Callable[[], object], *, accepted: bool) -> Perform:
        """An act whose repeat changes nothing; or one that is refused."""

        def once() -> None:
            if accepted:
                perform()
            else:
                with pytest.raises(Refused), transaction.atomic():
                    perform()

        def both() -> None:
            once()
            operate(once)

        return both

    def undo(self, card: str, at: int, _: int) -> Perform | None:
        key = self.nth(self.books.person(card).spendings, at)
        if key is None:
            return None
        self.books.undo(card, key, self.now)
        return lambda: undo_redemption(Redemption.objects.get(key=key), now=self.now, within=None)

    def hold(self, card: str, amount: int, days: int) -> Perform | None:
        key, ends_at = f"{self.code}-{self.step}", self.now + timedelta(days=days)
        if (member := self.member(card)) is None:
            return None
        accepted = self.books.set_aside(card, key, amount, ends_at=ends_at, now=self.now)

        def set_aside() -> None:
            hold_points(member, amount, key=key, ends_at=ends_at, now=self.now)

        return self.twice(set_aside, accepted=accepted)

    def hand_over(self, card: str, amount: int, at: int) -> Perform | None:
        other, key = CARDS[at % len(CARDS)], f"{self.code}-{self.step}"
        giver, taker = self.member(card), self.member(other)
        if giver is None or taker is None:
            return None
        accepted = self.books.hand_over(card, other, amount, self.now)

        def give() -> None:
            hand_over_points(giver, taker, amount, key=key, now=self.now)

        return self.twice(give, accepted=accepted)

    def adjust(self, card: str, amount: int, how: int) -> Perform | None:
        if (member := self.member(card)) is None:
            return None
        unit, amount = ("points", "status")[how // 2], (amount, -amount)[how % 2]
        tried = self.books.adjust if unit == "points" else self.books.adjust_status
        accepted = tried(card, amount, self.now)
        key = f"{self.code}-{self.step}"
        asked = AdjustmentInput(key, member.pk, unit, amount, "goodwill")

        def adjust() -> None:
            program = Program.objects.get(pk=self.program.pk)
            (made,) = adjust_points(program, [asked], asker=Asker(), now=self.now)
            assert isinstance(made, Refused) != accepted

        return self.twice(adjust, accepted=True)

    def capture(self, card: str, at: int, amount: int) -> Perform | None:
        holds = self.books.person(card).holds
        key = self.nth(holds, at)
        if key is None or holds[key].outcome == "captured":
            return None
        accepted = self.books.capture(card, key, amount, self.now)

        def spend() -> None:
            capture_hold(Hold.objects.get(key=key), amount=amount, now=self.now)

        return self.twice(spend, accepted=accepted)

    def release(self, card: str, at: int, _: int) -> Perform | None:
        key = self.nth(self.books.person(card).holds, at)
        if key is None:
            return None
        accepted = self.books.release(card, key, self.now)
        return self.twice(
            lambda: release_hold(Hold.objects.get(key=key), now=self.now), accepted=accepted
        )

    def give_goods_back(self, card: str, at: int, pieces: int) -> Perform | None:
        person = self.books.person(card)
        number = self.nth(person.sales, at)
        if number is None:
            return None
        sale = person.sales[number]
        left = (sale.total - sale.back) * PIECES // sale.total
        if not (pieces := min(pieces, left)):
            return None
        self.books.give_goods_back(card, number, sale.total * pieces // PIECES, self.now)
        name, now = f"{self.code}-{self.step}", self.now

        def bring() -> None:
            told = ReturnInput(
                "till", name, "till", number, now, (ReturnLineInput(1, pieces * 1_000),)
            )
            (returned,) = record_returns([told], now=now)
            assert returned.refused is None
            post_returns(return_ids=[returned.return_id], now=now)

        return self.twice(bring, accepted=True)

    def void(self, card: str, at: int, _: int) -> Perform | None:
        number = self.nth(self.books.person(card).sales, at)
        if number is None:
            return None
        self.books.void(card, number, self.now)
        cause = f"void {self.step}"
        return lambda: reverse_purchases([self.ids[number]], cause, now=self.now)

    def wait(self, _: str, days: int, __: int) -> None:
        self.now += timedelta(days=days)

    def run_jobs(self, *_: object) -> Perform:
        for person in {id(one): one for one in self.books.people.values()}.values():
            self.books.lapse(person, self.now)
        self.books.expire(self.now)

        def run() -> None:
            lapse_holds(now=self.now)
            expire_points(now=self.now)

        return run

    def merge(self, card: str, at: int, _: int) -> Perform | None:
        other = CARDS[at % len(CARDS)]
        people = self.books.person(card), self.books.person(other)
        if people[0] is people[1]:
            return None
        self.books.merge(card, other, self.now)

        def join() -> None:
            one, two = self.customer(card), self.customer(other)
            cause = f"merging:{make.merged(one, two, now=self.now)[-1]}"
            regroup_everywhere([one.pk, two.pk], cause=cause, now=self.now)

        return join

    def check(self) -> None:
        members = {row[0]: row for row in self.read(MEMBERS)}
        held = {(owner, unit): (left, owed) for owner, unit, left, owed in self.read(HELD)}
        lots: dict[int, Counter[Life]] = defaultdict(Counter)
        for owner, begins_at, ends_at, left in self.read(LOTS):
            lots[owner][begins_at, ends_at] = left
        by_id = {row[1]: row for row in members.values()}
        for card in CARDS:
            person = self.books.person(card)
            if (member := members.get(self.card(card))) is None:
                continue
            lead = member[2]
            assert held[lead, "points"] == (person.balance, person.debt)
            assert held[lead, "status"] == (person.status, 0)
            assert lots[lead] == lives_of(person)
            tier = "gold" if person.status >= 500 else "silver" if person.status >= 100 else None
            assert by_id[lead][4] == tier
            assert sum(row[3] for row in by_id.values() if row[2] == lead) == person.visits

    def read(self, sql: str) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, [self.program.pk])
            return cursor.fetchall()
